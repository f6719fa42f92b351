<#
.SYNOPSIS
    Writes the software bill of materials of a module's folder into it, as SPDX 2.2, and checks it.

.DESCRIPTION
    Microsoft's SBOM tool lists and hashes the files. What packages they come from it would take from whatever a restore wrote, reference
    packages and all; so it is shown those alone whose assemblies are shipped.
#>
[CmdletBinding()]
param(
    # The module's folder, complete but for this.
    [Parameter(Mandatory)]
    [string] $Path,

    # The .deps.json files of what is shipped.
    [Parameter(Mandatory)]
    [string[]] $Dependencies
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$manifest = Import-PowerShellDataFile -LiteralPath (Join-Path -Path $Path -ChildPath 'WebSocket.psd1')
$packages = @(foreach ($file in $Dependencies) {
        $libraries = (Get-Content -LiteralPath $file -Raw | ConvertFrom-Json -AsHashtable).libraries
        $libraries.Keys | Where-Object { $libraries[$_].type -eq 'package' }
    }) | Sort-Object -Unique
$files = @(Get-ChildItem -LiteralPath $Path -Recurse -File | ForEach-Object {
        './' + [System.IO.Path]::GetRelativePath($Path, $_.FullName).Replace('\', '/')
    })

$components = Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath "WebSocket-$([guid]::NewGuid().ToString('N'))"
$null = New-Item -Path $components -ItemType Directory
# Its manifest is beside this script, so that the doors need not fetch it.
Push-Location -LiteralPath $PSScriptRoot
try {
    $entries = $packages | ForEach-Object { $id, $number = $_ -split '/'; "  <package id=`"$id`" version=`"$number`" />" }
    Set-Content -LiteralPath (Join-Path -Path $components -ChildPath 'packages.config') -Value (@('<packages>') + $entries + '</packages>')
    $said = dotnet tool restore 2>&1
    if ($LASTEXITCODE -eq 0) {
        $said = dotnet tool run sbom-tool -- generate -b $Path -bc $components `
            -pn WebSocket -pv $manifest.ModuleVersion -ps $manifest.Author -nsb 'https://spdx.org/spdxdocs' `
            -V Error -cd '--DetectorsFilter NuGetPackagesConfig' 2>&1
    }

    if ($LASTEXITCODE -ne 0) {
        throw "The SBOM could not be made: $($said -join [Environment]::NewLine)"
    }
} finally {
    Pop-Location
    Remove-Item -LiteralPath $components -Recurse
}

# All that is shipped and nothing else.
$sbom = Get-Content -LiteralPath (Join-Path -Path $Path -ChildPath '_manifest/spdx_2.2/manifest.spdx.json') -Raw | ConvertFrom-Json
$named = @($sbom.packages | Where-Object SPDXID -NE 'SPDXRef-RootPackage' | ForEach-Object { "$($_.name)/$($_.versionInfo)" })
$differences = @(Compare-Object -ReferenceObject $files -DifferenceObject @($sbom.files.fileName) -CaseSensitive) +
    @(Compare-Object -ReferenceObject $packages -DifferenceObject $named -CaseSensitive)
if ($differences) {
    throw "The SBOM does not name what is shipped: $($differences | Out-String)"
}

foreach ($file in $sbom.files) {
    $hash = (Get-FileHash -LiteralPath (Join-Path -Path $Path -ChildPath $file.fileName)).Hash
    if ($file.checksums.Where({ $_.algorithm -eq 'SHA256' }).checksumValue -ne $hash) {
        throw "The SBOM has another hash for $($file.fileName)."
    }
}

Write-Host "The SBOM names $($files.Count) files and what comes from others: $($packages -join ', ')"
