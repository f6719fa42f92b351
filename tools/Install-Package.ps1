<#
.SYNOPSIS
    Installs the package in a folder for the current user.

.DESCRIPTION
    The folder is a repository of Install-PSResource for as long as that takes. On Windows a PowerShell that has the module loaded keeps
    it from being replaced by the same version.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [string] $Path
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$folder = Convert-Path -LiteralPath $Path
$name = "WebSocket-$([guid]::NewGuid().ToString('N'))"
Register-PSResourceRepository -Name $name -Uri $folder -Trusted
try {
    $installed = Install-PSResource -Name 'WebSocket' -Repository $name -Scope CurrentUser -Reinstall -PassThru
    Write-Host "Installed $($installed.Name) $($installed.Version) to $($installed.InstalledLocation)"
    # Install-PSResource goes by HOME, PowerShell by XDG_DATA_HOME where that is set.
    if ($installed.InstalledLocation -notin $env:PSModulePath.Split([System.IO.Path]::PathSeparator)) {
        Write-Host 'That folder is not on PSModulePath: import the module by its path.'
    }
} finally {
    Unregister-PSResourceRepository -Name $name
}
