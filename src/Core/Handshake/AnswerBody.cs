using System.IO.Compression;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;

namespace MessageWebSockets.Handshake;

/// <summary>The beginning of the body of a response that is no connection, read as RFC 9110 section 8 says: coding, then charset.</summary>
internal sealed partial class AnswerBody
{
    private const int MaxBytes = 64 * 1024;
    private const int MostCodings = 3;

    // A decompressor that meets damage gives nothing of the read in which it did.
    private const int PieceBytes = 256;

    // The body only helps a person; a server that is slow with it must not hold the error back.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly string _mediaType;

    private AnswerBody(string text, string mediaType)
    {
        Text = text;
        _mediaType = mediaType;
    }

    /// <summary>The body as text; what is in a coding that nobody here knows is no text.</summary>
    public string Text { get; }

    /// <summary>The whole of it for a person to read; empty for what no person reads.</summary>
    /// <param name="secrets">What is left out where it occurs.</param>
    public string Readable(IEnumerable<string> secrets)
    {
        bool isText = _mediaType.Length == 0
            ? !Text.Contains('\uFFFD', StringComparison.Ordinal) && !Text.Contains('\0', StringComparison.Ordinal)
            : _mediaType.StartsWith("text/", StringComparison.Ordinal) || _mediaType.EndsWith("json", StringComparison.Ordinal)
                || _mediaType.EndsWith("xml", StringComparison.Ordinal);
        return isText ? secrets.Aggregate(Text, static (text, secret) => text.Replace(secret, "...", StringComparison.Ordinal)) : "";
    }

    /// <summary>What of it can stand in a message, on one line.</summary>
    /// <param name="readable">What <see cref="Readable"/> gave.</param>
    public string Words(string readable)
    {
        bool isPage = _mediaType.Contains("html", StringComparison.Ordinal)
            || Text.AsSpan().TrimStart().StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase);
        return PeerText.OneLine(isPage ? PeerText.OfHtml(readable) : readable);
    }

    /// <summary>Reads as much of a body as is kept, and as comes in time.</summary>
    public static async Task<AnswerBody> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        byte[] bytes = await ReadBytesAsync(content, cancellationToken).ConfigureAwait(false);
        string[] type = ValueOf(content, "Content-Type").Split(';', 2, StringSplitOptions.TrimEntries);
        string[] codings = ValueOf(content, "Content-Encoding").Split(
            ',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        byte[]? decoded = codings.Length <= MostCodings ? bytes : null;
        foreach (string coding in codings.Reverse())
        {
            decoded = decoded is null ? null : Decode(decoded, coding.ToLowerInvariant());
        }

        return new AnswerBody(TextOf(decoded ?? [], type.Length > 1 ? type[1] : ""), type[0].ToLowerInvariant());
    }

    private static async Task<byte[]> ReadBytesAsync(HttpContent content, CancellationToken cancellationToken)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        byte[] buffer = new byte[MaxBytes];
        int count = 0;
        try
        {
            using Stream body = await content.ReadAsStreamAsync(patience.Token).ConfigureAwait(false);
            int read;
            do
            {
                read = await body.ReadAsync(buffer.AsMemory(count), patience.Token).ConfigureAwait(false);
                count += read;
            }
            while (read > 0);
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        return buffer[..count];
    }

    // As it came: the framework's typed headers pass over what they cannot read.
    private static string ValueOf(HttpContent content, string name) =>
        content.Headers.NonValidated.TryGetValues(name, out HeaderStringValues values) ? string.Join(", ", values).Trim() : "";

    private static byte[]? Decode(byte[] data, string coding) => coding switch
    {
        "identity" => data,
        "gzip" or "x-gzip" => Decompress(new GZipStream(new MemoryStream(data), CompressionMode.Decompress)),

        // Some servers leave out the zlib header that the coding has (RFC 9110 section 8.4.1.2).
        "deflate" => data is [var first, var second, ..] && (first & 0x0F) == 8 && ((first << 8) + second) % 31 == 0
            ? Decompress(new ZLibStream(new MemoryStream(data), CompressionMode.Decompress))
            : Decompress(new DeflateStream(new MemoryStream(data), CompressionMode.Decompress)),
        "br" => Decompress(new BrotliStream(new MemoryStream(data), CompressionMode.Decompress)),
        _ => null,
    };

    private static byte[] Decompress(Stream stream)
    {
        byte[] buffer = new byte[MaxBytes];
        int count = 0;
        try
        {
            using (stream)
            {
                int read;
                do
                {
                    read = stream.Read(buffer.AsSpan(count, Math.Min(PieceBytes, buffer.Length - count)));
                    count += read;
                }
                while (read > 0);
            }
        }
        catch (Exception e) when (e is IOException or InvalidDataException or InvalidOperationException)
        {
            // Cut short or damaged: what was decompressed before that is kept.
        }

        return buffer[..count];
    }

    private static string TextOf(byte[] bytes, string parameters)
    {
        (Encoding encoding, int mark) = bytes switch
        {
            [0xEF, 0xBB, 0xBF, ..] => (Encoding.UTF8, 3),
            [0xFF, 0xFE, ..] => (Encoding.Unicode, 2),
            [0xFE, 0xFF, ..] => (Encoding.BigEndianUnicode, 2),
            _ => (Charset().Match(parameters) is { Success: true } named ? EncodingOf(named.Groups["name"].Value) : Encoding.UTF8, 0),
        };

        // Not flushed: a character that the limit cut in two is left out.
        char[] characters = new char[encoding.GetMaxCharCount(bytes.Length)];
        encoding.GetDecoder().Convert(bytes.AsSpan(mark), characters, flush: false, out _, out int count, out _);
        return new string(characters, 0, count);
    }

    private static Encoding EncodingOf(string name)
    {
        try
        {
            return CodePagesEncodingProvider.Instance.GetEncoding(name) ?? Encoding.GetEncoding(name);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return Encoding.UTF8;
        }
    }

    [GeneratedRegex(
        "(?:^|;)\\s*charset\\s*=\\s*\"?(?<name>[^\\s\";]+)",
        RegexOptions.IgnoreCase | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Charset();
}
