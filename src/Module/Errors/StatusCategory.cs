using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Errors;

/// <summary>Of what kind PowerShell takes an error of the library to be.</summary>
internal static class StatusCategory
{
    public static ErrorCategory Of(WebErrorStatus status) => status switch
    {
        >= WebErrorStatus.CertificateCommonNameIsIncorrect and <= WebErrorStatus.CertificateIsInvalid => ErrorCategory.SecurityError,
        WebErrorStatus.Timeout or WebErrorStatus.RequestTimeout or WebErrorStatus.GatewayTimeout => ErrorCategory.OperationTimeout,
        WebErrorStatus.OperationCanceled => ErrorCategory.OperationStopped,
        WebErrorStatus.Unauthorized or WebErrorStatus.ProxyAuthenticationRequired => ErrorCategory.AuthenticationError,
        WebErrorStatus.Forbidden => ErrorCategory.PermissionDenied,
        WebErrorStatus.NotFound or WebErrorStatus.Gone => ErrorCategory.ObjectNotFound,
        WebErrorStatus.ErrorHttpInvalidServerResponse => ErrorCategory.ProtocolError,
        WebErrorStatus.ServiceUnavailable => ErrorCategory.ResourceUnavailable,
        WebErrorStatus.UnexpectedServerError => ErrorCategory.LimitsExceeded,
        >= WebErrorStatus.MultipleChoices => ErrorCategory.InvalidResult,
        _ => ErrorCategory.ConnectionError,
    };
}
