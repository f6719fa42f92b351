<#
.SYNOPSIS
    Says how much of src/Core ran, and which lines did not, from the Cobertura report below a folder.
#>
[CmdletBinding()]
[OutputType([string])]
param(
    [Parameter(Mandatory)]
    [string] $Path
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

function Format-LineRange {
    [CmdletBinding()]
    [OutputType([string])]
    param(
        # Ascending line numbers.
        [Parameter(Mandatory)]
        [int[]] $Number
    )

    $ranges = [System.Collections.Generic.List[string]]::new()
    $first = $last = $Number[0]
    foreach ($value in @($Number | Select-Object -Skip 1) + [int]::MaxValue) {
        if ($value -ne $last + 1) {
            $ranges.Add((@($first, $last) | Select-Object -Unique) -join '-')
            $first = $value
        }

        $last = $value
    }

    $ranges -join ', '
}

$report = Get-ChildItem -Path $Path -Filter 'coverage.cobertura.xml' -Recurse -ErrorAction Ignore | Select-Object -First 1
if (-not $report) {
    return 'coverage: no report was written'
}

$cobertura = [xml] (Get-Content -LiteralPath $report.FullName -Raw)
# Several classes can share a file, and a line can appear under more than one of them.
$files = $cobertura.SelectNodes('//class') | Group-Object -Property { $_.GetAttribute('filename') } | ForEach-Object {
    $lines = @($_.Group | ForEach-Object { $_.SelectNodes('lines/line') } | Group-Object -Property { $_.GetAttribute('number') })
    $missed = @($lines | Where-Object { -not ($_.Group | Where-Object { [int64] $_.GetAttribute('hits') -gt 0 }) })
    [pscustomobject] @{
        File   = $_.Name -replace '^.*(?=src[\\/])'
        Lines  = $lines.Count
        Missed = @($missed | ForEach-Object { [int] $_.Name } | Sort-Object)
    }
}
$total = [int] ($files | Measure-Object -Property Lines -Sum).Sum
$missedTotal = [int] ($files | ForEach-Object { $_.Missed.Count } | Measure-Object -Sum).Sum
$share = 100.0 * ($total - $missedTotal) / [Math]::Max($total, 1)
$note = @("coverage: $($share.ToString('0.0', [cultureinfo]::InvariantCulture)) % of $total lines of src/Core")
$note += $files | Where-Object { $_.Missed.Count -gt 0 } | Sort-Object -Property { $_.Missed.Count } -Descending | ForEach-Object {
    "    {0,5} not run  {1}: {2}" -f $_.Missed.Count, $_.File, (Format-LineRange -Number $_.Missed)
}
$note -join "`n    "
