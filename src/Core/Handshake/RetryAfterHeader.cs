using System.Globalization;
using System.Net.Http;
using System.Net.Http.Headers;

namespace MessageWebSockets.Handshake;

/// <summary>Reads how long a server asks to be left alone (RFC 9110 section 10.2.3).</summary>
internal static class RetryAfterHeader
{
    /// <summary>The longest time that a timer can wait for; a server that asks for more will not be there in any case.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    /// <summary>The time from now on, never negative; null if the response has none that can be read.</summary>
    public static TimeSpan? Of(HttpResponseMessage response, DateTimeOffset now)
    {
        if (!response.Headers.NonValidated.TryGetValues("Retry-After", out HeaderStringValues values) || values.Count == 0)
        {
            return null;
        }

        string value = values.First().Trim();
        if (value.Length > 0 && value.All(char.IsAsciiDigit))
        {
            return double.TryParse(value, CultureInfo.InvariantCulture, out double seconds) && seconds < Longest.TotalSeconds
                ? TimeSpan.FromSeconds(seconds)
                : Longest;
        }

        if (!RetryConditionHeaderValue.TryParse(value, out RetryConditionHeaderValue? condition) || condition.Date is not { } date)
        {
            return null;
        }

        // Counted from the server's own clock, if it tells it: this machine's may be wrong.
        TimeSpan rest = date - (response.Headers.Date ?? now);
        return rest < TimeSpan.Zero ? TimeSpan.Zero : rest > Longest ? Longest : rest;
    }
}
