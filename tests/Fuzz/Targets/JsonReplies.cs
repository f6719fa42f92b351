using System.Text;
using System.Text.Json;
using MessageWebSockets.PowerShell.Messages;

namespace MessageWebSockets.Fuzz.Targets;

/// <summary>What a peer answers a request with, as Invoke-WsRequest finds the reply in it, and the numbering of requests.</summary>
/// <remarks>The first line is the path of the number; the rest is JSON, or not.</remarks>
internal sealed class JsonReplies : FuzzTarget
{
    private const long Number = 7;

    public override string Name => "json-replies";

    public override void Run(ReadOnlySpan<byte> input)
    {
        string path = Encoding.UTF8.GetString(TakeTo(ref input, (byte)'\n'));
        byte[] json = input.ToArray();
        if (JsonMembers.Find(json, "id", "method", "result", "error") is [var id, var method, var result, var error])
        {
            _ = JsonMembers.IsNull(method);
            _ = JsonMembers.IsNumber(id.IsEmpty ? "0"u8.ToArray() : id, Number);
            Require(JsonMembers.AreEqual(id, id), "A value that is not itself.");
            _ = JsonMembers.AreEqual(id, result);
            string said = new JsonRpcReply(result, error).ErrorText();
            Require(!said.Any(char.IsControl), "A control character in an error message.");
        }

        foreach (ReadOnlyMemory<byte> element in JsonMembers.Elements(json) ?? [])
        {
            Require(!element.IsEmpty, "An element without a value.");
            _ = JsonMembers.Find(element, "id");
        }

        if (IdPath.Parse(path) is { } place)
        {
            NumberRequest(place, json);
        }
    }

    private static void NumberRequest(IdPath place, byte[] json)
    {
        string request = Encoding.UTF8.GetString(json);
        string numbered;
        ReadOnlyMemory<byte> id;
        try
        {
            numbered = place.Number(request, Number, out id);
        }
        catch (FormatException)
        {
            return;
        }

        // What was numbered has the number where the reply will have it.
        ReadOnlyMemory<byte>? found = place.Find(Encoding.UTF8.GetBytes(numbered));
        Require(
            found is { } there && JsonMembers.AreEqual(there, id),
            $"The number is not where it belongs in {JsonEncodedText.Encode(numbered)}.");
    }
}
