namespace MessageWebSockets.Messages;

/// <summary>What an inbox can hold: something that takes room.</summary>
internal interface ISized
{
    /// <summary>The length of the payload in bytes.</summary>
    public int Length { get; }
}
