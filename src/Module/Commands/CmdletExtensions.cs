using System.Diagnostics.CodeAnalysis;
using System.Management.Automation;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Commands;

/// <summary>What several cmdlets do alike.</summary>
internal static class CmdletExtensions
{
    private static readonly TimeSpan s_longestStop = TimeSpan.FromSeconds(5);

    /// <summary>Whether there is an error, which is written; where it is not about one item of a pipeline, it ends the cmdlet.</summary>
    public static bool IsRefused(this PSCmdlet cmdlet, ErrorRecord? refusal)
    {
        if (refusal is null)
        {
            return false;
        }

        if (!cmdlet.MyInvocation.ExpectingInput)
        {
            cmdlet.ThrowTerminatingError(refusal);
        }

        cmdlet.WriteError(refusal);
        return true;
    }

    /// <summary>Ends the cmdlet where two parameters that exclude each other are both in use.</summary>
    public static void RefuseTogether(this PSCmdlet cmdlet, bool isFirst, string first, bool isSecond, string second)
    {
        if (isFirst && isSecond)
        {
            cmdlet.ThrowTerminatingError(WsErrors.ParameterConflict(first, second));
        }
    }

    /// <summary>
    /// Writes a warning about what listens to others; where the user has the cmdlet end at it, nothing listens on when it has ended.
    /// </summary>
    [SuppressMessage("Usage", "VSTHRD002", Justification = "What stops has served nobody yet, and needs nothing of this thread.")]
    public static void WarnOrStop(this PSCmdlet cmdlet, IAsyncDisposable listener, string warning)
    {
        try
        {
            cmdlet.WriteWarning(warning);
        }
        catch
        {
            listener.DisposeAsync().AsTask().Wait(s_longestStop);
            throw;
        }
    }

    /// <summary>What of this session has one of the names; a name without wildcards that nothing has is an error.</summary>
    /// <param name="cmdlet">The cmdlet.</param>
    /// <param name="names">The names.</param>
    /// <param name="all">What there is.</param>
    /// <param name="nameOf">The name of one.</param>
    /// <param name="notFound">The error, for a name and the names that there are.</param>
    public static IEnumerable<T> Named<T>(
        this PSCmdlet cmdlet,
        IEnumerable<string> names,
        IReadOnlyCollection<T> all,
        Func<T, string> nameOf,
        Func<string, IEnumerable<string>, ErrorRecord> notFound)
    {
        foreach (string name in names)
        {
            NamePattern pattern = new(name);
            T[] found = [.. all.Where(one => pattern.IsMatch(nameOf(one)))];
            if (found.Length == 0 && !pattern.HasWildcards)
            {
                cmdlet.WriteError(notFound(name, all.Select(nameOf)));
            }

            foreach (T one in found)
            {
                yield return one;
            }
        }
    }

    /// <summary>
    /// What a cmdlet is to stop: the objects, what has one of the names, or all where neither was given. What is not there, such as the
    /// variable of a start that failed, is stopped already: in a finally block an error would take the place of the one that led there.
    /// </summary>
    /// <param name="cmdlet">The cmdlet.</param>
    /// <param name="given">The objects of its parameter; null for none.</param>
    /// <param name="parameter">The name of that parameter; that of the other is Name.</param>
    /// <param name="names">The names; null for none.</param>
    /// <param name="all">What there is.</param>
    /// <param name="nameOf">The name of one.</param>
    /// <param name="notFound">The error, for a name and the names that there are.</param>
    public static IEnumerable<T> ToStop<T>(
        this PSCmdlet cmdlet,
        T?[]? given,
        string parameter,
        string?[]? names,
        IReadOnlyCollection<T> all,
        Func<T, string> nameOf,
        Func<string, IEnumerable<string>, ErrorRecord> notFound)
        where T : class
    {
        if (given is not null)
        {
            return given.OfType<T>();
        }

        if (names is not null)
        {
            return cmdlet.Named(names.OfType<string>(), all, nameOf, notFound);
        }

        InvocationInfo call = cmdlet.MyInvocation;
        bool isNothing = call.ExpectingInput || call.BoundParameters.ContainsKey(parameter) || call.BoundParameters.ContainsKey("Name");
        return isNothing ? [] : all;
    }
}
