<#
.SYNOPSIS
    Runs something against a TCP service behind a WebSocket gateway: SSH, Redis, a database, another tunnel.

.DESCRIPTION
    Starts a tunnel to the gateway on a free port of this machine, runs the script block with the tunnel as its argument, and stops the
    tunnel whatever happened. When a connection through the tunnel failed, its reason is reported as well: the program that ran knows
    no more than that its connection was reset.

.EXAMPLE
    ./examples/Invoke-ThroughTunnel.ps1 wss://gateway.example/ssh {
        param($tunnel) ssh -p $tunnel.LocalEndPoint.Port -o HostKeyAlias=build localhost uptime
    }

    SSH to a host behind websockify. HostKeyAlias keeps the key of the host under its own name, whatever port the tunnel has.

.EXAMPLE
    ./examples/Invoke-ThroughTunnel.ps1 wss://gateway.example/redis { param($tunnel) redis-cli -p $tunnel.LocalEndPoint.Port INFO server }

.EXAMPLE
    $out = Start-WsTunnel -Target db.internal:5432 -SubProtocol binary
    ./examples/Invoke-ThroughTunnel.ps1 $out.Uri -Option @{ SubProtocol = 'binary' } {
        param($tunnel) psql -h localhost -p $tunnel.LocalEndPoint.Port
    }

    From tunnel to tunnel; the first one runs on a host that reaches the database.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory, Position = 0)]
    [uri] $Uri,

    # What to run; its argument is the tunnel, and LocalEndPoint says where it listens.
    [Parameter(Mandatory, Position = 1)]
    [scriptblock] $ScriptBlock,

    # Further parameters of Start-WsTunnel, such as a token or a private certificate authority.
    [hashtable] $Option = @{}
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath 'WebSocket.psd1')

$tunnel = Start-WsTunnel -Uri $Uri @Option
try {
    & $ScriptBlock $tunnel
} finally {
    Stop-WsTunnel -Tunnel $tunnel
    if ($tunnel.ConnectionsFailed) {
        Write-Error -Message "$($tunnel.ConnectionsFailed) connections failed, the last one: $($tunnel.LastError)" -ErrorAction Continue
    }
}
