<#
.SYNOPSIS
    Calls a streaming method of an ASP.NET Core SignalR hub and emits the items of the stream as they arrive.

.DESCRIPTION
    Connects straight to the hub, without its negotiate request, as a client with skipNegotiation does. The profile SignalR sees to the
    handshake, the records and the pings both ways. An error of the method ends the script with it.

.EXAMPLE
    ./examples/Receive-SignalRStream.ps1 ws://localhost:5000/hub Count 10, $false

.EXAMPLE
    ./examples/Receive-SignalRStream.ps1 wss://ticker.example/hub Ticks ACME -Option @{ Token = $token } | Select-Object -First 5
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory, Position = 0)]
    [uri] $Uri,

    # The method of the hub.
    [Parameter(Mandatory, Position = 1)]
    [string] $Method,

    [Parameter(Position = 2)]
    [object[]] $Argument = @(),

    # How long to wait for the next item; 0 for no limit.
    [double] $TimeoutSeconds = 0,

    # Further parameters of Connect-MessageWebSocket, such as a token or a private certificate authority.
    [hashtable] $Option = @{}
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath 'WebSocket.psd1')

$socket = Connect-MessageWebSocket -Uri $Uri -Profile SignalR @Option
try {
    # A StreamInvocation (4), whose answers are StreamItems (2) and a Completion (3). A pipeline that has enough closes the connection.
    Send-WsMessage -InputObject @{ type = 4; invocationId = '1'; target = $Method; arguments = $Argument } -Socket $socket -AsJson
    do {
        $record = Receive-WsMessage -Socket $socket -AsHashtable -Filter { $_['invocationId'] -eq '1' } -TimeoutSeconds $TimeoutSeconds
        if ($record.type -eq 2) {
            $record.item
        }
    } until ($record.type -eq 3)
    if ($record['error']) {
        throw "$Method ended with an error: $($record.error)"
    }
} finally {
    Close-MessageWebSocket -Socket $socket
}
