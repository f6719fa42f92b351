<#
.SYNOPSIS
    Runs the fuzz tests for some minutes and sums up their rounds.
#>
[CmdletBinding()]
param(
    # The built assembly of tests/Core.Tests.
    [Parameter(Mandatory)]
    [string] $Program,

    [Parameter(Mandatory)]
    [double] $Minutes
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$log = Join-Path -Path (Split-Path -Path $PSScriptRoot) -ChildPath 'artifacts' -AdditionalChildPath 'fuzz.log'
$started = [datetime]::UtcNow
Write-Host "Fuzzing for about $Minutes minutes; the seed of each round goes to $log."
$env:FUZZ_MINUTES = $Minutes.ToString([cultureinfo]::InvariantCulture)
try {
    # Shows the output of tests that pass as well: the seeds and the number of cases.
    & dotnet $Program -class 'MessageWebSockets.Tests.Reliability.FuzzTests' -showLiveOutput -noColor *> $log
    $exitCode = $LASTEXITCODE
} finally {
    Remove-Item -LiteralPath Env:FUZZ_MINUTES
}

$lines = @(Get-Content -LiteralPath $log)
$cases = @($lines | Select-String -Pattern '\b(\d+) cases in \d+ s' | ForEach-Object { [long] $_.Matches[0].Groups[1].Value })
$seeds = @($lines | Select-String -Pattern 'FUZZ_SEED=(\d+)$')
$failures = @($lines | Select-String -SimpleMatch '[FAIL]')
$lines | Select-String -Pattern '\[FAIL\]|FUZZ_SEED=\d+: ' | ForEach-Object -MemberName Line
'fuzz: {0} cases in {1} rounds (one seed each) of {2} tests in {3:0} s, {4} failed' -f
    ($cases | Measure-Object -Sum).Sum, $seeds.Count, $cases.Count, ([datetime]::UtcNow - $started).TotalSeconds, $failures.Count
if ($exitCode -ne 0) {
    throw "The fuzz tests ended with exit code $exitCode."
}
