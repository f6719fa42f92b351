<#
.SYNOPSIS
    Finds the knee of a WebSocket server: doubles the rate until the 99th percentile of the round trips is over a bound.

.DESCRIPTION
    Each step is a load at a fixed rate (Measure-WsLoad -RatePerConnection), so that a slow server is asked as often as a fast one and its
    stalls count. Emits one object a step. It ends at the first step that the server did not bear: p99 over the bound, errors, refused
    connections; or that this machine did not, which IsGeneratorLimited says: then it is the knee of the generator and not of the server.
    Load what is yours, or ask before.

.EXAMPLE
    ./examples/Find-ServerKnee.ps1 -Uri wss://a.example/echo -Connections 200 -BoundMilliseconds 50 | Format-Table
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [uri] $Uri,

    [ValidateRange(1, 1000000)]
    [int] $Connections = 50,

    # The first rate, in messages a second of each connection.
    [ValidateRange(0.001, 1000000)]
    [double] $RatePerConnection = 1,

    # How slow the slowest hundredth of the round trips may be.
    [ValidateRange(0.001, 3600000)]
    [double] $BoundMilliseconds = 100,

    [ValidateRange(1, 60)]
    [int] $MaximumSteps = 12,

    [ValidateRange(0.1, 3600)]
    [double] $DurationSeconds = 10,

    # Further parameters of Measure-WsLoad: @{ Size = 512; SubProtocol = 'v2' }.
    [hashtable] $Options = @{}
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath 'WebSocket.psd1')

foreach ($step in 1..$MaximumSteps) {
    $load = Measure-WsLoad $Uri -Connections $Connections -RatePerConnection $RatePerConnection -DurationSeconds $DurationSeconds @Options
    $isBorne = $load.P99 -and $load.P99 -le $BoundMilliseconds -and $load.Errors -eq 0 -and $load.Refused -eq 0
    [pscustomobject] @{
        Offered            = $Connections * $RatePerConnection
        MessagesPerSecond  = [Math]::Round($load.MessagesPerSecond, 1)
        P99                = $load.P99
        P999               = $load.P999
        Errors             = $load.Errors + $load.Refused
        IsBorne            = $isBorne
        IsGeneratorLimited = $load.IsGeneratorLimited
    }

    if (-not $isBorne -or $load.IsGeneratorLimited) {
        return
    }
    $RatePerConnection *= 2
}
