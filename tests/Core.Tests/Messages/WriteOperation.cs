namespace MessageWebSockets.Tests.Messages;

/// <summary>One value that is written, and the check that the same value is read back.</summary>
public sealed record WriteOperation(string Description, Action<DataWriter> Write, Func<DataReader, bool> ReadsBack)
{
    public override string ToString() => Description;
}
