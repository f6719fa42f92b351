using System.Collections;
using System.Management.Automation;
using System.Net;
using System.Net.WebSockets;
using System.Runtime.InteropServices;
using System.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MessageWebSockets.PowerShell.Completion;
using MessageWebSockets.PowerShell.Connecting;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell;

/// <summary>What it takes to get a connection, as parameters: what every cmdlet that connects has.</summary>
public abstract class HandshakeSettingsCmdlet : WsCmdlet
{
    private X509Certificate2? _clientCertificate;

    /// <summary>The subprotocols to offer, preferred first.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [ArgumentCompleter(typeof(SubProtocolCompleter))]
    public string[]? SubProtocol { get; set; }

    /// <summary>Headers of the handshake request.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    [HeaderTableTransform]
    public IDictionary? Headers { get; set; }

    /// <summary>The User-Agent header.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? UserAgent { get; set; }

    /// <summary>The Origin header, which some servers demand from browsers and others alike.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowEmptyString]
    public string? Origin { get; set; }

    /// <summary>
    /// The cookies to send, and to fill with those the server sets; the Cookies of an Invoke-WebRequest session for example.
    /// </summary>
    [Parameter]
    [ValidateNotNull]
    public CookieContainer? Cookies { get; set; }

    /// <summary>The user name and password.</summary>
    [Parameter]
    [Credential]
    [ValidateNotNull]
    public PSCredential? Credential { get; set; }

    /// <summary>How to authenticate with the first request; without it -Credential waits for the server to ask.</summary>
    [Parameter]
    public WsAuthentication Authentication { get; set; }

    /// <summary>The bearer token.</summary>
    [Parameter]
    [ValidateNotNull]
    public SecureString? Token { get; set; }

    /// <summary>Authenticate as the user of this process.</summary>
    [Parameter]
    public SwitchParameter UseDefaultCredentials { get; set; }

    /// <summary>Send credentials over plain ws:// as well.</summary>
    [Parameter]
    public SwitchParameter AllowUnencryptedAuthentication { get; set; }

    /// <summary>The client certificate, with its private key, or its file.</summary>
    [Parameter]
    [ValidateNotNull]
    [CertificateTransform(IsClient = true)]
    public WsClientCertificate? Certificate { get; set; }

    /// <summary>The PEM file of the key of the client certificate.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? CertificateKey { get; set; }

    /// <summary>The password of the file of the client certificate, or of its key.</summary>
    [Parameter]
    [ValidateNotNull]
    public SecureString? CertificatePassword { get; set; }

    /// <summary>The thumbprint of a client certificate in a personal store.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? CertificateThumbprint { get; set; }

    /// <summary>Accept any server certificate.</summary>
    [Parameter]
    public SwitchParameter SkipCertificateCheck { get; set; }

    /// <summary>The errors of a server certificate to pass over.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public IgnorableCertificateError[]? IgnoreCertificateError { get; set; }

    /// <summary>The roots to trust in place of the system's, for a private certificate authority.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [CertificateTransform]
    public X509Certificate2[]? TrustedRoot { get; set; }

    /// <summary>SHA-256 hashes of acceptable server certificates.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? PinnedCertificateSha256 { get; set; }

    /// <summary>The TLS versions to allow.</summary>
    [Parameter]
    public WsSslProtocol SslProtocol { get; set; }

    /// <summary>The proxy; without it the one of the system or the environment.</summary>
    [Parameter]
    [EndpointTransform]
    [ValidateNotNull]
    public Uri? Proxy { get; set; }

    /// <summary>The user name and password for the proxy.</summary>
    [Parameter]
    [Credential]
    [ValidateNotNull]
    public PSCredential? ProxyCredential { get; set; }

    /// <summary>Use no proxy, whatever the system says.</summary>
    [Parameter]
    public SwitchParameter NoProxy { get; set; }

    /// <summary>The path of a Unix domain socket to connect to.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? UnixSocket { get; set; }

    /// <summary>How many redirects to follow; none by default.</summary>
    [Parameter]
    [ValidateRange(0, 50)]
    public int MaximumRedirection { get; set; }

    /// <summary>Offer compression (permessage-deflate).</summary>
    [Parameter]
    public SwitchParameter Compression { get; set; }

    /// <summary>Whether a subprotocol that cannot be offered is told before the connect, which would tell it too.</summary>
    private protected virtual bool ChecksProtocols => true;

    /// <summary>Refuses parameters that contradict each other.</summary>
    private protected virtual void CheckParameters()
    {
        RefuseTogether(nameof(Proxy), nameof(NoProxy));
        RefuseTogether(nameof(ProxyCredential), nameof(NoProxy));
        RefuseTogether(nameof(Certificate), nameof(CertificateThumbprint));
        RefuseTogether(nameof(Credential), nameof(UseDefaultCredentials));
        RefuseTogether(nameof(Credential), nameof(Token));
        RefuseTogether(nameof(Token), nameof(UseDefaultCredentials));
        if (IsBound(nameof(Headers)) && Headers is null)
        {
            // In an object of a list null is no headers, as an empty cell is; here it is a variable that was never set.
            ThrowTerminatingError(WsErrors.InvalidSetting("-Headers is $null. Leave it out to send no headers.", null));
        }

        if (Authentication == WsAuthentication.Basic && Credential is null)
        {
            ThrowTerminatingError(
                WsErrors.InvalidSetting("-Authentication Basic needs a user name and password: add -Credential.", Authentication));
        }

        if (Authentication == WsAuthentication.Basic && Credential!.UserName.Contains(':', StringComparison.Ordinal))
        {
            ThrowTerminatingError(WsErrors.InvalidSetting(
                "The user name of -Credential has a colon, which -Authentication Basic cannot send: "
                + "the server would take what is behind it for the password (RFC 7617 section 2).",
                Authentication));
        }

        if (Authentication == WsAuthentication.Bearer && Token is null)
        {
            ThrowTerminatingError(WsErrors.InvalidSetting("-Authentication Bearer needs a token: add -Token.", Authentication));
        }

        if (Token is not null && Authentication == WsAuthentication.Basic)
        {
            ThrowTerminatingError(WsErrors.ParameterConflict("Token", "Authentication Basic"));
        }
    }

    /// <summary>Brings the parameters onto a socket; on one the user brought along only those that were given.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="isNew">Whether the user did not bring it along.</param>
    /// <param name="target">Where it is to be connected; null where that is not known.</param>
    /// <returns>What was refused, which may be that of one item of many; null if nothing was.</returns>
    private protected ErrorRecord? Apply(MessageWebSocket socket, bool isNew, Uri? target = null)
    {
        try
        {
            ApplySettings(socket, isNew);
            ApplySecurity(socket);
            if (ChecksProtocols)
            {
                ConnectArguments.CheckedProtocols(socket.Control.SupportedProtocols);
            }
        }
        catch (ArgumentException e)
        {
            return WsErrors.InvalidSetting(LibraryText.WithoutParameterName(e), target is null ? socket : Redaction.Target(target));
        }

        foreach ((string name, string? value) in RequestHeaders())
        {
            if (SetHeader(socket, name, value) is { } refusal)
            {
                return refusal;
            }
        }

        return null;
    }

    /// <summary>Sets a header of a socket; says why where it is refused.</summary>
    internal static ErrorRecord? SetHeader(MessageWebSocket socket, string name, string? value)
    {
        try
        {
            socket.SetRequestHeader(name, value);
            return null;
        }
        catch (ArgumentException e)
        {
            return WsErrors.InvalidHeader(LibraryText.WithoutParameterName(e), name);
        }
    }

    private protected void RefuseTogether(string first, string second)
    {
        if (IsBound(first) && IsBound(second))
        {
            ThrowTerminatingError(WsErrors.ParameterConflict(first, second));
        }
    }

    private protected virtual void ApplySettings(MessageWebSocket socket, bool isNew)
    {
        MessageWebSocketControl control = socket.Control;
        // A table of endpoints leaves cells empty where it has nothing to say.
        Replace(control.SupportedProtocols, SubProtocol?.Where(static name => !string.IsNullOrEmpty(name)));
        When(nameof(MaximumRedirection), () => control.MaximumRedirection = MaximumRedirection);
        When(nameof(Compression), () => control.Compression = Compression ? new WebSocketDeflateOptions() : null);
        When(nameof(Proxy), () => control.Proxy = Proxy);
        When(nameof(ProxyCredential), () => control.ProxyCredential = new ConcealedCredential(ProxyCredential!));
        When(nameof(NoProxy), () => control.UseProxy = !NoProxy);
        When(nameof(UnixSocket), () => control.UnixSocketPath = GetUnresolvedProviderPathFromPSPath(UnixSocket));
        When(nameof(Cookies), () => control.Cookies = Cookies);
    }

    private void ApplySecurity(MessageWebSocket socket)
    {
        MessageWebSocketControl control = socket.Control;
        SocketExtras extras = SocketExtras.Of(socket);
        Replace(control.IgnorableServerCertificateErrors, Ignored());
        Replace(control.PinnedCertificateSha256, PinnedCertificateSha256);
        When(nameof(SslProtocol), () => control.SslProtocols = (SslProtocols)SslProtocol);
        When(nameof(TrustedRoot), () => control.TrustedRoots = [.. TrustedRoot!]);
        if (IsBound(nameof(Certificate)) || IsBound(nameof(CertificateKey)) || IsBound(nameof(CertificatePassword)))
        {
            control.ClientCertificate = LoadCertificate();
        }

        When(nameof(CertificateThumbprint), () => control.ClientCertificate = FindCertificate(CertificateThumbprint!));
        When(nameof(AllowUnencryptedAuthentication), () => extras.AllowsUnencryptedAuthentication = AllowUnencryptedAuthentication);
        extras.CarriesCredentials |= Credential is not null || Token is not null || UseDefaultCredentials;
        if (UseDefaultCredentials)
        {
            control.ServerCredential = CredentialCache.DefaultCredentials;
        }
        else if (Credential is not null && Authentication != WsAuthentication.Basic)
        {
            control.ServerCredential = new ConcealedCredential(Credential);
        }
    }

    private IEnumerable<ChainValidationResult>? Ignored() =>
        (SkipCertificateCheck ? Enum.GetValues<IgnorableCertificateError>() : IgnoreCertificateError)?.Select(
            static error => (ChainValidationResult)error);

    private IEnumerable<KeyValuePair<string, string?>> RequestHeaders()
    {
        foreach (KeyValuePair<string, string?> header in RequestHeaderTable.From(Headers))
        {
            yield return header;
        }

        if (UserAgent is not null)
        {
            yield return new("User-Agent", UserAgent);
        }

        if (!string.IsNullOrEmpty(Origin))
        {
            yield return new("Origin", Origin);
        }

        if (Token is not null)
        {
            yield return new("Authorization", "Bearer " + Reveal(Token));
        }
        else if (Authentication == WsAuthentication.Basic)
        {
            // The name as it is: user@realm is no domain here.
            yield return new(
                "Authorization",
                "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Credential!.UserName}:{Reveal(Credential.Password)}")));
        }
    }

    /// <summary>Puts what was given in place of what a list has, so that a connect can be tried again with the same parameters.</summary>
    private protected static void Replace<T>(IList<T> list, IEnumerable<T>? given)
    {
        if (given is null)
        {
            return;
        }

        list.Clear();
        foreach (T item in given)
        {
            list.Add(item);
        }
    }

    private protected void When(string parameter, Action apply)
    {
        if (IsBound(parameter))
        {
            apply();
        }
    }

    /// <summary>What -Certificate says, read once for all the connections of a cmdlet; null where it is not given.</summary>
    private protected X509Certificate2? LoadCertificate()
    {
        if ((CertificateKey is not null || CertificatePassword is not null) && Certificate is not { IsFile: true })
        {
            ThrowTerminatingError(WsErrors.InvalidSetting(
                "-CertificateKey and -CertificatePassword belong to the file of a client certificate: give it as -Certificate.",
                Certificate));
        }

        try
        {
            string? keyFile = CertificateKey is null ? null : GetUnresolvedProviderPathFromPSPath(CertificateKey);
            return _clientCertificate ??= Certificate?.Load(keyFile, CertificatePassword is null ? null : Reveal(CertificatePassword));
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            ThrowTerminatingError(WsErrors.CertificateUnreadable(e, Certificate!, CertificateKey));
            return null;
        }
    }

    private X509Certificate2 FindCertificate(string thumbprint)
    {
        if (_clientCertificate is not null)
        {
            return _clientCertificate;
        }

        foreach (StoreLocation location in new[] { StoreLocation.CurrentUser, StoreLocation.LocalMachine })
        {
            try
            {
                using X509Store store = new(StoreName.My, location, OpenFlags.ReadOnly | OpenFlags.OpenExistingOnly);
                if (store.Certificates
                    .Find(X509FindType.FindByThumbprint, thumbprint, validOnly: false)
                    .FirstOrDefault(static c => c.HasPrivateKey) is { } found)
                {
                    _clientCertificate = found;
                    return found;
                }
            }
            catch (CryptographicException)
            {
                // Not every system has both stores.
            }
        }

        ThrowTerminatingError(WsErrors.CertificateNotFound(thumbprint));
        return null!;
    }

    private static string Reveal(SecureString secret)
    {
        IntPtr text = Marshal.SecureStringToGlobalAllocUnicode(secret);
        try
        {
            return Marshal.PtrToStringUni(text) ?? "";
        }
        finally
        {
            Marshal.ZeroFreeGlobalAllocUnicode(text);
        }
    }
}
