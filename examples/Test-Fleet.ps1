<#
.SYNOPSIS
    Probes the endpoints of a CSV file, writes a report and the results, and says by its exit code how it went: a step for CI or cron.

.DESCRIPTION
    The file has a column Uri, and if needed SubProtocol and Origin. Exit codes:

        0  every endpoint works
        1  one or more do not
        2  all work, but a certificate expires within -MinimumDays

    The problems are listed on the output, the report has everything at a glance, and the results as CSV can be compared with those of
    another day.

.EXAMPLE
    pwsh -File ./examples/Test-Fleet.ps1 -Path fleet.csv -ReportPath probe.html -ResultPath results.csv
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [string] $Path,

    [Parameter(Mandatory)]
    [string] $ReportPath,

    [string] $ResultPath,

    # A file with the root certificate of a private authority.
    [string] $TrustedRootPath,

    [int] $MinimumDays = 14,

    [int] $ThrottleLimit = 32,

    [int] $TimeoutSeconds = 10
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath 'WebSocket.psd1')

$options = @{ ThrottleLimit = $ThrottleLimit; TimeoutSeconds = $TimeoutSeconds }
if ($TrustedRootPath) {
    $pem = Get-Content -LiteralPath $TrustedRootPath -Raw
    $options.TrustedRoot = [System.Security.Cryptography.X509Certificates.X509Certificate2]::CreateFromPem($pem)
}

$title = "Endpoints of $(Split-Path -Path $Path -Leaf)"
Import-Csv -LiteralPath $Path | Test-WsEndpoint @options -OutVariable results | Export-WsReport -Path $ReportPath -Title $title
if ($ResultPath) {
    $results | Sort-Object -Property Uri | Export-Csv -LiteralPath $ResultPath
}

$failed = @($results | Where-Object -Property Success -EQ $false)
$expiring = @($results | Where-Object { $null -ne $_.CertificateDaysLeft -and $_.CertificateDaysLeft -lt $MinimumDays })
"$($results.Count - $failed.Count) of $($results.Count) endpoints work, " +
    "$($expiring.Count) have a certificate that expires within $MinimumDays days."
$failed | Sort-Object -Property Status, Uri | Select-Object -First 50
$expiring | Where-Object Success | Sort-Object -Property CertificateDaysLeft | Select-Object -First 50

exit $failed ? 1 : $expiring ? 2 : 0
