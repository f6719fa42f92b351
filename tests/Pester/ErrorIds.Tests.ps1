#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

BeforeDiscovery {
    $root = Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath '..' -Resolve
    Import-Module -Name (Join-Path -Path $root -ChildPath 'WebSocket.psd1')
    $refusals = foreach ($status in [enum]::GetValues([MessageWebSockets.WebErrorStatus]) | Where-Object { [int] $_ -ge 300 }) {
        @{ Id = "$status"; Http = [int] $status }
    }
    $refusals += @(
        @{ Id = 'UnexpectedRedirection'; Http = 308 }
        @{ Id = 'UnexpectedClientError'; Http = 418 }
        @{ Id = 'UnexpectedServerError'; Http = 599 }
        @{ Id = 'UnexpectedStatusCode'; Http = 200 }
    )
}

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer
    $refused = [enum]::GetNames([MessageWebSockets.WebErrorStatus]).Where({ [int] [MessageWebSockets.WebErrorStatus] $_ -ge 300 })
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket'
}

Describe 'The error id of a refused connect' {
    It 'is <Id> for the status <Http>' -ForEach $refusals {
        $failure = Get-Failure { Connect-MessageWebSocket (Get-Address -Path "status/$Http") -MaximumRedirection 0 }
        $failure.FullyQualifiedErrorId | Should -BeExactly "$Id,MessageWebSockets.PowerShell.ConnectMessageWebSocketCommand"
        [int] $failure.Exception.HttpStatusCode | Should -Be $Http
        "$failure" | Should -BeLike "*$Http*"
    }

    It 'is RedirectFailed for more redirects than -MaximumRedirection' {
        $to = [uri]::EscapeDataString((Get-Address -Path 'redirect'))
        $failure = Get-Failure { Connect-MessageWebSocket (Get-Address -Path "redirect?to=$to") -MaximumRedirection 1 }
        $failure.FullyQualifiedErrorId | Should -BeLike 'RedirectFailed,*'
    }
}

Describe 'Every other error id' {
    It 'is raised in a test, or said to be of no use here' {
        $page = Get-Content -LiteralPath (Join-Path -Path $repository -ChildPath 'docs/help/about_WebSocket_Errors.md') -Raw
        $unused = [regex]::Match($page, '(?s)- ((?:`\w+`,?\s+)+`\w+`):\s+Not used').Groups[1].Value
        $unused | Should -Not -BeNullOrEmpty

        # This version of PowerShell has its JSON; and no cause is known that fits no id.
        $without = @('JsonNotAvailable', 'WebSocketFailure') + [regex]::Matches($unused, '\w+').Value
        $tests = (Get-ChildItem -Path $PSScriptRoot -Filter '*.Tests.ps1' | Get-Content -Raw) -join "`n"
        $ofCertificates = Join-Path -Path $repository -ChildPath 'tests/Core.Tests/Handshake/ServerCertificateTests.cs'
        $tests += Get-Content -LiteralPath $ofCertificates -Raw
        $missing = foreach ($item in [regex]::Matches($page, '(?ms)^- (`[A-Z].*?):')) {
            [regex]::Matches($item.Groups[1].Value, '`([A-Z]\w+)`').ForEach({ $_.Groups[1].Value }).Where({
                $_ -notin $without + $refused -and $tests -cnotmatch "\b$_\b"
            })
        }
        $missing | Should -BeNullOrEmpty
    }
}
