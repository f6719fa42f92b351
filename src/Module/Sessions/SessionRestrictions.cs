using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace MessageWebSockets.PowerShell.Sessions;

/// <summary>
/// What a session may do, for runspaces that run scripts of it: its language mode, the commands it sees, and the programs and scripts
/// it may start. A script in such a runspace may no more than the session it comes from.
/// </summary>
/// <remarks>Looked at once, on the thread of the session; a later restriction of the session changes nothing.</remarks>
internal sealed class SessionRestrictions
{
    private const string Everything = "*";
    private const string AutoLoading = "PSModuleAutoLoadingPreference";
    private const CommandTypes Seen = CommandTypes.Alias | CommandTypes.Function | CommandTypes.Filter | CommandTypes.Cmdlet;

    private readonly PSLanguageMode _languageMode;
    private readonly InitialSessionState? _initial;
    private readonly HashSet<(CommandTypes, string)> _visible = [];
    private readonly string[] _applications;
    private readonly string[] _scripts;
    private readonly object? _autoLoading;

    /// <param name="session">The session.</param>
    /// <param name="runspace">The runspace it is in; the current one of this thread.</param>
    public SessionRestrictions(SessionState session, Runspace runspace)
    {
        _languageMode = session.LanguageMode;
        _applications = [.. session.Applications];
        _scripts = [.. session.Scripts];
        _autoLoading = session.PSVariable.GetValue(AutoLoading);
        bool hidesCommands = false;
        foreach (CommandInfo command in session.InvokeCommand.GetCommands(Everything, Seen, nameIsPattern: true))
        {
            if (command.Visibility == SessionStateEntryVisibility.Public)
            {
                _visible.Add((command.CommandType, command.Name.ToUpperInvariant()));
            }
            else
            {
                hidesCommands = true;
            }
        }

        // A session that was made for a purpose has the commands it was made with, such as functions in place of cmdlets. Others have
        // what every session has, and what its host adds for its user's prompt is no use to a script.
        bool isRestricted = hidesCommands || _languageMode != PSLanguageMode.FullLanguage || !_applications.Contains(Everything)
            || !_scripts.Contains(Everything);
        _initial = isRestricted ? runspace.InitialSessionState?.Clone() : null;
    }

    /// <summary>What a runspace is made of.</summary>
    public InitialSessionState CreateInitial()
    {
        InitialSessionState initial = _initial?.Clone() ?? InitialSessionState.CreateDefault2();
        initial.LanguageMode = _languageMode;
        if (_autoLoading is not null)
        {
            initial.Variables.Add(new SessionStateVariableEntry(AutoLoading, _autoLoading, ""));
        }

        return initial;
    }

    /// <summary>Takes from an open runspace what the session does not have.</summary>
    public void ApplyTo(Runspace runspace)
    {
        SessionStateProxy proxy = runspace.SessionStateProxy;
        foreach (CommandInfo command in proxy.InvokeCommand.GetCommands(Everything, Seen, nameIsPattern: true))
        {
            if (!_visible.Contains((command.CommandType, command.Name.ToUpperInvariant())))
            {
                command.Visibility = SessionStateEntryVisibility.Private;
            }
        }

        Replace(proxy.Applications, _applications);
        Replace(proxy.Scripts, _scripts);
    }

    private static void Replace(List<string> list, string[] content)
    {
        list.Clear();
        list.AddRange(content);
    }
}
