<#
.SYNOPSIS
    Where the PowerShell modules of the build are that Directory.Packages.props pins, by their names; restores them first.

.DESCRIPTION
    No other version of them is looked at, wherever one is installed.
#>
[CmdletBinding()]
[OutputType([hashtable])]
param()

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$project = Join-Path -Path (Split-Path -Path $PSScriptRoot) -ChildPath 'src' -AdditionalChildPath 'Module', 'Module.csproj'
$said = dotnet restore $project --verbosity quiet
if ($LASTEXITCODE -ne 0) {
    throw "The packages of the build could not be restored: $($said -join [Environment]::NewLine)"
}

$restored = dotnet msbuild $project -nologo -getProperty:NuGetPackageRoot -getItem:PackageDownload | Out-String | ConvertFrom-Json
$folders = @{}
foreach ($item in $restored.Items.PackageDownload) {
    $folder = Join-Path -Path $restored.Properties.NuGetPackageRoot -ChildPath $item.Identity.ToLowerInvariant()
    $folders[$item.Identity] = Join-Path -Path $folder -ChildPath $item.Version.Trim('[', ']') -AdditionalChildPath 'tools'
}

$folders
