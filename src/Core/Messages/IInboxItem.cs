namespace MessageWebSockets.Messages;

/// <summary>What an inbox can hold.</summary>
internal interface IInboxItem
{
    /// <summary>The length of the payload in bytes: it takes room.</summary>
    public int Length { get; }

    /// <summary>Told before somebody looks at it who does not take it, and may keep it all the same. Called in a lock.</summary>
    public void NoteShown();
}
