<#
.SYNOPSIS
    Fetches the npm packages that interoperability tests talk to, where npm is there.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [string] $Destination,

    # A registry that does not answer must not hold up the tests for longer.
    [timespan] $Limit = '00:01:00'
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$wanted = @{ 'ws' = '8.23.0'; 'graphql' = '17.1.0'; 'graphql-ws' = '6.4.2'; 'socket.io' = '4.8.4' }
$modules = Join-Path -Path $Destination -ChildPath 'node_modules'
$missing = @($wanted.Keys | Where-Object { -not (Test-Path -LiteralPath (Join-Path -Path $modules -ChildPath $_)) })
if (-not $missing) {
    return
}

$npm = Get-Command -Name 'npm' -CommandType Application -ErrorAction Ignore | Select-Object -First 1
if (-not $npm) {
    Write-Host "npm is not there: tests that need $($missing -join ', ') are skipped."
    return
}

$null = New-Item -Path $Destination -ItemType Directory -Force
$start = [System.Diagnostics.ProcessStartInfo]::new($npm.Source)
@('install', '--prefix', $Destination, '--no-audit', '--no-fund', '--silent') + @($wanted.Keys.ForEach({ "$_@$($wanted[$_])" })) |
    ForEach-Object { $start.ArgumentList.Add($_) }
$start.RedirectStandardOutput = $true
$start.RedirectStandardError = $true
$process = [System.Diagnostics.Process]::Start($start)
$streams = $process.StandardOutput.ReadToEndAsync(), $process.StandardError.ReadToEndAsync()
if (-not $process.WaitForExit($Limit)) {
    $process.Kill($true)
}

$process.WaitForExit()
if ($process.ExitCode -ne 0) {
    Write-Host "npm could not fetch $($missing -join ', '): tests that need them are skipped. $($streams.Result -join ' ')"
}
