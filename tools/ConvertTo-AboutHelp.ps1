<#
.SYNOPSIS
    Gives the about text of Get-Help for an about page in Markdown. Microsoft.PowerShell.PlatyPS has no command for these pages.
#>
[CmdletBinding()]
[OutputType([string])]
param(
    [Parameter(Mandatory)]
    [string] $Path
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# The layout of about topics: headings at the margin, text four columns in. Get-Help takes the fifth line for the synopsis.
$topic = [System.IO.Path]::GetFileNameWithoutExtension($Path)
$lines = [System.Collections.Generic.List[string]] @('TOPIC', "    $topic", '')
$inFrontMatter = $false
$inCode = $false
$number = 0
foreach ($line in Get-Content -LiteralPath $Path) {
    $number++
    if ($line -eq '---' -and ($number -eq 1 -or $inFrontMatter)) {
        $inFrontMatter = -not $inFrontMatter
    } elseif ($inFrontMatter -or $line -eq "# $topic") {
        continue
    } elseif ($line -match '^\s*```') {
        $inCode = -not $inCode
    } elseif (-not $inCode -and $line -match '^#+\s+(.+)$') {
        $lines.Add($Matches[1].ToUpperInvariant())
    } elseif ($line.Trim() -or $lines[$lines.Count - 1] -match '^\s') {
        # Links lead nowhere in a terminal.
        $text = if ($inCode) { ' ' * 8 + $line } else { ' ' * 4 + ($line -replace '\[([^\]]+)\]\([^)]*\)', '$1') }
        $lines.Add($text.TrimEnd())
    }
}

$lines -join "`n"
