<#
.SYNOPSIS
    Two proofs that take too long for the suite: a GraphQL subscription through twenty restarts of its server, and a STOMP connection to
    RabbitMQ with heart-beats of a second both ways while the script sleeps.

.DESCRIPTION
    Talks to npm's graphql-ws, which ./build.ps1 -Task Test fetches, and to Debian's rabbitmq-server; what is not there is passed over by
    its name. The module is built. A failure ends in an error.
#>
[CmdletBinding()]
param(
    [int] $Restarts = 20,

    # How long the script sleeps beside its STOMP connection.
    [double] $Minutes = 2
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$root = Split-Path -Path $PSScriptRoot
. (Join-Path -Path $root -ChildPath 'tests' -AdditionalChildPath 'Pester', 'TestServer.ps1')
. (Join-Path -Path $root -ChildPath 'tests' -AdditionalChildPath 'Pester', 'RabbitMq.ps1')
Import-TestedModule

function Test-Restart {
    $package = Join-Path -Path $root -ChildPath 'artifacts' -AdditionalChildPath 'node', 'node_modules', 'graphql-ws', 'package.json'
    if (-not (Test-Path -LiteralPath $package)) {
        return 'graphql-ws is not there: not tried.'
    }

    $start = {
        param($Port)
        $script = Join-Path -Path $root -ChildPath 'tests' -AdditionalChildPath 'Pester', 'servers', 'graphql.mjs'
        Start-LineServer -FilePath 'node' -ArgumentList $script -Environment @{ MODULES_FROM = $package; PORT = "$Port" }
    }
    $peer = & $start 0
    $items = [System.Collections.Concurrent.ConcurrentQueue[object]]::new()
    $following = Start-Script {
        $items = $args[2]
        $query = 'subscription { count(to: 1000000) { number run } }'
        & "$($args[0])/examples/Receive-GraphQLSubscription.ps1" $args[1] $query -Option @{ RetryIntervalSec = 0.05 } |
            ForEach-Object { $items.Enqueue($_.count) }
    } -ArgumentList $root, "ws://127.0.0.1:$($peer.Line)/graphql", $items
    try {
        foreach ($connection in 0..$Restarts) {
            Wait-Until {
                if ($following.Running.IsCompleted) { throw "The subscription ended: $($following.Streams.Error)" }
                $seen = $items.ToArray()
                $seen -and $seen[-1].number -ge 40 -and @($seen.run | Select-Object -Unique).Count -eq $connection + 1
            }
            if ($connection -lt $Restarts) {
                $peer.Process.Kill()
                $peer.Process.WaitForExit()
                $peer = & $start $peer.Line
            }
        }
    } finally {
        $null = $following.Shell.BeginStop($null, $null).AsyncWaitHandle.WaitOne($patience)
        Stop-LineServer -Server $peer
    }

    $connections = @($items.ToArray() | Group-Object -Property run)
    foreach ($connection in $connections) {
        if (Compare-Object -ReferenceObject @(1..$connection.Count) -DifferenceObject @($connection.Group.number) -SyncWindow 0) {
            throw "A connection delivered $($connection.Group.number -join ' ')."
        }
    }
    "GraphQL: $Restarts restarts, $($connections.Count) connections, $($items.Count) results without a gap."
}

function Test-Heartbeat {
    if (-not (Test-RabbitMq)) {
        return 'RabbitMQ with Web STOMP is not there: not tried.'
    }

    $folder = Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath "rabbit-$(New-Guid)"
    $rabbit = Start-RabbitMq -Folder $folder
    try {
        $settings = Import-PowerShellDataFile -LiteralPath (Get-WsProfile -Name Stomp).Path
        $settings.HeartbeatIntervalSeconds = 0.9
        # Without keep-alive: what keeps it open are the heart-beats alone.
        $socket = Connect-MessageWebSocket -Uri $rabbit.Address -Profile $settings -KeepAliveIntervalSeconds 0 -OnConnected {
            "CONNECT`naccept-version:1.2`nhost:/`nlogin:guest`npasscode:guest`nheart-beat:1000,1000`n`n"
            $null = Receive-WsMessage
        }
        Start-Sleep -Seconds (60 * $Minutes)
        $receipt = Invoke-WsRequest -InputObject "SEND`ndestination:/queue/alive`nreceipt:r`n`nstill" -Socket $socket
        if ($socket.State -ne 'Open' -or $receipt.Text -notlike "RECEIPT`n*") {
            throw "The connection is $($socket.State): $receipt"
        }
        $information = $socket.Information
        "STOMP: open after $Minutes minutes, $($information.HeartbeatsSent) heart-beats sent and $($information.MessagesIgnored) received."
        Close-MessageWebSocket -Socket $socket
    } finally {
        Stop-RabbitMq -Rabbit $rabbit
        Remove-Item -LiteralPath $folder -Recurse -Force
    }
}

Test-Restart
Test-Heartbeat
