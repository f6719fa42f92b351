<#
.SYNOPSIS
    Audits the WebSocket servers of a CSV file, writes a page, and says by its exit code how it went: a nightly job.

.DESCRIPTION
    The file has a column Uri, and if needed Name, SubProtocol and Origin. Every check of Test-WsServer is made that is not
    intrusive. Exit codes:

        0  nothing is wrong
        1  one or more checks failed with at least the severity of -Severity, or a server could not be reached
        2  the checks failed or warned below that

    What is wrong is listed on the output, worst first; the page has everything. Accepted findings stand in a CSV file with the columns
    Uri and Check: they are on the page, and count no more. Audit what is yours, or what its owner let you audit.

.EXAMPLE
    pwsh -File ./examples/Test-ServerFleet.ps1 -Path fleet.csv -ReportPath audit.html -AcceptedPath accepted.csv
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [string] $Path,

    [Parameter(Mandatory)]
    [string] $ReportPath,

    [string] $AcceptedPath,

    [ValidateSet('low', 'medium', 'high')]
    [string] $Severity = 'medium',

    [ValidateRange(1, 3600)]
    [double] $TimeoutSeconds = 5
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath 'WebSocket.psd1')

$accepted = @($AcceptedPath ? (Import-Csv -LiteralPath $AcceptedPath).ForEach({ "$($_.Uri) $($_.Check)" }) : @())
$quiet = @{ ErrorAction = 'SilentlyContinue'; InformationAction = 'Ignore' }
$findings = @(Import-Csv -LiteralPath $Path | Test-WsServer -TimeoutSeconds $TimeoutSeconds -ErrorVariable unreached @quiet)
$findings | Export-WsReport -Path $ReportPath -Title "Servers of $(Split-Path -Path $Path -Leaf)"

$order = 'high', 'medium', 'low'
$wrong = @($findings | Where-Object { $_.Result -in 'Failed', 'Warning' -and "$($_.Uri) $($_.Check)" -notin $accepted })
$grave = @($wrong | Where-Object { $_.Result -eq 'Failed' -and $order.IndexOf($_.Severity) -le $order.IndexOf($Severity) })
$servers = @($findings.Uri | Select-Object -Unique).Count
"$servers servers audited, $($grave.Count) findings of severity $Severity or more, $($wrong.Count) in all, " +
"$($unreached.Count) servers not reached."
$unreached | ForEach-Object { "not reached: $_" }
$wrong | Sort-Object -Property { $order.IndexOf($_.Severity) }, Uri, Check | Select-Object -Property Severity, Result, Uri, Check, Evidence

exit $grave -or $unreached ? 1 : $wrong ? 2 : 0
