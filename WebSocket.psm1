Set-StrictMode -Version Latest

# .NET methods in place of Join-Path and Test-Path: those would load Microsoft.PowerShell.Management, which takes longer than
# everything else here.
$binaryPath = [System.IO.Path]::Combine($PSScriptRoot, 'bin', 'MessageWebSockets.PowerShell.dll')
if (-not [System.IO.File]::Exists($binaryPath)) {
    throw "The WebSocket module in $PSScriptRoot is not built yet. Run 'pwsh ./build.ps1' (or './build.sh build') there first."
}

$binaryModule = Import-Module -Name $binaryPath -PassThru -ErrorAction Stop

# $WsSession is the user's to overwrite, so what closes the sockets keeps its own reference.
$session = [MessageWebSockets.PowerShell.WsSession]::ForCurrentRunspace()
$WsSession = $session
$ExecutionContext.SessionState.Module.OnRemove = { $session.CloseAll() }

Export-ModuleMember -Cmdlet @($binaryModule.ExportedCmdlets.Keys) -Variable 'WsSession'
