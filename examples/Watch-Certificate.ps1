<#
.SYNOPSIS
    Tells which certificates of wss:// endpoints expire soon: for a daily job, or as a check of a monitoring system.

.DESCRIPTION
    Emits one object for each certificate, the first to expire first, with the endpoints that use it. Certificates that are refused,
    because they have expired for example, count too: no check is switched off for that. Endpoints that show no certificate are
    emitted with the state Unknown. The exit code is that of the worst state, as monitoring systems expect it: 0 Ok, 1 Warning,
    2 Critical, 3 Unknown.

.EXAMPLE
    Get-Content endpoints.txt | ./examples/Watch-Certificate.ps1 -WarningDays 30 -CriticalDays 7
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory, ValueFromPipeline)]
    [string[]] $Uri,

    [int] $WarningDays = 30,

    [int] $CriticalDays = 7,

    [int] $TimeoutSeconds = 10
)

begin {
    Set-StrictMode -Version Latest
    $ErrorActionPreference = 'Stop'
    Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath 'WebSocket.psd1')
    $addresses = [System.Collections.Generic.List[string]]::new()
}

process { $addresses.AddRange($Uri) }

end {
    $results = @($addresses | Test-WsEndpoint -TimeoutSeconds $TimeoutSeconds)
    $dated = $results | Where-Object { $null -ne $_.CertificateExpires }
    $certificates = @($dated | Group-Object -Property CertificateSubject, CertificateExpires | ForEach-Object {
            $one = $_.Group[0]
            $days = $one.CertificateDaysLeft
            [pscustomobject] @{
                State     = $days -lt $CriticalDays ? 'Critical' : $days -lt $WarningDays ? 'Warning' : 'Ok'
                DaysLeft  = $days
                Expires   = $one.CertificateExpires
                Subject   = $one.CertificateSubject
                Endpoints = @($_.Group.Uri | Sort-Object)
            }
        } | Sort-Object -Property DaysLeft, Subject)
    $unknown = @($results | Where-Object { $null -eq $_.CertificateExpires } | Sort-Object -Property Uri | ForEach-Object {
            [pscustomobject] @{
                State = 'Unknown'; DaysLeft = $null; Expires = $null; Subject = $_.Error ?? 'No certificate'; Endpoints = @($_.Uri)
            }
        })
    $certificates
    $unknown

    $states = @(@($certificates) + $unknown | ForEach-Object { $_.State })
    exit $states -contains 'Critical' ? 2 : $states -contains 'Warning' ? 1 : $states -contains 'Unknown' ? 3 : 0
}
