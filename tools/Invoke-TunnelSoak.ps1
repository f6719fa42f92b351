#Requires -Version 7.6
<#
.SYNOPSIS
    Sends much through a tunnel of two ends, each in a process of its own, and shows what each holds while and after.
.DESCRIPTION
    A TCP service that sends back what comes is reached through Start-WsTunnel at both ends. Three runs: a long stream there and back, whose
    SHA-256 is compared; many connections at once; many short ones, some of which are reset. A row for each run and end: the working set
    before the first connection and what its peak in the run is above that, and on Linux the descriptors before and after. Fails where bytes
    are missing, where the long stream or the connections at once take more than -LimitMiB (many short ones leave the collector its time),
    or where more than a few descriptors are left.
#>
[CmdletBinding()]
[OutputType([pscustomobject])]
param(
    # The manifest of the module, built.
    [string] $Path = "$PSScriptRoot/../WebSocket.psd1",

    # The length of the long stream.
    [long] $Bytes = 10GB,

    # The connections at once, and the bytes there and back on each.
    [int] $Connections = 500,

    [long] $BytesEach = 1MB,

    # The connections that come and go.
    [int] $ShortConnections = 10000,

    # The memory that each end may take over what it has before its first connection.
    [int] $LimitMiB = 100
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

Add-Type -Path "$PSScriptRoot/TunnelTraffic.cs"
$manifest = (Resolve-Path -LiteralPath $Path).Path

# One end, in a process of its own, once it listens: it says on which port.
function Start-End([string[]] $Parameters) {
    $pwsh = & "$PSScriptRoot/Get-PowerShellCommand.ps1"
    $start = [System.Diagnostics.ProcessStartInfo]::new($pwsh.Program)
    foreach ($argument in $pwsh.Arguments + @('-File', "$PSScriptRoot/../bench/Tunnel.ps1", $manifest) + $Parameters) {
        $start.ArgumentList.Add($argument)
    }
    $start.RedirectStandardInput = $start.RedirectStandardOutput = $true
    $process = [System.Diagnostics.Process]::Start($start)
    $port = $process.StandardOutput.ReadLine()
    if (-not $port) {
        throw 'An end of the tunnel did not start; what it said is above.'
    }

    [pscustomobject]@{ Process = $process; Port = [int] $port }
}

function Get-Descriptor([System.Diagnostics.Process] $Process) {
    $IsLinux ? [System.IO.Directory]::GetFileSystemEntries("/proc/$($Process.Id)/fd").Count : $null
}

# Runs a task and looks at both ends meanwhile.
function Invoke-Run([string] $Run, [int] $Expected, [scriptblock] $Begin, [switch] $HasLimit) {
    $highest = $ends | ForEach-Object { 0L }
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $task = & $Begin
    do {
        $isOver = $task.Wait(50)
        for ($i = 0; $i -lt $ends.Count; $i++) {
            $ends[$i].Process.Refresh()
            $highest[$i] = [Math]::Max($highest[$i], $ends[$i].Process.WorkingSet64)
        }
    } until ($isOver)
    $seconds = $clock.Elapsed.TotalSeconds
    if ($task.Result -ne $Expected) {
        throw "$Run`: $($task.Result) of $Expected connections had back what they sent."
    }

    # What ends takes a moment.
    for ($i = 0; $i -lt 300 -and ($ends | Where-Object { (Get-Descriptor $_.Process) -gt $_.Descriptors + $fewDescriptors }); $i++) {
        Start-Sleep -Milliseconds 100
    }
    for ($i = 0; $i -lt $ends.Count; $i++) {
        $over = ($highest[$i] - $ends[$i].WorkingSet) / 1MB
        $left = (Get-Descriptor $ends[$i].Process)
        [pscustomobject]@{
            Run = $Run
            End = $ends[$i].Name
            Seconds = [Math]::Round($seconds, 1)
            IdleMiB = [Math]::Round($ends[$i].WorkingSet / 1MB)
            OverMiB = [Math]::Round($over)
            DescriptorsBefore = $ends[$i].Descriptors
            DescriptorsAfter = $left
        }
        if ($HasLimit -and $over -gt $LimitMiB) {
            $faults.Add("$Run`: the end $($ends[$i].Name) took $([Math]::Round($over)) MiB.")
        }
        if ($left -gt $ends[$i].Descriptors + $fewDescriptors) {
            $faults.Add("$Run`: the end $($ends[$i].Name) has $left descriptors, and had $($ends[$i].Descriptors).")
        }
    }
}

$faults = [System.Collections.Generic.List[string]]::new()

# What a runtime opens once and late, an assembly for example. Connections that leave something leave more.
$fewDescriptors = 10
$traffic = [TunnelTraffic]::new()
$ends = @()
try {
    $ends += Start-End '-Target', "127.0.0.1:$($traffic.Port)"
    $ends += Start-End '-Uri', "ws://127.0.0.1:$($ends[0].Port)/"
    for ($i = 0; $i -lt 2; $i++) {
        $ends[$i] | Add-Member -NotePropertyMembers @{ Name = ('to TCP', 'to the WebSocket')[$i]; WorkingSet = 0L; Descriptors = 0 }
    }
    $port = $ends[1].Port

    # Memory is compared with a module that has listened and carried nothing, descriptors with one that has opened what it keeps.
    $ends | ForEach-Object { $_.Process.Refresh(); $_.WorkingSet = $_.Process.WorkingSet64 }
    $null = [TunnelTraffic]::ComeAndGoAsync($port, 20).GetAwaiter().GetResult()
    Start-Sleep -Seconds 2
    $ends | ForEach-Object { $_.Descriptors = Get-Descriptor $_.Process }

    $each = [Math]::Round($BytesEach / 1MB, 2)
    Invoke-Run -Run "$Connections connections at once, $each MiB there and back on each" -Expected $Connections -HasLimit -Begin {
        [TunnelTraffic]::ExchangeAsync($port, $Connections, $BytesEach)
    }
    Invoke-Run -Run "$ShortConnections short connections" -Expected $ShortConnections -Begin {
        [TunnelTraffic]::ComeAndGoAsync($port, $ShortConnections)
    }
    Invoke-Run -Run "$([Math]::Round($Bytes / 1GB, 2)) GiB there and back" -Expected 1 -HasLimit -Begin {
        [TunnelTraffic]::ExchangeAsync($port, 1, $Bytes)
    }
} finally {
    $traffic.Dispose()
    foreach ($one in $ends) {
        $one.Process.StandardInput.Close()
        if (-not $one.Process.WaitForExit(10000)) {
            $one.Process.Kill()
        }
        $one.Process.Dispose()
    }
}
if ($faults) {
    Write-Error -Message ($faults -join [Environment]::NewLine) -ErrorAction Continue
    exit 1
}
