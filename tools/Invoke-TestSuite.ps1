<#
.SYNOPSIS
    Runs every test of the repository, which is built, and reports: a line a suite, each failure, each skipped test by its name.

.DESCRIPTION
    The Pester files are dealt into one share more than there are processors, but no more than four. One program more than that runs at
    once, shares and xunit projects, because tests spend much of their time waiting. The
    totals go to artifacts/test-results/totals.txt; a failure ends in an error.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [string] $Configuration,

    # The manifest of the Pester to test with.
    [Parameter(Mandatory)]
    [string] $PesterPath,

    # Reports how much of src/Core its tests run through.
    [switch] $Coverage
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$root = Split-Path -Path $PSScriptRoot
$results = Join-Path -Path $root -ChildPath 'artifacts' -AdditionalChildPath 'test-results'
Remove-Item -Path $results -Recurse -Force -ErrorAction Ignore
$null = New-Item -Path $results -ItemType Directory
$width = [Math]::Min([Environment]::ProcessorCount + 1, 4)

# The largest first, each to the share that has least to do: the shares take about the same time. A file takes about as long as it is,
# but for the examples of the help, which are in the pages and take about a seventh of the time of all the others.
$files = @(Get-ChildItem -Path (Join-Path -Path $root -ChildPath 'tests' -AdditionalChildPath 'Pester') -Filter '*.Tests.ps1')
$examples = 0.15 * ($files | Measure-Object -Property Length -Sum).Sum
$shares = @(1..$width | ForEach-Object { @{ Pester = $PesterPath; Path = @(); Work = 0 } })
$files | ForEach-Object { @{ Path = $_.FullName; Work = $_.Name -eq 'HelpExamples.Tests.ps1' ? $examples : $_.Length } } |
    Sort-Object -Descending -Property { $_.Work } | ForEach-Object {
        $share = $shares | Sort-Object -Property { $_.Work } | Select-Object -First 1
        $share.Path += $_.Path
        $share.Work += $_.Work
    }
$projects = @(Get-ChildItem -Path (Join-Path -Path $root -ChildPath 'tests') -Filter '*.Tests.csproj' -Recurse -Depth 1 | ForEach-Object {
        $folder = Join-Path -Path $results -ChildPath $_.BaseName
        # The other tests come past src/Core only by the way.
        $isCovered = $Coverage -and $_.BaseName -eq 'Core.Tests'
        @{ Path = $_.FullName; ResultFolder = $folder; Configuration = $Configuration; Coverage = $isCovered }
    })

$all = @($projects[0]) + $shares + @($projects | Select-Object -Skip 1) | ForEach-Object -ThrottleLimit ($width + 1) -Parallel {
    $run = $_
    $tools = $using:PSScriptRoot
    if ($run['Pester']) {
        & "$tools/Invoke-PesterShare.ps1" -PesterPath $run.Pester -Path $run.Path
    } else {
        & "$tools/Invoke-XunitProject.ps1" @run
    }
} | ForEach-Object {
    Write-Host ('{0,-36} {1,6} passed {2,4} failed {3,4} skipped {4,6:0.0} s' -f $_.Suite, $_.Passed, $_.Failed, $_.Skipped, $_.Seconds)
    $_.Failures | ForEach-Object { Write-Host "`nFAILED $_`n" }
    $_
}

if ($Coverage) {
    & "$PSScriptRoot/Get-Coverage.ps1" -Path $results | Write-Host
}

$skips = @($all.Skips | Where-Object { $_ })
if ($skips) {
    Write-Host "`nSkipped:"
    $said = { $_.Reason ? $_.Reason : 'left out by their own -Skip, on this system or for this user' }
    $skips | Group-Object -Property $said | ForEach-Object {
        Write-Host "  $($_.Name)"
        $_.Group.Name | ForEach-Object { Write-Host "    $_" }
    }
}

$counts = 'Passed', 'Failed', 'Skipped' | ForEach-Object { [int] ($all | Measure-Object -Property $_ -Sum).Sum }
Set-Content -LiteralPath (Join-Path -Path $results -ChildPath 'totals.txt') -Value ('{0} passed, {1} failed, {2} skipped' -f $counts)
if ($counts[1]) {
    throw "$($counts[1]) tests failed."
}
