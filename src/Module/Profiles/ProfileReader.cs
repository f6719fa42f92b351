using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Text.RegularExpressions;
using MessageWebSockets.PowerShell.Messages;

namespace MessageWebSockets.PowerShell.Profiles;

/// <summary>Makes a profile of a table of its properties; what it does not know and what has the wrong type is refused in words.</summary>
internal sealed class ProfileReader
{
    private static readonly string[] s_known =
    [
        "Description", nameof(WsProfile.SubProtocol), nameof(WsProfile.RecordSeparator),
        nameof(WsProfile.ConnectMessages), nameof(WsProfile.ConnectReply), nameof(WsProfile.OnConnected),
        nameof(WsProfile.HeartbeatMessage), nameof(WsProfile.HeartbeatIntervalSeconds),
        nameof(WsProfile.AutoReply), nameof(WsProfile.Ignore), nameof(WsProfile.IdProperty), nameof(WsProfile.Dialect),
    ];

    private readonly Dictionary<string, object> _values = new(StringComparer.OrdinalIgnoreCase);
    private readonly string _what;

    private ProfileReader(IDictionary table, string what)
    {
        _what = what;
        foreach (DictionaryEntry entry in table)
        {
            string key = entry.Key as string ?? throw Wrong($"its key {entry.Key} is no string");
            if (!s_known.Contains(key, StringComparer.OrdinalIgnoreCase))
            {
                throw Wrong(
                    $"it has no property '{TerminalText.Escape(key)}'. "
                    + $"There are {string.Join(", ", s_known.Order(StringComparer.Ordinal))}");
            }

            if (Unwrap(entry.Value) is { } value)
            {
                _values[key] = value;
            }
        }
    }

    /// <summary>The profile of a table.</summary>
    /// <param name="table">The properties.</param>
    /// <param name="name">Its name; empty for none.</param>
    /// <param name="path">The file it is from; null for none.</param>
    /// <exception cref="FormatException">There is something in it that is no profile's; the message says what.</exception>
    public static WsProfile Read(IDictionary table, string name = "", string? path = null) =>
        new ProfileReader(table, path ?? "The profile").Read(name, path);

    private WsProfile Read(string name, string? path)
    {
        PresetMessage? heartbeat = Find(nameof(WsProfile.HeartbeatMessage)) is { } beat
            ? Message(nameof(WsProfile.HeartbeatMessage), beat)
            : null;
        double? interval = Interval();
        if ((heartbeat is null) != (interval is null))
        {
            throw Wrong("HeartbeatMessage and HeartbeatIntervalSeconds go together");
        }

        return new WsProfile
        {
            Name = name,
            Path = path,
            Description = Text("Description"),
            SubProtocol = Texts(nameof(WsProfile.SubProtocol)),
            RecordSeparator = Text(nameof(WsProfile.RecordSeparator), isLonger: true),
            ConnectMessages = ConnectMessages(),
            ConnectReply = Text(nameof(WsProfile.ConnectReply), isLonger: true) is { } reply
                ? Pattern(nameof(WsProfile.ConnectReply), reply).ToString()
                : null,
            OnConnected = Find(nameof(WsProfile.OnConnected)) switch
            {
                null => null,
                ScriptBlock when path is not null =>
                    throw Wrong("a file is data, and OnConnected is a script: it goes into a hashtable, or to -OnConnected"),
                ScriptBlock script => script,
                { } other => throw Wrong(nameof(WsProfile.OnConnected), "a script block", other),
            },
            HeartbeatMessage = heartbeat,
            HeartbeatIntervalSeconds = interval ?? 0,
            AutoReply = Replies(),
            Ignore = Texts(nameof(WsProfile.Ignore)).Select(pattern => Pattern(nameof(WsProfile.Ignore), pattern).ToString()).ToArray(),
            IdProperty = IdProperty(),
            Dialect = Dialect(),
        };
    }

    private static object? Unwrap(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;

    private object? Find(string property) => _values.GetValueOrDefault(property);

    private string? Text(string property, bool isLonger = false) => Find(property) switch
    {
        null => null,
        string { Length: 0 } empty when isLonger => throw Wrong(property, "a string that is not empty", empty),
        string text => text,
        { } other => throw Wrong(property, "a string", other),
    };

    private string[] Texts(string property) =>
        [.. Items(property).Select(item => item as string ?? throw Wrong(property, "a string or several", item))];

    private object[] Items(string property) => Find(property) switch
    {
        null => [],
        IEnumerable many and not (string or IDictionary or byte[]) =>
            [.. many.Cast<object?>().Select(item => Unwrap(item) ?? throw Wrong($"{property} has an item that is $null"))],
        { } one => [one],
    };

    private object[] ConnectMessages() =>
        [.. Items(nameof(WsProfile.ConnectMessages)).Select(item => item is string or byte[] or IDictionary or PSCustomObject or IList
            ? item
            : throw Wrong(nameof(WsProfile.ConnectMessages), "strings, byte arrays or hashtables", item))];

    private PresetMessage Message(string property, object value)
    {
        try
        {
            return value switch
            {
                PresetMessage message => message,
                string text => new PresetMessage(text),
                byte[] bytes => new PresetMessage(bytes),
                IList { Count: > 0 } list when OutgoingMessage.AsBytes(list) is { } bytes => new PresetMessage(bytes),
                _ => throw Wrong(property, "a string or bytes", value),
            };
        }
        catch (ArgumentException e)
        {
            throw Wrong($"{property}: {e.Message}");
        }
    }

    private double? Interval()
    {
        const string Property = nameof(WsProfile.HeartbeatIntervalSeconds);
        double? seconds = Find(Property) switch
        {
            null => null,
            double value => value,
            int value => value,
            long value => value,
            decimal value => (double)value,
            { } other => throw Wrong(Property, "a number of seconds", other),
        };
        return seconds is null or (> 0 and <= int.MaxValue / 1000.0)
            ? seconds
            : throw Wrong(string.Create(
                CultureInfo.InvariantCulture, $"{Property} is {seconds}, and has to be above 0 and at most {int.MaxValue / 1000}"));
    }

    // A table of texts and answers, where a text between slashes is a pattern, or a list of tables that name their parts.
    private AutoReply[] Replies()
    {
        const string Property = nameof(WsProfile.AutoReply);
        return Find(Property) switch
        {
            null => [],
            IDictionary table => [.. table.Cast<DictionaryEntry>()
                .Select(entry => Reply(entry.Key as string ?? throw Wrong(Property, "a string for a key", entry.Key), Unwrap(entry.Value)))
                .OrderBy(static reply => reply.IsPattern)],
            IEnumerable many and not string => [.. many.Cast<object?>().Select(item => Unwrap(item) switch
            {
                AutoReply reply => Checked(reply),
                IDictionary parts => Reply(parts),
                { } other => throw Wrong(Property, "hashtables with Text or Pattern, and Answer", other),
                null => throw Wrong($"{Property} has an item that is $null"),
            })],
            AutoReply reply => [Checked(reply)],
            { } other => throw Wrong(Property, "a hashtable of texts and answers", other),
        };
    }

    private AutoReply Checked(AutoReply reply)
    {
        if (reply.IsPattern)
        {
            Pattern(nameof(WsProfile.AutoReply), reply.Question);
        }

        return reply;
    }

    private AutoReply Reply(string question, object? answer)
    {
        const string Property = nameof(WsProfile.AutoReply);
        PresetMessage message = Message(Property, answer ?? throw Wrong($"{Property} has no answer to '{TerminalText.Escape(question)}'"));
        return question is ['/', .., '/']
            ? new AutoReply(Pattern(Property, question[1..^1]), message)
            : new AutoReply(question, message);
    }

    private AutoReply Reply(IDictionary parts)
    {
        const string Property = nameof(WsProfile.AutoReply);
        if (Unwrap(parts["Answer"]) is not { } answer || parts.Count != 2)
        {
            throw Wrong($"an item of {Property} has Text or Pattern, and Answer");
        }

        return (Unwrap(parts["Text"]), Unwrap(parts["Pattern"])) switch
        {
            (string text, null) => new AutoReply(text, Message(Property, answer)),
            (null, string pattern) => new AutoReply(Pattern(Property, pattern), Message(Property, answer)),
            _ => throw Wrong($"an item of {Property} has Text or Pattern, and Answer"),
        };
    }

    private Regex Pattern(string property, string pattern)
    {
        if (pattern.Length == 0)
        {
            throw Wrong($"{property} has an empty pattern, which is one for every message");
        }

        try
        {
            return new Regex(pattern, RegexOptions.CultureInvariant);
        }
        catch (ArgumentException e)
        {
            throw Wrong($"{property}: {TerminalText.Escape(e.Message)}");
        }
    }

    private string? IdProperty()
    {
        string? path = Text(nameof(WsProfile.IdProperty), isLonger: true);
        return path is null || IdPath.Parse(path) is not null
            ? path
            : throw Wrong(nameof(WsProfile.IdProperty), "a path of member names, such as d.requestId", path);
    }

    private JsonRpcDialect? Dialect() => Find(nameof(WsProfile.Dialect)) switch
    {
        null => null,
        JsonRpcDialect dialect => dialect,
        string text when text.Equals("JsonRpc", StringComparison.OrdinalIgnoreCase) => JsonRpcDialect.JsonRpc2,
        string text when Enum.TryParse(text, ignoreCase: true, out JsonRpcDialect dialect) && Enum.IsDefined(dialect)
            && !char.IsDigit(text[0]) => dialect,
        { } other => throw Wrong(nameof(WsProfile.Dialect), "JsonRpc or DevTools", other),
    };

    private FormatException Wrong(string property, string wanted, object value) =>
        Wrong($"{property} is {wanted}, "
            + $"and not {(value is string text ? $"'{TerminalText.Escape(text)}'" : $"of the type {value.GetType().Name}")}");

    private FormatException Wrong(string why) => new($"{_what} cannot be used: {why.TrimEnd('.')}.");
}
