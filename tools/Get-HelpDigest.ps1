<#
.SYNOPSIS
    The digest of the pages in docs/help, by which en-US says what it was made from. Line ends do not count.
#>
[CmdletBinding()]
[OutputType([string])]
param()

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$pages = Join-Path -Path (Split-Path -Path $PSScriptRoot) -ChildPath 'docs' -AdditionalChildPath 'help'
$paths = [System.IO.Directory]::GetFiles($pages, '*.md')
[Array]::Sort($paths, [System.StringComparer]::Ordinal)
$text = $paths | ForEach-Object { [System.IO.Path]::GetFileName($_) + "`n" + [System.IO.File]::ReadAllText($_).ReplaceLineEndings("`n") }
[Convert]::ToHexString([System.Security.Cryptography.SHA256]::HashData([System.Text.Encoding]::UTF8.GetBytes($text -join "`n")))
