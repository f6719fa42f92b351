namespace MessageWebSockets.Messages;

/// <summary>What an inbox can hold.</summary>
internal interface IInboxItem
{
    /// <summary>The length of the payload in bytes: it takes room.</summary>
    public int Length { get; }

    /// <summary>Somebody is shown it before it is taken, who may keep it. Must not block.</summary>
    public void NoteShown();
}
