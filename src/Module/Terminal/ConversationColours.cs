namespace MessageWebSockets.PowerShell.Terminal;

/// <summary>The control sequences around what needs attention; empty where there is to be no colour.</summary>
/// <param name="Warning">Begins the colour of an end in order.</param>
/// <param name="Failure">Begins the colour of what went wrong.</param>
/// <param name="Reset">Ends a colour.</param>
internal sealed record ConversationColours(string Warning, string Failure, string Reset)
{
    public static readonly ConversationColours None = new("", "", "");
}
