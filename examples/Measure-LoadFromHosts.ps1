<#
.SYNOPSIS
    Loads a WebSocket server from several hosts at once, over SSH, and adds the results up to one summary.

.DESCRIPTION
    Runs Measure-WsLoad on each host through Invoke-Command -HostName, and emits the sum of what they measured (Merge-WsLoad): counts are
    added up, histograms put together, so that the percentiles are those of all round trips. The module has to be installed on the hosts,
    and PowerShell has to be set up for remoting over SSH there. A host that fails is reported, and the sum is that of the others; Hosts
    names them. Load what is yours, or ask before.

.EXAMPLE
    ./examples/Measure-LoadFromHosts.ps1 wss://a.example/echo loader1, loader2 @{ Connections = 500; RatePerConnection = 10 }
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [string] $Uri,

    # The hosts, as Invoke-Command -HostName takes them: name, user@name or name:port.
    [Parameter(Mandatory)]
    [string[]] $HostName,

    # What Measure-WsLoad takes, the same on every host.
    [hashtable] $Load = @{},

    # What the hosts import: a name, or a path that is the same on all of them.
    [string] $Module = 'WebSocket',

    # Saves what each host measured, as JSON.
    [string] $PartPath
)

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath 'WebSocket.psd1') -ErrorAction Stop

$measure = {
    param($Module, $Uri, $Load)

    Import-Module -Name $Module -ErrorAction Stop
    Measure-WsLoad -Uri $Uri @Load
}
$parts = @(Invoke-Command -HostName $HostName -ScriptBlock $measure -ArgumentList $Module, $Uri, $Load)
if ($PartPath) {
    ConvertTo-Json -InputObject $parts -Depth 4 | Set-Content -LiteralPath $PartPath
}

$parts | Merge-WsLoad
