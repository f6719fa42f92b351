using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Text;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>A call of a method by JSON-RPC.</summary>
/// <param name="Method">The method.</param>
/// <param name="Params">Its parameters; null for none.</param>
/// <param name="IsNotification">Whether no answer is wanted.</param>
/// <param name="Extras">Further members of the request; null for none.</param>
internal sealed record JsonRpcRequest(string Method, object? Params, bool IsNotification, IDictionary? Extras)
{
    private static readonly string[] OwnMembers = ["jsonrpc", "id", "method", "params"];

    /// <summary>
    /// The request that an item of -Batch stands for: the name of a method, or an object with Method, Params and NoReply.
    /// </summary>
    /// <exception cref="FormatException">It stands for none.</exception>
    public static JsonRpcRequest From(object? item)
    {
        object? value = item is PSObject { BaseObject: not PSCustomObject and var inner } ? inner : item;
        if (value is string { Length: > 0 } method)
        {
            return new JsonRpcRequest(method, null, false, null);
        }

        JsonRpcRequest request = new("", null, false, null);
        foreach ((string name, object? member) in MembersOf(value))
        {
            request = name.ToUpperInvariant() switch
            {
                "METHOD" => request with { Method = member?.ToString() ?? "" },
                "PARAMS" => request with { Params = member },
                "NOREPLY" => request with { IsNotification = LanguagePrimitives.IsTrue(member) },
                _ => throw new FormatException(
                    $"A request of -Batch has Method, Params and NoReply, and not '{TerminalText.Escape(name)}'."),
            };
        }

        return request.Method.Length > 0
            ? request
            : throw new FormatException(
                "A request of -Batch is the name of a method, or a hashtable with Method, and Params and NoReply where they are wanted.");
    }

    /// <summary>The name of a member that a request has in any case, if further members have one.</summary>
    public static string? Clash(IDictionary extras) =>
        extras.Keys.Cast<object>()
            .Select(static key => key.ToString()!).FirstOrDefault(static name => OwnMembers.Contains(name, StringComparer.Ordinal));

    /// <summary>The request as JSON.</summary>
    /// <param name="dialect">How it is written.</param>
    /// <param name="id">Its id; null for none.</param>
    /// <param name="write">Writes a value as JSON.</param>
    public string ToText(JsonRpcDialect dialect, long? id, Func<object?, string> write)
    {
        StringBuilder text = new(dialect == JsonRpcDialect.JsonRpc2 ? """{"jsonrpc":"2.0",""" : "{");
        if (id is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"\"id\":{id},");
        }

        text.Append("\"method\":").Append(write(Method));
        if (Params is not null)
        {
            text.Append(",\"params\":").Append(Structured(write(Params)));
        }

        foreach (DictionaryEntry extra in Extras ?? new Hashtable())
        {
            text.Append(',').Append(write(extra.Key.ToString())).Append(':').Append(write(extra.Value));
        }

        return text.Append('}').ToString();
    }

    // Parameters are an object or an array (JSON-RPC 2.0 section 4.2): a value that is neither is the only one by position.
    private static string Structured(string json) => json[0] is '{' or '[' ? json : $"[{json}]";

    private static IEnumerable<(string Name, object? Value)> MembersOf(object? value) => value switch
    {
        null => [],
        IDictionary members => members.Cast<DictionaryEntry>().Select(static member => (member.Key.ToString()!, member.Value)),
        _ => PSObject.AsPSObject(value).Properties.Select(static property => (property.Name, (object?)property.Value)),
    };
}
