Set-StrictMode -Version Latest

# The manifest has loaded bin/: an Import-Module here, and the look whether the file is there, would take longer than all the rest.
# $WsSession is the user's to overwrite, so what closes the sockets keeps its own reference.
$session = [MessageWebSockets.PowerShell.WsSession]::ForCurrentRunspace()
$WsSession = $session
$ExecutionContext.SessionState.Module.OnRemove = { $session.CloseAll() }

Export-ModuleMember -Cmdlet * -Variable 'WsSession'
