<#
.SYNOPSIS
    Builds the last commit twice, in two folders and two settings, and compares the assemblies that would be shipped, byte for byte.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [string] $Configuration
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$root = Split-Path -Path $PSScriptRoot
$folder = Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath "WebSocket-$([guid]::NewGuid().ToString('N'))"
# Elsewhere, deeper, at another time of day and in another language.
$builds = @(
    @{ Path = Join-Path -Path $folder -ChildPath 'a'; TZ = 'UTC'; DOTNET_CLI_UI_LANGUAGE = 'en' }
    @{
        Path = Join-Path -Path $folder -ChildPath 'b' -AdditionalChildPath 'second build', 'of it'; TZ = 'Asia/Tokyo'
        DOTNET_CLI_UI_LANGUAGE = 'de'
    }
)
$names = 'TZ', 'DOTNET_CLI_UI_LANGUAGE'
$saved = $names | ForEach-Object { [Environment]::GetEnvironmentVariable($_) }
try {
    $results = foreach ($build in $builds) {
        $said = git clone --quiet --no-hardlinks $root $build.Path 2>&1
        if ($LASTEXITCODE -ne 0) {
            throw "The repository could not be cloned: $said"
        }

        $names | ForEach-Object { [Environment]::SetEnvironmentVariable($_, $build[$_]) }
        $project = Join-Path -Path $build.Path -ChildPath 'src' -AdditionalChildPath 'Histograms', 'Histograms.csproj'
        # A compiler server would keep the settings of whoever started it.
        $said = dotnet build $project --configuration $Configuration --verbosity quiet -nologo -p:UseSharedCompilation=false 2>&1
        if ($LASTEXITCODE -ne 0) {
            throw "The build failed: $($said -join [Environment]::NewLine)"
        }

        $output = Join-Path -Path $build.Path -ChildPath 'artifacts' -AdditionalChildPath 'bin'
        $hashes = @{}
        foreach ($project in 'Core', 'Module', 'Histograms') {
            $files = Join-Path -Path $output -ChildPath $project -AdditionalChildPath $Configuration.ToLowerInvariant()
            Get-ChildItem -Path $files -File | Where-Object Extension -In '.dll', '.pdb', '.xml' | ForEach-Object {
                $hashes["$project/$($_.Name)"] = (Get-FileHash -LiteralPath $_.FullName).Hash
            }
        }

        $hashes
    }

    $commit = git -C $root rev-parse --short HEAD
} finally {
    0..($names.Count - 1) | ForEach-Object { [Environment]::SetEnvironmentVariable($names[$_], @($saved)[$_]) }
    Remove-Item -LiteralPath $folder -Recurse -Force -ErrorAction Ignore
}

$files = @($results.ForEach({ $_.Keys }) | Sort-Object -Unique)
$different = @($files | Where-Object { $results[0][$_] -ne $results[1][$_] })
$files | Where-Object { $_ -like '*/MessageWebSockets*.dll' } | ForEach-Object { Write-Host "$($results[0][$_])  $_" }
if (-not $files -or $different) {
    throw "Two builds of $commit differ in $($different -join ', ')"
}

Write-Host "Two builds of $commit have equal bytes: $($files.Count) assemblies, symbols and documentation files"
