#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
}

AfterAll {
    Remove-Module -Name 'WebSocket'
}

Describe 'A socket as text' {
    It 'shows no password however it is converted' {
        $secret = 'correct-horse-battery'
        $credential = [pscredential]::new('admin', (ConvertTo-SecureString -String $secret -AsPlainText -Force))
        $settings = @{
            Credential                     = $credential
            AllowUnencryptedAuthentication = $true
            Proxy                          = 'http://127.0.0.1:9'
            ProxyCredential                = $credential
        }
        $socket = New-MessageWebSocket @settings
        $texts = @(
            $socket | ConvertTo-Json -Depth 4 -WarningAction Ignore
            $socket.Control | Format-List -Property * | Out-String
            $socket | Format-List -Property * | Out-String
            [System.Management.Automation.PSSerializer]::Serialize($socket, 4)
        )

        $socket.Control.ServerCredential | Should -Not -BeNullOrEmpty
        $socket.Control.ProxyCredential | Should -Not -BeNullOrEmpty
        $texts -join "`n" | Should -Not -Match $secret
    }
}
