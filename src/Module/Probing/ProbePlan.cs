using System.Text.RegularExpressions;
using MessageWebSockets.PowerShell.Messages;

namespace MessageWebSockets.PowerShell.Probing;

/// <summary>What a probe does once it is connected, and how long it may take.</summary>
/// <param name="Timeout">The limit of one probe, from the name to the pong.</param>
/// <param name="Greeting">The message to send; null for none.</param>
/// <param name="Expected">What a message has to match; null if none is waited for.</param>
/// <param name="IsDetailed">Whether everything that is known is kept.</param>
internal sealed record ProbePlan(TimeSpan Timeout, OutgoingMessage? Greeting, Regex? Expected, bool IsDetailed);
