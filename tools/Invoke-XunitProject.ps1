<#
.SYNOPSIS
    Runs one built xunit project and gives its counts, failures and skips, read from its TRX file.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [string] $Path,

    [Parameter(Mandatory)]
    [string] $ResultFolder,

    [Parameter(Mandatory)]
    [string] $Configuration,

    # Collects which lines of src/Core ran.
    [switch] $Coverage
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$clock = [System.Diagnostics.Stopwatch]::StartNew()
$suite = "xunit $(Split-Path -Path $Path -LeafBase)"
$arguments = @(
    'test', $Path, '--configuration', $Configuration, '--no-build', '--results-directory', $ResultFolder
    '--logger', 'trx;LogFileName=results.trx'
    # A test that hangs must not hang the build; the tests that were running are in the output.
    '--blame-hang-timeout', '5min', '--blame-hang-dump-type', 'none'
)
if ($Coverage) {
    $arguments += '--collect', 'XPlat Code Coverage', '--'
    $arguments += 'DataCollectionRunSettings.DataCollectors.DataCollector.Configuration.Include=[MessageWebSockets]*'
}

$log = @($null | & dotnet @arguments 2>&1)
$exitCode = $LASTEXITCODE
$result = [pscustomobject] @{ Suite = $suite; Passed = 0; Failed = 0; Skipped = 0; Seconds = 0.0; Failures = @(); Skips = @() }
$trxPath = Join-Path -Path $ResultFolder -ChildPath 'results.trx'
if (Test-Path -LiteralPath $trxPath) {
    $trx = [xml] (Get-Content -LiteralPath $trxPath -Raw)
    $namespaces = @{ t = $trx.DocumentElement.NamespaceURI }
    $tests = @(Select-Xml -Xml $trx -XPath '//t:Results/t:UnitTestResult' -Namespace $namespaces | ForEach-Object Node)
    $skipped = @($tests | Where-Object outcome -EQ 'NotExecuted')
    $failed = @($tests | Where-Object outcome -NotIn 'Passed', 'NotExecuted')
    $result.Passed = $tests.Count - $failed.Count - $skipped.Count
    $result.Failed = $failed.Count
    $result.Skipped = $skipped.Count
    $result.Failures = @($failed | ForEach-Object { ($_.testName, $_.SelectSingleNode('*').InnerText) -join "`n" })
    $result.Skips = @($skipped | ForEach-Object { @{ Name = $_.testName; Reason = "$($_.InnerText)".Trim() } })
}

if ($exitCode -ne 0 -and $result.Failed -eq 0) {
    $result.Failed = 1
    $result.Failures = @("$suite ended with exit code ${exitCode}:`n$($log -join "`n")")
}

$result.Seconds = $clock.Elapsed.TotalSeconds
$result
