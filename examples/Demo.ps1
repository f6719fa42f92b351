<#
.SYNOPSIS
    A first conversation with a WebSocket server that sends back what it gets, each command shown before its output.

.EXAMPLE
    ./examples/Demo.ps1

.EXAMPLE
    ./examples/Demo.ps1 -Uri ws://localhost:8080/echo
#>
[CmdletBinding()]
param(
    # A server that sends back what it gets; without it the built-in one.
    [uri] $Uri
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath 'WebSocket.psd1')

$connect = $Uri ? "Connect-MessageWebSocket $Uri" : 'Start-WsEchoServer | Connect-MessageWebSocket'

# The echo has nothing to say of its own, so the demo also sends the lines that the -Follow picks from.
$commands = @(
    $connect
    "'hello' | Send-WsMessage"
    'Receive-WsMessage'
    "1..6 | ForEach-Object { `"line `$_ ok`"; `"line `$_ error`" } | Send-WsMessage"
    'Receive-WsMessage -Follow | Where-Object Text -match ''error'' | Select-Object -First 5'
    'Close-MessageWebSocket'
    if (-not $Uri) {
        'Stop-WsEchoServer'
    }
)

foreach ($command in $commands) {
    Write-Host "PS> $command"
    & ([scriptblock]::Create($command)) | Out-Default
}
