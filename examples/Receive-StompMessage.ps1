<#
.SYNOPSIS
    Subscribes to a destination of a STOMP broker, such as RabbitMQ or ActiveMQ, and emits its messages, also after the broker was gone.

.DESCRIPTION
    Logs in and subscribes by a script that runs after each connect, so that a reconnect does the same again. The profile Stomp cuts the
    frames and sends a heart-beat when nothing else was sent for 9 s. Ctrl+C, or a pipeline that has enough, ends it.

.EXAMPLE
    ./examples/Receive-StompMessage.ps1 ws://localhost:15674/ws /exchange/amq.topic/site.# -Credential guest

.EXAMPLE
    ./examples/Receive-StompMessage.ps1 ws://localhost:15674/ws /queue/jobs -Credential $login |
        ForEach-Object { $_.Body | ConvertFrom-Json }
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory, Position = 0)]
    [uri] $Uri,

    # A queue, a topic or what else the broker has.
    [Parameter(Mandatory, Position = 1)]
    [string] $Destination,

    [Parameter(Mandatory)]
    [pscredential] [System.Management.Automation.Credential()] $Credential,

    # The virtual host.
    [string] $HostName = '/'
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath 'WebSocket.psd1')

$login = $Credential.GetNetworkCredential()
$socket = Connect-MessageWebSocket -Uri $Uri -Profile Stomp -RequireSubProtocol -AutoReconnect -OnConnected {
    "CONNECT`naccept-version:1.2`nhost:$HostName`nlogin:$($login.UserName)`npasscode:$($login.Password)`nheart-beat:10000,10000`n`n"
    $answer = Receive-WsMessage -Raw
    if ($answer -notlike "CONNECTED`n*") {
        throw "The broker refused the login: $answer"
    }
    "SUBSCRIBE`nid:0`ndestination:$Destination`n`n"
}
try {
    $unescape = { @{ c = ':'; n = "`n"; r = "`r"; '\' = '\' }["$($_.Groups[1])"] }
    Receive-WsMessage -Socket $socket -Follow | ForEach-Object {
        # A command, its headers, an empty line, and the body. What is sent behind an error is the end.
        $head, $body = $_.Text.TrimStart() -split '\r?\n\r?\n', 2
        $command, $lines = $head -split '\r?\n'
        if ($command -eq 'ERROR') { throw "The broker ended the subscription: $head $body" }
        $headers = [ordered] @{}
        $lines | ForEach-Object { $name, $value = $_ -split ':', 2; $headers[$name] ??= $value -replace '\\([cnr\\])', $unescape }
        [pscustomobject] @{ Destination = $headers.destination; Body = $body; Headers = $headers }
    }
} finally {
    Close-MessageWebSocket -Socket $socket -WarningAction SilentlyContinue
}
