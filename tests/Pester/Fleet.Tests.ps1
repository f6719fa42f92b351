#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# Five thousand endpoints in one command, a third of them broken in assorted ways.

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer -ArgumentList '--raw', '--tls'
    $root = [System.Security.Cryptography.X509Certificates.X509Certificate2]::CreateFromPem($server.caCertificatePem)

    # How many there are of each kind, where they are, and what has to come out. The silent ones come first: they take as long as the
    # timeout lets them, and the others are done meanwhile.
    $kinds = @(
        @{ Count = 20; Address = $server.faults.'says-nothing'; Status = 'Timeout' }
        @{ Count = 5; Address = $server.faults.'tls-handshake-stalls'; Status = 'Timeout' }
        @{ Count = 2034; Address = Get-Address -Path 'echo'; Status = 'Ok' }
        @{ Count = 200; Address = $server.faults.'refused-port'; Status = 'CannotConnect' }
        @{ Count = 500; Address = Get-Address -Path 'silent'; Status = 'Ok' }
        @{ Count = 200; Address = Get-Address -Path 'status/403'; Status = 'Forbidden' }
        @{ Count = 100; Address = Get-Address -Path 'status/503'; Status = 'ServiceUnavailable' }
        @{ Count = 200; Address = "$($server.raw)echo"; Status = 'Ok' }
        @{ Count = 200; Address = $server.faults.'closes-at-once'; Status = 'ConnectionAborted' }
        @{ Count = 400; Address = Get-Address -Path 'echo' -Secure; Status = 'Ok' }
        @{ Count = 100; Address = $server.faults.'certificate-expired'; Status = 'CertificateExpired' }
        @{ Count = 50; Address = $server.faults.'certificate-wrong-name'; Status = 'CertificateCommonNameIsIncorrect' }
        @{ Count = 50; Address = $server.faults.'certificate-self-signed'; Status = 'CertificateIsInvalid' }
        @{ Count = 200; Address = Get-Address -Path 'subprotocol'; Status = 'Ok' }
        @{ Count = 100; Address = $server.faults.'garbage-bytes'; Status = 'ErrorHttpInvalidServerResponse' }
        @{ Count = 100; Address = $server.faults.'accept-wrong'; Status = 'ErrorHttpInvalidServerResponse' }
        @{ Count = 100; Address = $server.faults.'body-instead-of-upgrade'; Status = 'UnexpectedStatusCode' }
        @{ Count = 100; Address = Get-Address -Path 'close?code=4001'; Status = 'ConnectionClosed' }
        @{ Count = 141; Address = 'http://host.example/'; Status = 'InvalidUri' }
        @{ Count = 100; Address = 'ws://[broken/'; Status = 'InvalidUri' }
        @{ Count = 100; Address = 'ws://unknown.invalid/'; Status = 'HostNameNotResolved' }
    )
    $wanted = @{}
    $fleet = foreach ($kind in $kinds) {
        foreach ($number in 1..$kind.Count) {
            $address = "$($kind.Address)$($kind.Address.Contains('?') ? '&' : '?')n=$number"
            $wanted[$address] = $kind.Status
            [pscustomobject] @{ Uri = $address }
        }
    }
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket'
}

Describe 'A fleet of 5,000 endpoints' {
    BeforeAll {
        $heap = [System.Collections.Generic.List[long]]::new()
        $got = @{}
        $failed = [System.Collections.Generic.List[object]]::new()
        $fleet | Test-WsEndpoint -TrustedRoot $root -ThrottleLimit 64 -TimeoutSeconds 10 | ForEach-Object {
            $got[$_.Uri] = $_.Status
            if ($_.Status -ne $wanted[$_.Uri]) {
                $failed.Add($_)
            }
            if ($got.Count -in 500, 4900) {
                $heap.Add([gc]::GetTotalMemory($true))
            }
        }
    }

    It 'has a third that is broken' {
        $wanted.Count | Should -Be 5000
        @($wanted.Values -ne 'Ok').Count | Should -Be 1666
    }

    It 'is probed with the right result for each' {
        ($failed | Select-Object -First 10 | ForEach-Object { "$($_.Uri): $($_.Status), not $($wanted[$_.Uri]). $($_.Error)" }) -join "`n" |
            Should -BeNullOrEmpty
        $got.Count | Should -Be 5000
    }

    It 'takes no memory but for the results' {
        # What the endpoints left behind, ten times as many of them.
        $heap[1] - $heap[0] | Should -BeLessThan 40MB
    }
}
