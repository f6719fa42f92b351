namespace MessageWebSockets;

/// <summary>
/// An estimate of the bandwidth of a connection (Windows.Networking.Sockets.BandwidthStatistics), from the bytes that
/// moved over the connection. All values are 0 before data flowed.
/// </summary>
/// <param name="OutboundBitsPerSecond">The estimated bandwidth of sending, in bits per second.</param>
/// <param name="InboundBitsPerSecond">The estimated bandwidth of receiving, in bits per second.</param>
/// <param name="OutboundBitsPerSecondInstability">How far the estimate of sending varies, in bits per second.</param>
/// <param name="InboundBitsPerSecondInstability">How far the estimate of receiving varies, in bits per second.</param>
/// <param name="OutboundBandwidthPeaked">Whether the estimate of sending no longer grows.</param>
/// <param name="InboundBandwidthPeaked">Whether the estimate of receiving no longer grows.</param>
public readonly record struct BandwidthStatistics(
    ulong OutboundBitsPerSecond,
    ulong InboundBitsPerSecond,
    ulong OutboundBitsPerSecondInstability,
    ulong InboundBitsPerSecondInstability,
    bool OutboundBandwidthPeaked,
    bool InboundBandwidthPeaked);
