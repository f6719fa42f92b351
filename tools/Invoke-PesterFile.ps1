<#
.SYNOPSIS
    Runs Pester files, one after the other, and prints the result of each as a line of JSON.

.DESCRIPTION
    Each file has a runspace of its own, with the preferences of a plain session, so that variables, modules and views of one cannot help
    or harm the next. They share the process, which loads and compiles the module once, but never at the same time: $PSStyle, the
    environment and the working directory are the process's. (Run.Parallel of Pester 6.2 gives neither: its pool hands the runspace of
    one file to the next, and all of a pool's runspaces share one table of types and formats.)
#>
[CmdletBinding(PositionalBinding = $false)]
param(
    [Parameter(Mandatory, ValueFromRemainingArguments)]
    [string[]] $Path,

    # The manifest of the Pester to use; of the one that the build pins, if it is left out.
    [string] $PesterPath,

    # How long a file may take.
    [timespan] $Limit = '00:10:00'
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$PSStyle.OutputRendering = 'PlainText'
if (-not $PesterPath) {
    $PesterPath = Join-Path -Path (& "$PSScriptRoot/Get-BuildPackage.ps1")['Pester'] -ChildPath 'Pester.psd1'
}

function Write-Result {
    param([hashtable] $Result)

    # In ASCII, so that no console encoding can spoil it.
    [Console]::Out.WriteLine((ConvertTo-Json -InputObject $Result -Depth 4 -Compress -EscapeHandling EscapeNonAscii))
}

$script = {
    param($pester, $file)

    Import-Module -Name $pester -ErrorAction Stop
    $configuration = New-PesterConfiguration -Hashtable @{
        Run    = @{ Path = $file; PassThru = $true }
        Output = @{ Verbosity = 'None'; RenderMode = 'Plaintext' }
    }
    $run = Invoke-Pester -Configuration $configuration
    if (-not $run) {
        throw 'Pester gave no result.'
    }

    # A block or file that breaks outside its tests takes down tests it may not name; it counts as one more failure.
    $broken = @($run.Failed) + @($run.FailedBlocks) + @($run.FailedContainers) | Where-Object { $_ }
    $failures = foreach ($item in $broken) {
        $details = foreach ($record in $item.ErrorRecord) {
            "$($record.PSObject.Properties['DisplayErrorMessage'] ? $record.DisplayErrorMessage : $record)"
            "$($record.PSObject.Properties['DisplayStackTrace'] ? $record.DisplayStackTrace : $record.ScriptStackTrace)"
        }
        (@("$($item.PSObject.Properties['ExpandedPath'] ? $item.ExpandedPath : $file)") + $details) -join "`n"
    }
    $skips = foreach ($item in @($run.Skipped) + @($run.Inconclusive) | Where-Object { $_ }) {
        @{ Name = "$($item.ExpandedPath)"; Reason = "$(@($item.ErrorRecord)[0])" -replace '^is skipped, because |^is skipped' }
    }
    @{
        Passed   = $run.PassedCount
        Failed   = $run.FailedCount + $run.FailedBlocksCount + $run.FailedContainersCount
        Skipped  = $run.SkippedCount + $run.InconclusiveCount
        Failures = @($failures)
        Skips    = @($skips)
    }
}

foreach ($file in $Path) {
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    # A file that hangs and cannot be stopped keeps its thread; the next one gets another.
    $job = Start-ThreadJob -ScriptBlock $script -ArgumentList $PesterPath, $file -StreamingHost $Host -ThrottleLimit 100
    $result = $null
    $trouble = "did not end within $($Limit.TotalMinutes) minutes"
    if (Wait-Job -Job $job -Timeout $Limit.TotalSeconds) {
        # What a test reports and nobody catches comes here as well; whether the test passed is in the result.
        $result = Receive-Job -Job $job -ErrorAction SilentlyContinue -ErrorVariable reported |
            Where-Object { $_ -is [hashtable] } | Select-Object -Last 1
        $trouble = "broke: $($job.JobStateInfo.Reason) $($reported -join "`n")"
    }

    $result ??= @{ Passed = 0; Failed = 1; Skipped = 0; Failures = @("$(Split-Path -Path $file -Leaf) $trouble"); Skips = @() }
    $result.Suite = "Pester $((Split-Path -Path $file -Leaf) -replace '\.Tests\.ps1$')"
    $result.Seconds = $clock.Elapsed.TotalSeconds
    Write-Result -Result $result
}

# Not held up by a thread that hangs.
[Environment]::Exit(0)
