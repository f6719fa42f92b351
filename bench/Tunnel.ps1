<#
.SYNOPSIS
    One end of a tunnel for the benchmarks: says on which port it listens, and runs until its input ends.
#>
[CmdletBinding()]
param(
    # The manifest of the module.
    [Parameter(Mandatory)]
    [string] $Path,

    [string] $Target,

    [uri] $Uri
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

Import-Module -Name $Path
$tunnel = $Target ? (Start-WsTunnel -Target $Target) : (Start-WsTunnel -Uri $Uri -SubProtocol 'binary')
[Console]::WriteLine($tunnel.LocalEndPoint.Port)
$null = [Console]::In.ReadLine()
Stop-WsTunnel -Tunnel $tunnel
