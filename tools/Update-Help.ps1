<#
.SYNOPSIS
    Makes en-US anew from docs/help: the MAML by PlatyPS 1.0.3, installed or from the gallery, and the about texts.
#>
[CmdletBinding()]
param()

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$root = Split-Path -Path $PSScriptRoot
$target = Join-Path -Path $root -ChildPath 'en-US'
$staging = Join-Path -Path $root -ChildPath 'artifacts' -AdditionalChildPath 'help'
$source = Join-Path -Path $root -ChildPath 'docs' -AdditionalChildPath 'help'
$wanted = @{ ModuleName = 'Microsoft.PowerShell.PlatyPS'; RequiredVersion = '1.0.3' }

if (-not (Get-Module -FullyQualifiedName $wanted -ListAvailable)) {
    try {
        Install-PSResource -Name $wanted.ModuleName -Version $wanted.RequiredVersion -Scope CurrentUser -TrustRepository -ErrorAction Stop
    } catch {
        throw "$($wanted.ModuleName) $($wanted.RequiredVersion) is neither on PSModulePath nor to be had from the gallery: $_"
    }
}

$pages = @(Get-ChildItem -Path $source -Filter '*-*.md').FullName
Remove-Item -Path $staging -Recurse -Force -ErrorAction Ignore

# In a process of its own: PlatyPS brings assemblies that the user's session should not be left with.
$pwsh = & "$PSScriptRoot/Get-PowerShellCommand.ps1"
& $pwsh.Program @($pwsh.Arguments) -CommandWithArgs {
    $ErrorActionPreference = 'Stop'
    $version, $folder, $pages = $args
    Import-Module -Name Microsoft.PowerShell.PlatyPS -RequiredVersion $version
    Import-MarkdownCommandHelp -Path $pages | Export-MamlCommandHelp -OutputFolder $folder -Force | Out-Null
}.ToString() $wanted.RequiredVersion $staging @pages
$maml = @(Get-ChildItem -Path $staging -Filter '*.xml' -Recurse -ErrorAction Ignore)
if ($LASTEXITCODE -ne 0 -or $maml.Count -ne 1 -or $maml.Name -ne 'MessageWebSockets.PowerShell.dll-Help.xml') {
    throw "PlatyPS made '$($maml.Name)' of docs/help and not MessageWebSockets.PowerShell.dll-Help.xml alone."
}

& "$PSScriptRoot/Repair-Maml.ps1" -Path $maml.FullName -MarkdownPath $pages
$digest = & "$PSScriptRoot/Get-HelpDigest.ps1"
$comment = "<!-- Generated from docs/help by build.ps1 -Task Help; do not edit. Digest of the pages: $digest -->"
$text = [System.IO.File]::ReadAllText($maml.FullName).ReplaceLineEndings("`n").TrimEnd()
$text = $text -replace '\A(<\?xml[^>]*\?>)\s*', "`$1`n$comment`n"

Remove-Item -Path $target -Recurse -Force -ErrorAction Ignore
$null = New-Item -Path $target -ItemType Directory
[System.IO.File]::WriteAllText((Join-Path -Path $target -ChildPath $maml.Name), "$text`n")
foreach ($page in Get-ChildItem -Path $source -Filter 'about_*.md') {
    $about = & "$PSScriptRoot/ConvertTo-AboutHelp.ps1" -Path $page.FullName
    [System.IO.File]::WriteAllText((Join-Path -Path $target -ChildPath "$($page.BaseName).help.txt"), "$about`n")
}
