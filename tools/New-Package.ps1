<#
.SYNOPSIS
    Makes the module's folder, as it is installed, and the package of it.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [string] $Destination,

    # A folder a system with the assemblies compiled ahead of time for it; without it they are compiled as they run, everywhere.
    [string] $Native,

    # The .deps.json files of what is shipped; with them the folder gets a bill of materials.
    [string[]] $Dependencies
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$root = Split-Path -Path $PSScriptRoot
$version = (Import-PowerShellDataFile -LiteralPath (Join-Path -Path $root -ChildPath 'WebSocket.psd1')).ModuleVersion
$folder = Join-Path -Path $Destination -ChildPath 'WebSocket' -AdditionalChildPath $version
Remove-Item -Path $Destination -Recurse -Force -ErrorAction Ignore
$null = New-Item -Path $folder -ItemType Directory -Force

'psd1', 'psm1', 'Format.ps1xml', 'Types.ps1xml' | ForEach-Object { Join-Path -Path $root -ChildPath "WebSocket.$_" } |
    Copy-Item -Destination $folder
'LICENSE', 'README.md', 'CHANGELOG.md', 'en-US', 'profiles' | ForEach-Object { Join-Path -Path $root -ChildPath $_ } |
    Where-Object { Test-Path -LiteralPath $_ } | Copy-Item -Destination $folder -Recurse
Copy-Item -LiteralPath (Join-Path -Path $root -ChildPath 'bin') -Destination $folder -Recurse -Filter '*.dll'
if ($Native) {
    foreach ($system in Get-ChildItem -LiteralPath $Native -Directory) {
        $bin = New-Item -Path (Join-Path -Path $folder -ChildPath 'bin' -AdditionalChildPath $system.Name) -ItemType Directory
        Copy-Item -Path (Join-Path -Path $system.FullName -ChildPath 'MessageWebSockets*.dll') -Destination $bin
    }
}

if ($Dependencies) {
    & "$PSScriptRoot/New-Sbom.ps1" -Path $folder -Dependencies $Dependencies
}

Compress-PSResource -Path $folder -DestinationPath $Destination
Write-Host "Packaged WebSocket $version in $([System.IO.Path]::GetRelativePath($root, $Destination))"
