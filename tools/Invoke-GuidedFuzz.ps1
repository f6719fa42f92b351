<#
.SYNOPSIS
    Lets AFL++ look for inputs that break what reads bytes of strangers: a run a target, guided by the code that each input reaches.

.DESCRIPTION
    Needs afl-fuzz (Debian: afl++). The inputs of tests/Fuzz/Corpus are where it begins. What breaks a target is left in
    artifacts/guided-fuzz; it belongs into the corpus, with the mend, where a test of every run keeps it.
#>
[CmdletBinding()]
param(
    # The built program of tests/Fuzz.
    [Parameter(Mandatory)]
    [string] $Program,

    # For all targets together.
    [Parameter(Mandatory)]
    [double] $Minutes
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$root = Split-Path -Path $PSScriptRoot
$folder = Join-Path -Path $root -ChildPath 'artifacts' -AdditionalChildPath 'guided-fuzz'
if (Get-ChildItem -Path "$folder/*/default/crashes/id*", "$folder/*/default/hangs/id*" -ErrorAction Ignore) {
    throw "What broke a target is still in $folder. Take it into the corpus, or remove the folder."
}

Remove-Item -LiteralPath $folder -Recurse -Force -ErrorAction Ignore
$null = New-Item -Path $folder -ItemType Directory
Copy-Item -LiteralPath (Split-Path -Path $Program) -Destination (Join-Path -Path $folder -ChildPath 'program') -Recurse
$copy = Join-Path -Path $folder -ChildPath 'program' -AdditionalChildPath (Split-Path -Path $Program -Leaf)

# Each branch of the copies tells afl-fuzz that it was reached. The tool that does it is named beside the targets.
$tests = Join-Path -Path $root -ChildPath 'tests' -AdditionalChildPath 'Fuzz'
Push-Location -LiteralPath $tests
try {
    $said = dotnet tool restore
    if ($LASTEXITCODE -ne 0) {
        throw "SharpFuzz could not be restored: $said"
    }

    foreach ($name in 'MessageWebSockets.dll', 'MessageWebSockets.PowerShell.dll') {
        dotnet tool run sharpfuzz (Join-Path -Path $folder -ChildPath 'program' -AdditionalChildPath $name)
        if ($LASTEXITCODE -ne 0) {
            throw "SharpFuzz could not instrument $name."
        }
    }
} finally {
    Pop-Location
}

# Nothing of it is a matter of the targets: afl-fuzz looks for a program of its own kind, at the screen, and at how the system is set up.
$settings = 'AFL_SKIP_BIN_CHECK=1', 'AFL_NO_UI=1', 'AFL_NO_AFFINITY=1', 'AFL_SKIP_CPUFREQ=1',
    'AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1', 'DOTNET_TieredPGO=0'
$targets = @(& dotnet $copy list)
if ($LASTEXITCODE -ne 0) {
    throw "$copy does not name its targets."
}

$seconds = [Math]::Max(5, [int] ($Minutes * 60 / $targets.Count))
$found = foreach ($target in $targets) {
    $log = Join-Path -Path $folder -ChildPath "$target.log"
    env @settings afl-fuzz -V $seconds -t 5000 -m none -i (Join-Path -Path $tests -ChildPath 'Corpus' -AdditionalChildPath $target) `
        -o (Join-Path -Path $folder -ChildPath $target) -- dotnet $copy guided $target *> $log
    $exitCode = $LASTEXITCODE
    $report = Join-Path -Path $folder -ChildPath $target -AdditionalChildPath 'default', 'fuzzer_stats'
    if (-not (Test-Path -LiteralPath $report)) {
        throw "afl-fuzz ended with exit code $exitCode for $target before it had begun; see $log."
    }

    $of = @{}
    Get-Content -LiteralPath $report | ForEach-Object { $name, $value = $_ -split ':', 2; $of[$name.Trim()] = $value.Trim() }
    '{0,-18} {1,10:N0} executions, {2,6:N0} a second; {3,5} branches reached from {4,4} inputs; {5} crashes, {6} hangs' -f $target,
        [long] $of.execs_done, [double]::Parse($of.execs_per_sec, [cultureinfo]::InvariantCulture), $of.edges_found, $of.corpus_count,
        $of.saved_crashes, $of.saved_hangs | Write-Host
    if ([long] $of.saved_crashes + [long] $of.saved_hangs -gt 0) {
        $target
    }
}

if ($found) {
    throw "Inputs that break $($found -join ', ') are in $folder, in crashes and hangs of each."
}
