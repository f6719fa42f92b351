Set-StrictMode -Version Latest

# A session of ConstrainedLanguage runs no method: it gets the cmdlets, and neither $WsSession nor what closes the sockets.
if ($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') {
    Import-Module -Name "$PSScriptRoot/bin/MessageWebSockets.PowerShell.dll"
    Export-ModuleMember -Cmdlet *
    return
}

# Code that was compiled ahead of time loads on its own system and processor and on no other; what is in bin/ itself loads on all.
$system = $IsWindows ? 'win' : $IsMacOS ? 'osx' : 'linux'
$processor = [System.Runtime.InteropServices.RuntimeInformation]::ProcessArchitecture.ToString().ToLowerInvariant()
$assembly = "$PSScriptRoot/bin/$system-$processor/MessageWebSockets.PowerShell.dll"
if (-not [System.IO.File]::Exists($assembly)) {
    $assembly = "$PSScriptRoot/bin/MessageWebSockets.PowerShell.dll"
    if (-not [System.IO.File]::Exists($assembly)) {
        throw "The module in $PSScriptRoot is not built: run ./build.ps1 there, or ./build.sh."
    }
}

# By its type: a session that was made without the commands of PowerShell has no Import-Module, and may have this module.
& ([System.Management.Automation.CmdletInfo]::new('Import-Module', [Microsoft.PowerShell.Commands.ImportModuleCommand])) -Name $assembly

# $WsSession is the user's to overwrite, so what closes the sockets keeps its own reference.
$session = [MessageWebSockets.PowerShell.WsSession]::ForCurrentRunspace()
$WsSession = $session
$ExecutionContext.SessionState.Module.OnRemove = { $session.CloseAll() }

Export-ModuleMember -Cmdlet * -Variable 'WsSession'
