using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>
/// Completes names of subprotocols: those this session used, without what carries a token, then well-known ones of the IANA registry.
/// </summary>
internal sealed class SubProtocolCompleter : IArgumentCompleter
{
    private static readonly (string Name, string Meaning)[] Registered =
    [
        ("mqtt", "MQTT"),
        ("graphql-transport-ws", "GraphQL over WebSocket"),
        ("graphql-ws", "GraphQL over WebSocket, the older protocol"),
        ("v12.stomp", "STOMP 1.2"),
        ("v11.stomp", "STOMP 1.1"),
        ("v10.stomp", "STOMP 1.0"),
        ("wamp.2.json", "WAMP 2 in JSON"),
        ("wamp.2.msgpack", "WAMP 2 in MessagePack"),
        ("amqp", "AMQP 1.0"),
        ("ocpp1.6", "Open Charge Point Protocol 1.6"),
        ("ocpp2.0.1", "Open Charge Point Protocol 2.0.1"),
        ("sip", "SIP over WebSocket"),
        ("xmpp", "XMPP over WebSocket"),
        ("soap", "SOAP over WebSocket"),
        ("v4.channel.k8s.io", "Kubernetes exec and attach"),
        ("v5.channel.k8s.io", "Kubernetes exec and attach"),
        ("binary.k8s.io", "Kubernetes port forwarding"),
        ("json.webpubsub.azure.v1", "Azure Web PubSub in JSON"),
    ];

    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        return Used()
            .Select(static name => (Name: name, Meaning: "used in this session"))
            .Concat(Registered)
            .DistinctBy(static protocol => protocol.Name)
            .Where(protocol => NamePattern.Begins(protocol.Name, wordToComplete))
            .Select(static protocol =>
                new CompletionResult(protocol.Name, protocol.Name, CompletionResultType.ParameterValue, protocol.Meaning));
    }

    // A token is on the screen once it is completed. What is one behind the name that announces it is one without that name too.
    private static IEnumerable<string> Used()
    {
        (string Name, string Shown)[] used = [.. WsSession.ForCurrentRunspace().Sockets
            .Select(static socket => socket.Control.SupportedProtocols.ToArray())
            .SelectMany(static names => names.Zip(Redaction.Protocols(names)))];
        HashSet<string> secrets = [.. used.Where(static one => one.Shown != one.Name).Select(static one => one.Name)];
        return used.Select(static one => one.Name).Where(name => !secrets.Contains(name));
    }
}
