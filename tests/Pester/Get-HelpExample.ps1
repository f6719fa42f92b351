<#
.SYNOPSIS
    Finds the examples in Markdown pages: every ```powershell block, with what the page says comes of it.

.DESCRIPTION
    Blocks with the heading ```powershell are examples and are run; others are not. An ```output block behind one is what the
    screen shows. Text between an example and the next one, or the next heading, names each error that the example is there to
    show: the error `ReceiveTimeout`.
#>
[CmdletBinding()]
[OutputType([hashtable])]
param(
    [Parameter(Mandatory)]
    [string[]] $Path
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

foreach ($page in $Path) {
    $heading = ''
    $language = $null
    $example = $null
    $lines = [System.Collections.Generic.List[string]]::new()
    $examples = [System.Collections.Generic.List[hashtable]]::new()
    foreach ($line in Get-Content -LiteralPath $page) {
        if ($null -ne $language) {
            if ($line -match '^```\s*$') {
                if ($language -eq 'powershell') {
                    $example = @{
                        Page = Split-Path -Path $page -LeafBase; Heading = $heading; Index = $examples.Count; Code = $lines -join "`n"
                        Output = $null; Errors = @()
                    }
                    $examples.Add($example)
                } elseif ($language -eq 'output' -and $example) {
                    $example.Output = $lines -join "`n"
                }

                $language = $null
            } else {
                $lines.Add($line)
            }
        } elseif ($line -match '^```(\w*)') {
            $language = $Matches[1]
            $lines.Clear()
        } elseif ($line -match '^#+\s+(.+?)\s*$') {
            $heading = $Matches[1]
            $example = $null
        } elseif ($example) {
            $example.Errors += @([regex]::Matches($line, 'the error `(\w+)`').ForEach({ $_.Groups[1].Value }))
        }
    }

    # Where a heading has several examples, their names tell them apart.
    foreach ($group in $examples | Group-Object -Property { $_.Heading }) {
        for ($index = 0; $index -lt $group.Count; $index++) {
            $group.Group[$index].Name = $group.Count -gt 1 ? "$($group.Name), $($index + 1)" : $group.Name
        }
    }

    $examples
}
