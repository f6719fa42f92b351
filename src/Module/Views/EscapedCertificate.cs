using System.Management.Automation;
using System.Reflection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets.PowerShell.Views;

/// <summary>
/// Certificates of servers as PowerShell shows them: what a stranger wrote into one must not steer the terminal. They stay what they
/// are; only one whose names need visible escapes gets them, as members of this one object, and no view of other certificates changes.
/// </summary>
internal static class EscapedCertificate
{
    private static readonly MethodInfo s_text = typeof(TerminalText).GetMethod(nameof(TerminalText.OfCertificate))!;

    /// <summary>Makes the certificates of a connection fit to be shown.</summary>
    /// <param name="server">That of the server; null for none.</param>
    /// <param name="intermediates">Those between it and the root.</param>
    public static void Mark(X509Certificate2? server, IEnumerable<X509Certificate2> intermediates)
    {
        foreach (X509Certificate2 certificate in intermediates.Prepend(server).OfType<X509Certificate2>())
        {
            try
            {
                Mark(certificate);
            }
            catch (CryptographicException)
            {
                // A name that cannot be read is shown by nobody; or a probe has disposed of the certificate.
            }
        }
    }

    private static void Mark(X509Certificate2 certificate)
    {
        string subject = certificate.Subject;
        string issuer = certificate.Issuer;
        PSObject shown = PSObject.AsPSObject(certificate);
        if ((IsSafe(subject) && IsSafe(issuer)) || shown.Properties[nameof(X509Certificate2.Subject)] is PSNoteProperty)
        {
            return;
        }

        shown.Members.Add(new PSNoteProperty(nameof(X509Certificate2.Subject), TerminalText.Escape(subject)));
        shown.Members.Add(new PSNoteProperty(nameof(X509Certificate2.Issuer), TerminalText.Escape(issuer)));
        shown.Members.Add(new PSCodeMethod(nameof(ToString), s_text));
        Mark(certificate.SubjectName);
        Mark(certificate.IssuerName);
    }

    private static void Mark(X500DistinguishedName name) => PSObject.AsPSObject(name).Members.Add(
        new PSNoteProperty(nameof(X500DistinguishedName.Name), TerminalText.Escape(name.Name)));

    private static bool IsSafe(string text) => TerminalText.Escape(text) == text;
}
