<#
.SYNOPSIS
    Uses the NuGet package of the library as someone else would: runs the program of its README in a new project.
#>
[CmdletBinding()]
param(
    # The folder with the package, which is the one source of the new project.
    [Parameter(Mandatory)]
    [string] $Path
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$package = Get-ChildItem -LiteralPath $Path -Filter 'MessageWebSockets.*.nupkg' | Select-Object -First 1
$version = $package.BaseName.Substring('MessageWebSockets.'.Length)
$folder = Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath "MessageWebSockets-$([guid]::NewGuid().ToString('N'))"
$null = New-Item -Path $folder -ItemType Directory
$expanded = Join-Path -Path $folder -ChildPath 'package'
[System.IO.Compression.ZipFile]::ExtractToDirectory($package.FullName, $expanded)
$expected = 'README.md', 'lib/net10.0/MessageWebSockets.dll', 'lib/net10.0/MessageWebSockets.xml'
foreach ($name in $expected) {
    if (-not (Test-Path -LiteralPath (Join-Path -Path $expanded -ChildPath $name))) {
        throw "$($package.Name) has no $name."
    }
}

if (-not (Test-Path -LiteralPath ([System.IO.Path]::ChangeExtension($package.FullName, '.snupkg')))) {
    throw "$($package.Name) has no symbols beside it."
}

$readme = Get-Content -LiteralPath (Join-Path -Path $expanded -ChildPath 'README.md') -Raw
if ($readme -notmatch '(?s)```csharp\r?\n(.*?)```') {
    throw "The README of $($package.Name) has no program."
}

$project = Join-Path -Path $folder -ChildPath 'use'
$null = New-Item -Path $project -ItemType Directory
Set-Content -LiteralPath (Join-Path -Path $project -ChildPath 'Program.cs') -Value $Matches[1]
Set-Content -LiteralPath (Join-Path -Path $project -ChildPath 'nuget.config') -Value @"
<configuration>
  <config><add key="globalPackagesFolder" value="packages" /></config>
  <packageSources><clear /><add key="local" value="$([System.Security.SecurityElement]::Escape($Path))" /></packageSources>
</configuration>
"@
# An app host would come from a package of its own where the SDK has none for this system.
Set-Content -LiteralPath (Join-Path -Path $project -ChildPath 'use.csproj') -Value @"
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
    <Nullable>enable</Nullable>
    <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
    <NuGetAudit>false</NuGetAudit>
    <UseAppHost>false</UseAppHost>
  </PropertyGroup>
  <ItemGroup><PackageReference Include="MessageWebSockets" Version="[$version]" /></ItemGroup>
</Project>
"@
Push-Location -LiteralPath $project
$packages = $env:NUGET_PACKAGES
try {
    # The variable would win over the configuration, and an earlier package of the same version over this one.
    $env:NUGET_PACKAGES = $null
    $said = dotnet run --project use.csproj --configuration Release 2>&1
    if ($LASTEXITCODE -ne 0 -or "$said" -cne 'Hello') {
        throw "The program of the README does not work with $($package.Name): $($said -join [Environment]::NewLine)"
    }
} finally {
    $env:NUGET_PACKAGES = $packages
    Pop-Location
    Remove-Item -LiteralPath $folder -Recurse -Force
}

Write-Host "$($package.Name): a new project restored it, compiled and ran the program of its README"
