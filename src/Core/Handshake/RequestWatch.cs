namespace MessageWebSockets.Handshake;

/// <summary>What is known of the requests on a connection.</summary>
internal sealed class RequestWatch
{
    /// <summary>Whether an answer to the last request has begun.</summary>
    public bool IsAnswered { get; set; }

    /// <summary>Whether an answer to any request has begun.</summary>
    public bool WasAnswered { get; set; }

    /// <summary>Whether no request follows, so that nothing has to be noted any more.</summary>
    public bool IsOver { get; set; }
}
