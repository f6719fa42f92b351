#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer -ArgumentList '--raw', '--tls'
    $root = [System.Security.Cryptography.X509Certificates.X509Certificate2]::CreateFromPem($server.caCertificatePem)
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket'
}

Describe 'New-MessageWebSocket' {
    AfterEach { Close-EverySocket }

    It 'makes a socket that is not connected and that the session knows' {
        $socket = New-MessageWebSocket
        $socket.State | Should -Be 'Created'
        $WsSession.Sockets | Should -Be $socket
        $WsSession.Current | Should -BeNullOrEmpty
    }

    It 'has every parameter that Connect-MessageWebSocket has for a connection' {
        $ofConnect = 'Uri', 'Socket', 'SessionVariable', 'AutoReconnect', 'MaximumRetryCount', 'RetryIntervalSec'
        $missing = (Get-Command Connect-MessageWebSocket).Parameters.Keys.Where(
            { $_ -notin $ofConnect -and $_ -notin (Get-Command New-MessageWebSocket).Parameters.Keys })
        $missing | Should -BeNullOrEmpty
    }

    It 'brings its parameters to the Control' {
        $parameters = @{
            SubProtocol = 'v1', 'v2'; MessageType = 'Utf8'; MaxMessageSize = 1234; ReceiveMode = 'PartialMessage'; InboxLimit = 5678
            InboxFullMode = 'DropOldest'; ConnectionTimeoutSeconds = 7; KeepAliveIntervalSeconds = 8; KeepAliveTimeoutSeconds = 0
            SslProtocol = 'Tls13'; MaximumRedirection = 3; NoProxy = $true; Compression = $true; UnixSocket = '/tmp/x.sock'
            IgnoreCertificateError = 'Expired', 'InvalidName'; SendBufferSize = 9999; PinnedCertificateSha256 = '0a' * 32
        }
        $control = (New-MessageWebSocket @parameters).Control
        $control.SupportedProtocols | Should -Be 'v1', 'v2'
        $control.MessageType | Should -Be 'Utf8'
        $control.MaxMessageSize | Should -Be 1234
        $control.ReceiveMode | Should -Be 'PartialMessage'
        $control.InboxLimitInBytes | Should -Be 5678
        $control.InboxFullMode | Should -Be 'DropOldest'
        $control.ConnectTimeout.TotalSeconds | Should -Be 7
        $control.DesiredUnsolicitedPongInterval.TotalSeconds | Should -Be 8
        $control.KeepAliveTimeout.TotalSeconds | Should -Be 0
        $control.SslProtocols | Should -Be 'Tls13'
        $control.MaximumRedirection | Should -Be 3
        $control.UseProxy | Should -BeFalse
        $control.Compression | Should -Not -BeNullOrEmpty
        $control.UnixSocketPath | Should -Be '/tmp/x.sock'
        $control.IgnorableServerCertificateErrors | Should -Be 'Expired', 'InvalidName'
        $control.OutboundBufferSizeInBytes | Should -Be 9999
        $control.PinnedCertificateSha256 | Should -Be ('0a' * 32)
    }

    It 'brings its headers and cookies into the request' {
        $cookies = [System.Net.CookieContainer]::new()
        $cookies.Add([System.Net.Cookie]::new('mine', '1', '/', '127.0.0.1'))
        $socket = New-MessageWebSocket -Headers @{ 'X-One' = 1 } -UserAgent 'Probe/1.0' -Origin 'https://page.example' -Cookies $cookies
        $null = Connect-MessageWebSocket -Socket $socket -Uri (Get-Address -Path 'headers')
        $seen = Receive-WsMessage -Socket $socket -FromJson
        $seen.'X-One' | Should -Be '1'
        $seen.'User-Agent' | Should -Be 'Probe/1.0'
        $seen.Origin | Should -Be 'https://page.example'
        $seen.Cookie | Should -Be 'mine=1'
        (Get-Failure { New-MessageWebSocket -Headers @{ 'Upgrade' = 'h2c' } }).FullyQualifiedErrorId | Should -BeLike 'InvalidHeader,*'
        (Get-Failure { New-MessageWebSocket -UserAgent "a`nb" }).FullyQualifiedErrorId | Should -BeLike 'InvalidHeader,*'
        (Get-Failure { New-MessageWebSocket -Origin "a`nb" }).FullyQualifiedErrorId | Should -BeLike 'InvalidHeader,*'
    }

    It 'brings credentials, certificates and the proxy to the Control' {
        $credential = [pscredential]::new('user', (ConvertTo-SecureString -String 'pass' -AsPlainText -Force))
        $certificate = [System.Security.Cryptography.X509Certificates.X509Certificate2]::CreateFromPem(
            $server.clientCertificatePem, $server.clientKeyPem)
        $parameters = @{
            Credential = $credential; Certificate = $certificate; Proxy = 'http://127.0.0.1:9'; ProxyCredential = $credential
            SkipCertificateCheck = $true
        }
        $control = (New-MessageWebSocket @parameters).Control
        $control.ServerCredential.GetCredential('wss://localhost/', 'Digest').Password | Should -Be 'pass'
        $control.ProxyCredential.GetCredential('http://127.0.0.1:9', 'Basic').UserName | Should -Be 'user'
        $control.ClientCertificate.Thumbprint | Should -Be $certificate.Thumbprint
        $control.Proxy | Should -Be ([uri] 'http://127.0.0.1:9')
        $control.IgnorableServerCertificateErrors | Should -Contain 'Untrusted'
        (New-MessageWebSocket -UseDefaultCredentials).Control.ServerCredential |
            Should -Be ([System.Net.CredentialCache]::DefaultCredentials)
        # Nothing of a user name and password sent at once is left for a challenge.
        (New-MessageWebSocket -Credential $credential -Authentication Basic).Control.ServerCredential | Should -BeNullOrEmpty
        (Get-Failure { New-MessageWebSocket -Authentication Basic }).FullyQualifiedErrorId | Should -BeLike 'InvalidSetting,*'
        (Get-Failure { New-MessageWebSocket -Credential $credential -UseDefaultCredentials }).FullyQualifiedErrorId |
            Should -BeLike 'ParameterConflict,*'
        (Get-Failure { New-MessageWebSocket -ProxyCredential $credential -NoProxy }).FullyQualifiedErrorId |
            Should -BeLike 'ParameterConflict,*'
        (Get-Failure { New-MessageWebSocket -Proxy 'ftp://127.0.0.1:9' }).FullyQualifiedErrorId | Should -BeLike 'InvalidSetting,*'
        (Get-Failure { New-MessageWebSocket -CertificateThumbprint ('AB' * 20) }).FullyQualifiedErrorId |
            Should -BeLike 'CertificateNotFound,*'
    }

    It 'refuses a name that another socket has' {
        $null = New-MessageWebSocket -Name one
        (Get-Failure { New-MessageWebSocket -Name one }).FullyQualifiedErrorId |
            Should -BeExactly 'SocketNameInUse,MessageWebSockets.PowerShell.NewMessageWebSocketCommand'
    }

    It 'refuses settings that cannot be' {
        (Get-Failure { New-MessageWebSocket -PinnedCertificateSha256 'xyz' }).FullyQualifiedErrorId | Should -BeLike 'InvalidSetting,*'
        { New-MessageWebSocket -MaxMessageSize 0 } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
    }

    It 'pushes messages to Register-ObjectEvent handlers' {
        $socket = New-MessageWebSocket -Name pushed
        Register-ObjectEvent -InputObject $socket -EventName MessageReceived -SourceIdentifier 'ws.message'
        Register-ObjectEvent -InputObject $socket -EventName Closed -SourceIdentifier 'ws.closed'
        try {
            $null = Connect-MessageWebSocket -Socket $socket -Uri (Get-Address -Path 'say?text=one&text=two')
            # Of several events that wait, Wait-Event may give any; their numbers tell the order they came in.
            $events = 1..2 | ForEach-Object {
                $received = Wait-Event -SourceIdentifier 'ws.message' -Timeout 60
                Remove-Event -EventIdentifier $received.EventIdentifier
                $received
            }
            $texts = ($events | Sort-Object -Property EventIdentifier).SourceEventArgs.Message.Text
            $texts | Should -Be 'one', 'two'
            Close-MessageWebSocket -Socket $socket -Code 1000
            (Wait-Event -SourceIdentifier 'ws.closed' -Timeout 60).SourceEventArgs.Code | Should -Be 1000
        } finally {
            Get-EventSubscriber | Where-Object SourceObject -EQ $socket | Unregister-Event
            Get-Event -SourceIdentifier 'ws.*' | Remove-Event
        }
    }

    It 'cannot be read from when its messages go to handlers' {
        $socket = New-MessageWebSocket
        $null = Register-ObjectEvent -InputObject $socket -EventName MessageReceived -Action { }
        try {
            $null = Connect-MessageWebSocket -Socket $socket -Uri (Get-Address -Path 'echo')
            (Get-Failure { Receive-WsMessage -Socket $socket }).FullyQualifiedErrorId | Should -BeLike 'MessagesGoToHandlers,*'
            (Get-Failure { Invoke-WsRequest 'x' -Socket $socket }).FullyQualifiedErrorId | Should -BeLike 'MessagesGoToHandlers,*'
        } finally {
            Get-EventSubscriber | Where-Object SourceObject -EQ $socket | Unregister-Event
        }
    }

    It 'lets PowerShell take its handlers back once it is connected, and a process with handlers end' {
        $program = {
            param($Manifest, $Address)
            $ErrorActionPreference = 'Stop'
            Import-Module $Manifest
            $socket = New-MessageWebSocket
            $null = Register-ObjectEvent -InputObject $socket -EventName MessageReceived -SourceIdentifier taken
            $null = Register-ObjectEvent -InputObject $socket -EventName Closed -SourceIdentifier left
            $null = Connect-MessageWebSocket -Socket $socket -Uri $Address
            Unregister-Event -SourceIdentifier taken
            "$($socket.State)"
        }
        $output = pwsh -NoProfile -NonInteractive -Command $program -args "$repository/WebSocket.psd1", (Get-Address -Path 'echo')
        $LASTEXITCODE | Should -Be 0
        $output | Should -Be 'Open'
    }

    It 'refuses every certificate when -CertificateValidation has no cmdlet to run in' {
        $socket = New-MessageWebSocket -TrustedRoot $root -CertificateValidation { $true }
        { $socket.ConnectAsync((Get-Address -Path 'echo' -Secure)).GetAwaiter().GetResult() } | Should -Throw '*custom validation*'
        (Connect-MessageWebSocket -Socket $socket -Uri (Get-Address -Path 'echo' -Secure)).State | Should -Be 'Open'
    }

    It 'remembers that it carries credentials' {
        $socket = New-MessageWebSocket -Token (ConvertTo-SecureString -String 'x' -AsPlainText -Force)
        (Get-Failure { Connect-MessageWebSocket -Socket $socket -Uri (Get-Address -Path 'echo') }).FullyQualifiedErrorId |
            Should -BeLike 'UnencryptedAuthentication,*'
        (Connect-MessageWebSocket -Socket $socket -Uri (Get-Address -Path 'echo') -AllowUnencryptedAuthentication).State | Should -Be 'Open'
    }
}

Describe 'Get-MessageWebSocket' {
    AfterEach { Close-EverySocket }

    It 'lists the sockets of the session, oldest first' {
        $null = 'b', 'a' | ForEach-Object { New-MessageWebSocket -Name $_ }
        (Get-MessageWebSocket).Name | Should -Be 'b', 'a'
    }

    It 'is empty and silent without any' {
        Get-MessageWebSocket -ErrorAction Stop | Should -BeNullOrEmpty
    }

    It 'selects by wildcards, whatever the case, from the pipeline too' {
        $null = 'feed-1', 'feed-2', 'log' | ForEach-Object { New-MessageWebSocket -Name $_ }
        (Get-MessageWebSocket -Name 'FEED*').Name | Should -Be 'feed-1', 'feed-2'
        ('log', 'feed-1' | Get-MessageWebSocket).Name | Should -Be 'log', 'feed-1'
    }

    It 'reports a name that is not there, and is silent about wildcards without a match' {
        $null = New-MessageWebSocket -Name here
        $failure = Get-Failure { Get-MessageWebSocket -Name gone }
        $failure.FullyQualifiedErrorId | Should -BeLike 'SocketNotFound,*'
        $failure.ErrorDetails.RecommendedAction | Should -BeLike '*here*'
        Get-MessageWebSocket -Name 'gone*' -ErrorAction Stop | Should -BeNullOrEmpty
        { Get-MessageWebSocket -Name '' } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
    }

    It 'completes names' {
        $null = New-MessageWebSocket -Name 'my feed'
        (TabExpansion2 'Get-MessageWebSocket -Name my').CompletionMatches.CompletionText | Should -Be "'my feed'"
    }

    It 'lists a socket that its server closed until the user closes it' {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'close?code=1000')
        $null = Get-Failure { Receive-WsMessage }
        (Get-MessageWebSocket).State | Should -Be 'Closed'
        Close-MessageWebSocket -Socket $socket
        Get-MessageWebSocket | Should -BeNullOrEmpty
    }
}
