<#
.SYNOPSIS
    Records the public API of the library for -Task Pack to compare later ones with: its package with a reference assembly alone.
#>
[CmdletBinding()]
param()

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$root = Split-Path -Path $PSScriptRoot
$artifacts = Join-Path -Path $root -ChildPath 'artifacts'
$package = Get-ChildItem -Path (Join-Path -Path $artifacts -ChildPath 'library') -Filter '*.nupkg' -ErrorAction Ignore |
    Select-Object -First 1
if (-not $package) {
    throw "There is no package of the library in ${artifacts}: run ./build.ps1 -Task Pack first."
}

$folder = Join-Path -Path $root -ChildPath 'src' -AdditionalChildPath 'Core', 'Baseline'
$null = New-Item -Path $folder -ItemType Directory -Force
$copy = Copy-Item -LiteralPath $package.FullName -Destination $folder -PassThru
$zip = [System.IO.Compression.ZipFile]::Open($copy.FullName, [System.IO.Compression.ZipArchiveMode]::Update)
try {
    $assembly = 'lib/net10.0/MessageWebSockets.dll'
    @($zip.Entries) | Where-Object FullName -In $assembly, 'lib/net10.0/MessageWebSockets.xml', 'README.md' | ForEach-Object { $_.Delete() }
    $reference = Join-Path -Path $artifacts -ChildPath 'obj' -AdditionalChildPath 'Core', 'release', 'ref', 'MessageWebSockets.dll'
    $null = [System.IO.Compression.ZipFileExtensions]::CreateEntryFromFile(
        $zip, $reference, $assembly, [System.IO.Compression.CompressionLevel]::SmallestSize)
} finally {
    $zip.Dispose()
}

Write-Host "Recorded the API of $($package.BaseName), $((Get-Item -LiteralPath $copy.FullName).Length) bytes"
