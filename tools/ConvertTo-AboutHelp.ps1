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

# The layout of about topics: headings at the margin, text four columns in and within 80, because Get-Help breaks no line of them. It
# takes the fifth line for the synopsis.
$topic = [System.IO.Path]::GetFileNameWithoutExtension($Path)
$lines = [System.Collections.Generic.List[string]] @('TOPIC', "    $topic", '')
$words = [System.Collections.Generic.List[string]]::new()

function Add-Paragraph {
    $line = '   '
    foreach ($word in $words) {
        if ($line.Length + 1 + $word.Length -gt 80) {
            $lines.Add($line)
            # The lines of an item begin where its text does.
            $line = $words[0] -eq '-' ? '     ' : '   '
        }

        $line += " $word"
    }

    if ($words) {
        $lines.Add($line)
        $words.Clear()
    }
}

$inFrontMatter = $false
$inCode = $false
$number = 0
foreach ($line in Get-Content -LiteralPath $Path) {
    $number++
    if ($line -eq '---' -and ($number -eq 1 -or $inFrontMatter)) {
        $inFrontMatter = -not $inFrontMatter
        continue
    } elseif ($inFrontMatter -or $line -eq "# $topic") {
        continue
    }

    # A line of text goes on with the one before, unless it begins an item of a list.
    $isText = -not $inCode -and $line.Trim() -and $line -notmatch '^#+\s|^\s*```'
    if (-not $isText -or $line -match '^- ') {
        Add-Paragraph
    }

    if ($line -match '^\s*```') {
        $inCode = -not $inCode
    } elseif ($inCode) {
        $lines.Add((' ' * 8 + $line).TrimEnd())
    } elseif ($line -match '^#+\s+(.+)$') {
        $lines.Add($Matches[1].ToUpperInvariant())
    } elseif ($isText) {
        # Links lead nowhere in a terminal.
        $words.AddRange([string[]] (($line -replace '\[([^\]]+)\]\([^)]*\)', '$1') -split '\s+' -ne ''))
    } elseif ($lines[$lines.Count - 1] -match '^\s') {
        $lines.Add('')
    }
}

Add-Paragraph
$lines -join "`n"
