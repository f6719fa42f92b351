using System.Collections;
using System.Collections.Specialized;
using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>A call of a method by JSON-RPC.</summary>
/// <param name="Method">The method.</param>
/// <param name="Params">Its parameters; null for none.</param>
/// <param name="IsNotification">Whether no answer is wanted.</param>
/// <param name="Extras">Further members of the request; null for none.</param>
internal sealed record JsonRpcRequest(string Method, object? Params, bool IsNotification, IDictionary? Extras)
{
    private static readonly string[] OwnMembers = ["jsonrpc", "id", "method", "params"];

    /// <summary>The request that an item of -Batch stands for: the name of a method, or an object with Method, Params and NoReply.</summary>
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
                _ => throw new FormatException($"A request of -Batch has Method, Params and NoReply, and not '{TerminalText.Escape(name)}'."),
            };
        }

        return request.Method.Length > 0
            ? request
            : throw new FormatException("A request of -Batch is the name of a method, or a hashtable with Method, and Params and NoReply where they are wanted.");
    }

    /// <summary>The name of a member that a request has in any case, if further members have one.</summary>
    public static string? Clash(IDictionary extras) =>
        extras.Keys.Cast<object>().Select(static key => key.ToString()!).FirstOrDefault(static name => OwnMembers.Contains(name, StringComparer.Ordinal));

    /// <summary>The object to write as JSON.</summary>
    /// <param name="dialect">How it is written.</param>
    /// <param name="id">Its id; null for none.</param>
    public OrderedDictionary ToObject(JsonRpcDialect dialect, long? id)
    {
        OrderedDictionary request = [];
        if (dialect == JsonRpcDialect.JsonRpc2)
        {
            request["jsonrpc"] = "2.0";
        }

        if (id is not null)
        {
            request["id"] = id;
        }

        request["method"] = Method;
        if (Params is not null)
        {
            request["params"] = Params;
        }

        foreach (DictionaryEntry extra in Extras ?? new Hashtable())
        {
            request[extra.Key.ToString()!] = extra.Value;
        }

        return request;
    }

    private static IEnumerable<(string Name, object? Value)> MembersOf(object? value) => value switch
    {
        null => [],
        IDictionary members => members.Cast<DictionaryEntry>().Select(static member => (member.Key.ToString()!, member.Value)),
        _ => PSObject.AsPSObject(value).Properties.Select(static property => (property.Name, (object?)property.Value)),
    };
}
