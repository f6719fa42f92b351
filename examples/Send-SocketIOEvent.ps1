<#
.SYNOPSIS
    Sends an event to a Socket.IO server, waits for its acknowledgement and emits what that says.

.DESCRIPTION
    Speaks Socket.IO 3 and later, over WebSocket from the start. The profile SocketIO sees to the connect of the main namespace and answers
    the pings of the server. What else the server sends meanwhile is not looked at.

.EXAMPLE
    ./examples/Send-SocketIOEvent.ps1 ws://localhost:3000 chat 'hello', @{ room = 7 }
#>
[CmdletBinding()]
param(
    # The address of the server, without a path where it has the usual one.
    [Parameter(Mandatory, Position = 0)]
    [uri] $Uri,

    # The name of the event.
    [Parameter(Mandatory, Position = 1)]
    [string] $Name,

    [Parameter(Position = 2)]
    [object[]] $Argument = @(),

    [double] $TimeoutSeconds = 30,

    # Further parameters of Connect-MessageWebSocket, such as a token or a private certificate authority.
    [hashtable] $Option = @{}
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath 'WebSocket.psd1')

$path = $Uri.AbsolutePath -eq '/' ? '/socket.io/' : $Uri.AbsolutePath
$address = [uri]::new($Uri, "$path$($Uri.Query ? "$($Uri.Query)&" : '?')EIO=4&transport=websocket")
$socket = Connect-MessageWebSocket -Uri $address -Profile SocketIO @Option
try {
    # 42 is an event and 43 an acknowledgement; the digits behind are the number that belongs to both.
    $event = ConvertTo-Json -InputObject (@($Name) + $Argument) -Compress -Depth 10
    $reply = Invoke-WsRequest -InputObject "421$event" -ReplyFilter {
        $_.Text.StartsWith('431[')
    } -Socket $socket -TimeoutSeconds $TimeoutSeconds
    ConvertFrom-Json -InputObject $reply.Text.Substring(3)
} finally {
    Close-MessageWebSocket -Socket $socket
}
