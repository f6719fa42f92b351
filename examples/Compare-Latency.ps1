<#
.SYNOPSIS
    Measures what a proxy in front of a server costs: the same server directly and through it, in turns.

.DESCRIPTION
    Opens a connection to each address and measures both in rounds that alternate, so that whatever else happens on the way hits both.
    Emits one object: the medians of the rounds, and what the way through the proxy adds.

.EXAMPLE
    ./examples/Compare-Latency.ps1 -Direct ws://backend:8080/live -Proxied wss://www.example.com/live

.EXAMPLE
    ./examples/Compare-Latency.ps1 -Direct ws://localhost:8080/echo -Proxied ws://localhost:80/echo -Echo -Rounds 20
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [uri] $Direct,

    [Parameter(Mandatory)]
    [uri] $Proxied,

    [ValidateRange(1, 1000)]
    [int] $Rounds = 10,

    [ValidateRange(1, 100000)]
    [int] $Count = 20,

    # Messages that the server sends back, in place of pings: a proxy that understands WebSockets may answer pings itself.
    [switch] $Echo
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath 'WebSocket.psd1')

$sockets = [ordered] @{}
try {
    $sockets.Direct = Connect-MessageWebSocket -Uri $Direct
    $sockets.Proxied = Connect-MessageWebSocket -Uri $Proxied
    $medians = @{ Direct = @(); Proxied = @() }
    $lost = 0
    foreach ($round in 1..$Rounds) {
        foreach ($way in $sockets.Keys) {
            $summary = Measure-WsRoundTrip -Socket $sockets[$way] -Count $Count -IntervalMilliseconds 0 -Echo:$Echo
            $medians[$way] += $summary.Median
            $lost += $summary.Lost
            Write-Verbose -Message "Round $round, ${way}: $summary"
        }
    }
} finally {
    $sockets.Values | Close-MessageWebSocket
}

# The middle one of the rounds, so that a disturbed one counts for nothing.
$typical = @{}
foreach ($way in 'Direct', 'Proxied') {
    $typical[$way] = @($medians[$way] | Sort-Object)[[math]::Floor($Rounds / 2)]
}

[pscustomobject] @{
    DirectMs  = $typical.Direct
    ProxiedMs = $typical.Proxied
    AddedMs   = [math]::Round($typical.Proxied - $typical.Direct, 3)
    Ratio     = [math]::Round($typical.Proxied / $typical.Direct, 2)
    Lost      = $lost
    Rounds    = $Rounds
}
