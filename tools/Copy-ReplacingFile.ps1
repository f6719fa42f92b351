<#
.SYNOPSIS
    Puts a file in the place of another that a running PowerShell may have loaded.

.DESCRIPTION
    Writing into a loaded file would pull the ground from under that process. Elsewhere removing it first leaves the process its copy;
    Windows refuses that, but lets the file be renamed, and a later run removes it.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [string] $Path,

    [Parameter(Mandatory)]
    [string] $Destination
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$folder = Split-Path -Path $Destination
$null = New-Item -Path $folder -ItemType Directory -Force
Get-ChildItem -LiteralPath $folder -Filter '*.old' | Remove-Item -Force -ErrorAction Ignore

if (Test-Path -LiteralPath $Destination) {
    if ((Get-FileHash -LiteralPath $Path).Hash -eq (Get-FileHash -LiteralPath $Destination).Hash) {
        return
    }

    try {
        Remove-Item -LiteralPath $Destination -Force
    } catch {
        Move-Item -LiteralPath $Destination -Destination ('{0}.{1:N}.old' -f $Destination, [guid]::NewGuid())
    }
}

Copy-Item -LiteralPath $Path -Destination $Destination
