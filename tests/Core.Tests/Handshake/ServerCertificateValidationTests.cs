using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

/// <summary>The table of certificate errors in the contract, for what no certificate on the wire can be made to show everywhere.</summary>
public sealed class ServerCertificateValidationTests
{
    [Theory]
    [InlineData(X509ChainStatusFlags.UntrustedRoot, ChainValidationResult.Untrusted, SocketSslErrorSeverity.Ignorable)]
    [InlineData(X509ChainStatusFlags.PartialChain, ChainValidationResult.IncompleteChain, SocketSslErrorSeverity.Ignorable)]
    [InlineData(X509ChainStatusFlags.NotTimeValid, ChainValidationResult.Expired, SocketSslErrorSeverity.Ignorable)]
    [InlineData(X509ChainStatusFlags.Revoked, ChainValidationResult.Revoked, SocketSslErrorSeverity.Fatal)]
    [InlineData(X509ChainStatusFlags.NotSignatureValid, ChainValidationResult.InvalidSignature, SocketSslErrorSeverity.Fatal)]
    [InlineData(X509ChainStatusFlags.NotValidForUsage, ChainValidationResult.WrongUsage, SocketSslErrorSeverity.Ignorable)]
    [InlineData(X509ChainStatusFlags.InvalidBasicConstraints, ChainValidationResult.BasicConstraintsError, SocketSslErrorSeverity.Fatal)]
    [InlineData(
        X509ChainStatusFlags.InvalidPolicyConstraints,
        ChainValidationResult.InvalidCertificateAuthorityPolicy,
        SocketSslErrorSeverity.Fatal)]
    [InlineData(
        X509ChainStatusFlags.NoIssuanceChainPolicy, ChainValidationResult.InvalidCertificateAuthorityPolicy, SocketSslErrorSeverity.Fatal)]
    [InlineData(
        X509ChainStatusFlags.HasNotSupportedCriticalExtension,
        ChainValidationResult.UnknownCriticalExtension,
        SocketSslErrorSeverity.Fatal)]
    [InlineData(
        X509ChainStatusFlags.RevocationStatusUnknown, ChainValidationResult.RevocationInformationMissing, SocketSslErrorSeverity.Ignorable)]
    [InlineData(X509ChainStatusFlags.OfflineRevocation, ChainValidationResult.RevocationFailure, SocketSslErrorSeverity.Ignorable)]
    [InlineData(
        X509ChainStatusFlags.OfflineRevocation | X509ChainStatusFlags.RevocationStatusUnknown,
        ChainValidationResult.RevocationFailure,
        SocketSslErrorSeverity.Ignorable)]
    [InlineData(X509ChainStatusFlags.ExplicitDistrust, ChainValidationResult.OtherErrors, SocketSslErrorSeverity.Fatal)]
    [InlineData(X509ChainStatusFlags.HasWeakSignature, ChainValidationResult.OtherErrors, SocketSslErrorSeverity.Fatal)]
    [InlineData(X509ChainStatusFlags.NoError, ChainValidationResult.OtherErrors, SocketSslErrorSeverity.Fatal)]
    public void ServerCertificateErrors_name_each_chain_error_and_its_severity(
        X509ChainStatusFlags flags, ChainValidationResult error, SocketSslErrorSeverity severity)
    {
        IReadOnlyList<ChainValidationResult> errors = ServerCertificateValidation.ErrorsOf(
            SslPolicyErrors.RemoteCertificateChainErrors, flags);

        Assert.Equal([error], errors);
        Assert.Equal(severity, ServerCertificateValidation.SeverityOf(errors));
    }

    [Fact]
    public void ServerCertificateErrors_name_a_wrong_name_a_missing_certificate_and_none()
    {
        Assert.Equal(
            [ChainValidationResult.InvalidName],
            ServerCertificateValidation.ErrorsOf(SslPolicyErrors.RemoteCertificateNameMismatch, X509ChainStatusFlags.NoError));
        Assert.Equal(
            [ChainValidationResult.OtherErrors],
            ServerCertificateValidation.ErrorsOf(SslPolicyErrors.RemoteCertificateNotAvailable, X509ChainStatusFlags.NoError));
        Assert.Empty(ServerCertificateValidation.ErrorsOf(SslPolicyErrors.None, X509ChainStatusFlags.NoError));
        Assert.Equal(SocketSslErrorSeverity.None, ServerCertificateValidation.SeverityOf([]));
        Assert.Equal(
            SocketSslErrorSeverity.Fatal,
            ServerCertificateValidation.SeverityOf([ChainValidationResult.Untrusted, ChainValidationResult.Revoked]));
    }
}
