namespace MessageWebSockets;

/// <summary>Tells what an HRESULT of this library means, as Windows.Networking.Sockets.WebSocketError does.</summary>
public static class WebSocketError
{
    /// <summary>Gives the status that belongs to an HRESULT.</summary>
    /// <param name="hresult">The <see cref="Exception.HResult"/> of an exception that this library threw.</param>
    /// <returns>
    /// The status; <see cref="WebErrorStatus.Unknown"/> for an HRESULT that is no web error. An HRESULT 0x8019xxxx carries an HTTP
    /// status and gives the member of that number, or where there is none the unexpected-… member of its class.
    /// </returns>
    public static WebErrorStatus GetStatus(int hresult) => hresult switch
    {
        HResults.NameNotResolved => WebErrorStatus.HostNameNotResolved,
        HResults.CannotConnect or HResults.SecureChannel => WebErrorStatus.CannotConnect,
        HResults.Timeout => WebErrorStatus.Timeout,
        HResults.ConnectionAborted => WebErrorStatus.ConnectionAborted,
        HResults.ConnectionReset => WebErrorStatus.ConnectionReset,
        HResults.OperationCanceled => WebErrorStatus.OperationCanceled,
        HResults.InvalidServerResponse => WebErrorStatus.ErrorHttpInvalidServerResponse,
        HResults.CertificateName => WebErrorStatus.CertificateCommonNameIsIncorrect,
        HResults.CertificateDate => WebErrorStatus.CertificateExpired,
        HResults.CertificateAuthority => WebErrorStatus.CertificateIsInvalid,
        HResults.CertificateRevoked => WebErrorStatus.CertificateRevoked,
        // The number alone does not tell a rejection from errors in the certificate; an exception for a rejection states its status.
        HResults.CertificateInvalid => WebErrorStatus.CertificateContainsErrors,
        HResults.RedirectFailed => WebErrorStatus.RedirectFailed,
        HResults.MessageTooLarge => WebErrorStatus.UnexpectedServerError,
        _ when (hresult & unchecked((int)0xFFFF0000)) == HResults.HttpStatusBase => FromHttpStatus(hresult & 0xFFFF),
        _ => WebErrorStatus.Unknown,
    };

    private static WebErrorStatus FromHttpStatus(int status)
    {
        // Below 300 the enumeration counts causes, not HTTP statuses: 0x80190007 is no timeout.
        if (status >= 300 && Enum.IsDefined((WebErrorStatus)status))
        {
            return (WebErrorStatus)status;
        }

        return (status / 100) switch
        {
            3 => WebErrorStatus.UnexpectedRedirection,
            4 => WebErrorStatus.UnexpectedClientError,
            5 => WebErrorStatus.UnexpectedServerError,
            _ => WebErrorStatus.UnexpectedStatusCode,
        };
    }
}
