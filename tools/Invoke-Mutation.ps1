<#
.SYNOPSIS
    Changes one place of an area of src/Core after the other, and says which changes no test noticed.

.DESCRIPTION
    dotnet-stryker makes the mutants and tries each with those tests that come past it. Score is what was noticed (killed, or without an
    end) of all that was tried or that no test comes past. The report is artifacts/mutation/AREA/reports/mutation-report.json.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [string] $Area,

    # Which lines are drawn at random where the area has too many mutants to try all.
    [Parameter(Mandatory)]
    [int] $Seed,

    # Tries all, however long it takes.
    [switch] $Whole
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# The patterns of the drawn lines, as dotnet-stryker takes them: a file and where in it, in characters.
function Get-LinePattern {
    param([string] $Path, [int] $Count, [int] $Seed)

    $lines = foreach ($file in Get-ChildItem -LiteralPath $Path -Filter '*.cs' | Sort-Object -Property Name -CaseSensitive) {
        $text = [System.IO.File]::ReadAllText($file.FullName)
        [regex]::Matches($text, '(?m)^[ \t]*(?!//|using |namespace |\[)([^\s{}].*)$') | ForEach-Object {
            @{ File = "**/$Area/$($file.Name)"; Start = $_.Index; End = $_.Index + $_.Length }
        }
    }

    $random = [System.Random]::new($Seed)
    $some = @($lines | ForEach-Object { @{ Key = $random.NextDouble(); Line = $_ } } | Sort-Object -Property { $_.Key } |
        Select-Object -First $Count)
    $some.Line | Group-Object -Property { $_.File } | ForEach-Object {
        $_.Name + -join ($_.Group | Sort-Object -Property { $_.Start } | ForEach-Object { "{$($_.Start)..$($_.End)}" })
    }
}

$root = Split-Path -Path $PSScriptRoot
$settings = (Import-PowerShellDataFile -LiteralPath (Join-Path -Path $PSScriptRoot -ChildPath 'Mutation.psd1'))[$Area]
$drawn = $Whole ? 0 : $settings.Lines
$tests = Join-Path -Path $root -ChildPath 'tests' -AdditionalChildPath 'Core.Tests'
$output = Join-Path -Path $root -ChildPath 'artifacts' -AdditionalChildPath 'mutation', $Area
Remove-Item -LiteralPath $output -Recurse -Force -ErrorAction Ignore
$null = New-Item -Path $output -ItemType Directory

$config = Get-Content -LiteralPath (Join-Path -Path $tests -ChildPath 'stryker-config.json') -Raw | ConvertFrom-Json -AsHashtable
$source = Join-Path -Path $root -ChildPath 'src' -AdditionalChildPath 'Core', $Area
$config.'stryker-config'.mutate = @($drawn ? (Get-LinePattern -Path $source -Count $drawn -Seed $Seed) : "**/$Area/*.cs")
$configPath = Join-Path -Path $output -ChildPath 'stryker-config.json'
$config | ConvertTo-Json -Depth 5 | Set-Content -LiteralPath $configPath

$log = Join-Path -Path $output -ChildPath 'stryker.log'
Write-Host "Mutating $source; the log is $log."
$clock = [System.Diagnostics.Stopwatch]::StartNew()
Push-Location -LiteralPath $tests
try {
    # MSBuild takes it as a property: the project of the tests compiles no others.
    $env:MutationTests = $settings.Tests -join ';'
    dotnet tool restore *> $log
    if ($LASTEXITCODE -eq 0) {
        dotnet tool run dotnet-stryker -- --config-file ([System.IO.Path]::GetRelativePath($tests, $configPath)) --output $output *>> $log
    }

    $exitCode = $LASTEXITCODE
} finally {
    Remove-Item -LiteralPath Env:MutationTests
    Pop-Location
}

$report = Join-Path -Path $output -ChildPath 'reports' -AdditionalChildPath 'mutation-report.json'
if ($exitCode -ne 0 -or -not (Test-Path -LiteralPath $report)) {
    throw "dotnet-stryker ended with exit code ${exitCode}: $(Get-Content -LiteralPath $log -Tail 5 | Out-String)"
}

$files = (Get-Content -LiteralPath $report -Raw | ConvertFrom-Json -AsHashtable).files
$mutants = foreach ($path in $files.Keys) {
    foreach ($mutant in $files[$path].mutants) {
        [pscustomobject] @{
            Place = '{0}:{1}' -f ($path -replace '^.*(?=src[\\/])'), $mutant.location.start.line
            Status = $mutant.status; Kind = $mutant.mutatorName; To = $mutant.replacement
        }
    }
}
$tried = @($mutants | Where-Object Status -In 'Killed', 'Timeout', 'Survived', 'NoCoverage')
$missed = @($tried | Where-Object Status -In 'Survived', 'NoCoverage')
foreach ($mutant in $missed | Sort-Object -Property Place) {
    Write-Host ('{0,-10} {1}  {2}: {3}' -f $mutant.Status, $mutant.Place, $mutant.Kind, ($mutant.To -replace '\s+', ' '))
}

$score = 100.0 * ($tried.Count - $missed.Count) / [Math]::Max($tried.Count, 1)
$sample = $drawn ? ", those within one line on $drawn lines drawn with seed $Seed" : ''
Write-Host ('{0}: {1:0.0} % of {2} mutants noticed{3}; {4} survived, {5} without a test; {6:0} min' -f
    $Area, $score, $tried.Count, $sample, @($missed | Where-Object Status -EQ 'Survived').Count,
    @($missed | Where-Object Status -EQ 'NoCoverage').Count, $clock.Elapsed.TotalMinutes)
if ($score -lt $settings.Lowest) {
    throw "$Area has to reach $($settings.Lowest) %."
}
