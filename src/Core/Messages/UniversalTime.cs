namespace MessageWebSockets.Messages;

/// <summary>Windows.Foundation.DateTime as it goes over the wire: 100 ns ticks since 1601-01-01 UTC, negative before.</summary>
internal static class UniversalTime
{
    private static readonly long Epoch = new DateTime(1601, 1, 1, 0, 0, 0, DateTimeKind.Utc).Ticks;

    /// <summary>The ticks of a time.</summary>
    internal static long ToTicks(DateTimeOffset time) => time.UtcTicks - Epoch;

    /// <summary>The time in UTC, or null where the ticks lie outside the years 1 to 9999.</summary>
    internal static DateTimeOffset? FromTicks(long ticks) =>
        ticks >= -Epoch && ticks <= DateTime.MaxValue.Ticks - Epoch ? new DateTimeOffset(ticks + Epoch, TimeSpan.Zero) : null;
}
