<#
.SYNOPSIS
    Runs a command in a container of a Kubernetes pod, as kubectl exec does, and emits what it wrote and its exit code.

.DESCRIPTION
    Talks to the API server by the subprotocol v5.channel.k8s.io, or v4 where the server is older: the first byte of each binary message is
    its channel. Standard input takes the fifth version, because only that one can tell its end.

.EXAMPLE
    ./examples/Invoke-KubernetesCommand.ps1 wss://cluster.example:6443 web-0 df, -h -Option @{ Token = $token; TrustedRoot = './ca.crt' }

.EXAMPLE
    $admin = @{ Certificate = './admin.p12' }
    ./examples/Invoke-KubernetesCommand.ps1 wss://cluster.example:6443 db-0 psql, -qAt -InputText 'select now()' -Option $admin
#>
[CmdletBinding()]
param(
    # The address of the API server.
    [Parameter(Mandatory, Position = 0)]
    [uri] $Uri,

    [Parameter(Mandatory, Position = 1)]
    [string] $Pod,

    # The command and its arguments.
    [Parameter(Mandatory, Position = 2)]
    [string[]] $Command,

    [string] $Namespace = 'default',

    # A container of the pod; without it the pod's first one.
    [string] $Container,

    # What the command reads from its standard input.
    [string] $InputText,

    # Further parameters of Connect-MessageWebSocket, for the login and the authority of the cluster.
    [hashtable] $Option = @{}
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath 'WebSocket.psd1')

$query = @('stdout=true', 'stderr=true') + $Command.ForEach({ "command=$([uri]::EscapeDataString($_))" })
if ($Container) { $query += "container=$Container" }
$versions = $InputText ? 'v5' : @('v5', 'v4')
if ($InputText) { $query += 'stdin=true' }
$address = [uri]::new($Uri, "/api/v1/namespaces/$Namespace/pods/$Pod/exec?$($query -join '&')")
$socket = Connect-MessageWebSocket -Uri $address -SubProtocol $versions.ForEach({ "$_.channel.k8s.io" }) -RequireSubProtocol @Option
try {
    if ($InputText) {
        # Channel 0 is the input, and 255 closes the channel that follows.
        Send-WsMessage -InputObject ([byte[]] (@(0) + [System.Text.Encoding]::UTF8.GetBytes($InputText))) -Socket $socket
        Send-WsMessage -InputObject ([byte[]] (255, 0)) -Socket $socket
    }

    # 1 is the output, 2 the error output, 3 the status at the end. A message may end in the middle of a character.
    $channels = 0..3 | ForEach-Object { [System.IO.MemoryStream]::new() }
    Receive-WsMessage -Socket $socket -Follow | ForEach-Object { $channels[$_.Bytes[0]].Write($_.Bytes, 1, $_.Length - 1) }
    $null, $output, $problem, $status = $channels.ForEach({ [System.Text.Encoding]::UTF8.GetString($_.ToArray()) })
    $result = ConvertFrom-Json -InputObject $status -AsHashtable
    $code = $result.status -eq 'Success' ? 0 : $null
    $result['details']?['causes'] | Where-Object { $_ -and $_.reason -eq 'ExitCode' } | ForEach-Object { $code = $_.message }
    if ($null -eq $code) { throw "The command did not run: $($result.message)" }
    [pscustomobject] @{ ExitCode = [int] $code; Output = $output; Error = $problem }
} finally {
    Close-MessageWebSocket -Socket $socket
}
