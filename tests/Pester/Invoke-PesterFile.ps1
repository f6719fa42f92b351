<#
.SYNOPSIS
    Runs one Pester file and writes its counts and failures to a JSON file.

.DESCRIPTION
    build.ps1 starts this in a fresh PowerShell for each file: a module's assemblies cannot be unloaded, and what one file
    leaves behind must not help or harm the next.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [string] $Path,

    [Parameter(Mandatory)]
    [string] $ResultPath,

    # The manifest of the Pester to use, so that every file runs with the same one.
    [string] $PesterPath = 'Pester'
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$PSStyle.OutputRendering = 'PlainText'

Import-Module -Name $PesterPath

$configuration = New-PesterConfiguration -Hashtable @{
    Run    = @{ Path = $Path; PassThru = $true }
    Output = @{ Verbosity = 'Detailed'; RenderMode = 'Plaintext' }
}

# Tests meet the preferences of a plain session; strictness is for those that ask for it.
Set-StrictMode -Off
$ErrorActionPreference = 'Continue'
$run = Invoke-Pester -Configuration $configuration
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# A block or file that breaks outside its tests takes down tests it may not name; it counts as one more failure.
$broken = @($run.Failed) + @($run.FailedBlocks) + @($run.FailedContainers) | Where-Object { $_ }
$failures = foreach ($item in $broken) {
    $name = $item.PSObject.Properties['ExpandedPath'] ? $item.ExpandedPath : (Split-Path -Path $Path -Leaf)
    $details = foreach ($record in $item.ErrorRecord) {
        "$($record.PSObject.Properties['DisplayErrorMessage'] ? $record.DisplayErrorMessage : $record)"
        "$($record.PSObject.Properties['DisplayStackTrace'] ? $record.DisplayStackTrace : $record.ScriptStackTrace)"
    }
    (@("FAILED $name") + $details) -join "`n"
}

$result = @{
    Passed   = $run.PassedCount
    Failed   = $run.FailedCount + $run.FailedBlocksCount + $run.FailedContainersCount
    Skipped  = $run.SkippedCount + $run.InconclusiveCount
    Failures = @($failures)
}
$result | ConvertTo-Json -Depth 3 | Set-Content -LiteralPath $ResultPath
