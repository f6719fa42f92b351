#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $manifest = Join-Path -Path $repository -ChildPath 'WebSocket.psd1'

    # With its private key, for localhost alone.
    function New-ServerCertificate {
        $key = [System.Security.Cryptography.ECDsa]::Create()
        $request = [System.Security.Cryptography.X509Certificates.CertificateRequest]::new('CN=localhost', $key, 'SHA256')
        $names = [System.Security.Cryptography.X509Certificates.SubjectAlternativeNameBuilder]::new()
        $names.AddDnsName('localhost')
        $request.CertificateExtensions.Add($names.Build())
        $made = $request.CreateSelfSigned([datetime]::Now.AddDays(-1), [datetime]::Now.AddDays(30))
        # TLS of Windows wants a key that is stored.
        $pfx = $made.Export([System.Security.Cryptography.X509Certificates.X509ContentType]::Pfx)
        [System.Security.Cryptography.X509Certificates.X509CertificateLoader]::LoadPkcs12($pfx, $null)
    }

    # The status line of the answer to a request.
    function Get-HttpStatus {
        param([int] $Port, [string] $Path = '/', [hashtable] $Headers = @{})

        $client = [System.Net.Sockets.TcpClient]::new('127.0.0.1', $Port)
        try {
            $writer = [System.IO.StreamWriter]::new($client.GetStream())
            $writer.NewLine = "`r`n"
            $writer.WriteLine("GET $Path HTTP/1.1")
            $all = @{
                Host = 'localhost'; Upgrade = 'websocket'; Connection = 'Upgrade'; 'Sec-WebSocket-Key' = 'dGhlIHNhbXBsZSBub25jZQ=='
                'Sec-WebSocket-Version' = '13'
            }
            foreach ($name in $Headers.Keys) {
                $all[$name] = $Headers[$name]
            }

            $all.Keys.ForEach({ $writer.WriteLine("${_}: $($all[$_])") })
            $writer.WriteLine()
            $writer.Flush()
            [int] [System.IO.StreamReader]::new($client.GetStream()).ReadLine().Split(' ')[1]
        } finally {
            $client.Dispose()
        }
    }
}

AfterAll {
    Remove-Module -Name 'WebSocket'
}

Describe 'Start-WsEchoServer' {
    AfterEach {
        Close-EverySocket
        Stop-WsEchoServer
    }

    It 'sends text and bytes back as they came' {
        Start-WsEchoServer | Connect-MessageWebSocket | Should -Not -BeNullOrEmpty
        Send-WsMessage 'grüße 𝄞'
        Send-WsMessage ([byte[]] (0, 255, 7))
        $text, $binary = Receive-WsMessage -Count 2
        $text.Text | Should -BeExactly 'grüße 𝄞'
        $text.MessageType | Should -Be 'Utf8'
        $binary.Bytes | Should -Be 0, 255, 7
        $binary.MessageType | Should -Be 'Binary'
    }

    It 'emits a server that says where it is and what it did' {
        $server = Start-WsEchoServer
        $server | Should -BeOfType ([MessageWebSockets.WebSocketEchoServer])
        $server.Uri | Should -Be ([uri] "ws://127.0.0.1:$($server.Port)/")
        $server.State | Should -Be 'Listening'
        $server.Mode | Should -Be 'echo'
        $server.Started | Should -BeOfType ([datetime])
        $null = Connect-MessageWebSocket -Uri $server.Uri
        Invoke-WsRequest 'x' | Out-Null
        $server.Connections | Should -Be 1
        $server.Clients[0].MessagesReceived | Should -Be 1
        $server.MessagesReceived | Should -Be 1
        $server.MessagesSent | Should -Be 1
        $WsSession.Servers | Should -Be $server
    }

    It 'listens on -Port' {
        $free = (Start-WsEchoServer).Port
        Stop-WsEchoServer
        $server = Start-WsEchoServer $free
        $server.Port | Should -Be $free
        $server | Connect-MessageWebSocket | Should -Not -BeNullOrEmpty
    }

    It 'refuses a -Port that is in use or none' {
        $server = Start-WsEchoServer
        $failure = Get-Failure { Start-WsEchoServer -Port $server.Port }
        $failure.FullyQualifiedErrorId | Should -BeLike 'PortInUse,*'
        $failure.CategoryInfo.Category | Should -Be 'ResourceExists'
        $failure.ErrorDetails.RecommendedAction | Should -BeLike '*-Port*'
        (Get-Failure { Start-WsEchoServer -Port 65536 }).FullyQualifiedErrorId | Should -BeLike 'ParameterArgumentValidationError,*'
        (Get-Failure { Start-WsEchoServer -Port -1 }).FullyQualifiedErrorId | Should -BeLike 'ParameterArgumentValidationError,*'
        $WsSession.Servers | Should -HaveCount 1
    }

    It 'listens on an -Address, and warns when others can reach it' {
        (Get-Streams { Start-WsEchoServer -Address 127.0.0.1 }).Warning | Should -BeNullOrEmpty
        $open = Get-Streams { Start-WsEchoServer -Address 0.0.0.0 }
        "$($open.Warning)" | Should -BeLike '*listens on 0.0.0.0*without authentication*'
        $server = $open.Output[0]
        $server.Uri.Host | Should -Be ([System.Net.Dns]::GetHostName())
        Connect-MessageWebSocket "ws://127.0.0.1:$($server.Port)" | Should -Not -BeNullOrEmpty
    }

    It 'leaves nothing that listens where the warning ends it' {
        $port = (Start-WsEchoServer).Port
        Stop-WsEchoServer
        (Get-Failure { Start-WsEchoServer $port -Address 0.0.0.0 -WarningAction Stop }).FullyQualifiedErrorId |
            Should -BeLike 'ActionPreferenceStop,*'
        $WsSession.Servers | Should -BeNullOrEmpty
        (Start-WsEchoServer $port).Port | Should -Be $port
    }

    It 'refuses an -Address of another machine, and what is none' {
        (Get-Failure { Start-WsEchoServer -Address 192.0.2.1 }).FullyQualifiedErrorId | Should -BeLike 'CannotListen,*'
        $failure = Get-Failure { Start-WsEchoServer -Address 'not an address' }
        $failure.FullyQualifiedErrorId | Should -BeLike 'ParameterArgumentTransformationError,*'
        "$failure" | Should -BeLike '*127.0.0.1*'
        $WsSession.Servers | Should -BeNullOrEmpty
    }

    It 'sends to everybody with -Broadcast' {
        $server = Start-WsEchoServer -Broadcast
        $one = $server | Connect-MessageWebSocket
        $two = $server | Connect-MessageWebSocket
        Send-WsMessage 'all' -Socket $two
        (Receive-WsMessage -Socket $one).Text | Should -Be 'all'
        (Receive-WsMessage -Socket $two).Text | Should -Be 'all'
        $server.Mode | Should -Be 'broadcast'
    }

    Context '-Handler' {
        It 'answers with what the script puts out' {
            Start-WsEchoServer -Handler { $_.Text.ToUpper(); "$($_.MessageType) $($_.Length)" } | Connect-MessageWebSocket | Out-Null
            Send-WsMessage 'abc'
            (Receive-WsMessage -Count 2).Text | Should -Be 'ABC', 'Utf8 3'
        }

        It 'sends bytes as one binary message, whether they come in one piece or not, and a message as it came' {
            Start-WsEchoServer -Handler { [byte[]] (1, 2, 3); 'between'; , [byte[]] (4, 5); $_ } | Connect-MessageWebSocket | Out-Null
            Send-WsMessage ([byte[]] (9))
            $replies = Receive-WsMessage -Count 4
            $replies[0].Bytes | Should -Be 1, 2, 3
            $replies[1].Text | Should -Be 'between'
            $replies[2].Bytes | Should -Be 4, 5
            $replies[3].Bytes | Should -Be 9
            $replies.MessageType | Should -Be 'Binary', 'Utf8', 'Binary', 'Binary'
        }

        It 'answers nothing when there is no output' {
            Start-WsEchoServer -Handler { if ($_.Text -ne 'quiet') { $_.Text } } | Connect-MessageWebSocket | Out-Null
            'quiet', 'loud' | Send-WsMessage
            Receive-WsMessage -Raw | Should -Be 'loud'
        }

        It 'sends step by step what the script says step by step' {
            $gate = [System.Threading.ManualResetEventSlim]::new()
            Start-WsEchoServer -Handler { 'first'; $null = ($using:gate).Wait(60000); 'second' } | Connect-MessageWebSocket | Out-Null
            Send-WsMessage 'go'
            Receive-WsMessage -Raw | Should -Be 'first'
            $gate.Set()
            Receive-WsMessage -Raw | Should -Be 'second'
        }

        It 'has the client as its argument' {
            Start-WsEchoServer -Handler {
                param($client) "$($client.Path) $($client.Headers['X-Who']) $($client.Protocol)"
            } -SubProtocol a |
                Connect-MessageWebSocket -Headers @{ 'X-Who' = 'me' } -SubProtocol a | Out-Null
            (Invoke-WsRequest 'x').Text | Should -Be '/ me a'
        }

        It 'sees variables with $using: in code and in text, and no others' {
            $prefix = 'got'
            $other = 'unseen'
            $table = @{ key = 'value' }
            Start-WsEchoServer -Handler { "$using:prefix $($_.Text) $($using:table['key']) $using:prefix!$other" } |
                Connect-MessageWebSocket | Out-Null
            (Invoke-WsRequest 'x').Text | Should -Be 'got x value got!'
        }

        It 'splats a variable as @using:' {
            $json = @{ InputObject = @{ a = 1 }; Compress = $true }
            Start-WsEchoServer -Handler { ConvertTo-Json @using:json } | Connect-MessageWebSocket | Out-Null
            (Invoke-WsRequest 'x' -TimeoutSeconds 10).Text | Should -Be '{"a":1}'
        }

        It 'has variables of its own and of the session with $using: where it runs a block elsewhere' {
            $prefix = 'session'
            $own = 'not this'
            Start-WsEchoServer -Handler {
                $own = $_.Text
                1 | ForEach-Object -Parallel {
                    $inner = 'inner'
                    "$using:own $using:prefix $(& { $using:prefix }) $(1 | ForEach-Object -Parallel { $using:inner })"
                }
                & { "$using:own" }
            } | Connect-MessageWebSocket | Out-Null
            Send-WsMessage 'text'
            Receive-WsMessage -Count 2 -Raw | Should -Be 'text session session inner', 'not this'
        }

        It 'refuses a $using: variable that is not there' {
            $failure = Get-Failure { Start-WsEchoServer -Handler { $using:noSuchVariable } }
            $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidSetting,*'
            "$failure" | Should -BeLike '*noSuchVariable*'
            (Get-Failure { Start-WsEchoServer -Handler $null }).FullyQualifiedErrorId | Should -BeLike 'ParameterArgumentValidationError,*'
        }

        It 'closes the connection with 1011 when it throws, and leaves the others alone' {
            $server = Start-WsEchoServer -Handler { if ($_.Text -eq 'bad') { throw 'secret' } else { 'fine' } }
            $good = $server | Connect-MessageWebSocket
            $bad = $server | Connect-MessageWebSocket
            Send-WsMessage 'bad' -Socket $bad
            $failure = Get-Failure { Receive-WsMessage -Socket $bad }
            $failure.FullyQualifiedErrorId | Should -BeLike 'ConnectionClosed,*'
            "$failure" | Should -Not -BeLike '*secret*'
            $bad.CloseCode | Should -Be 1011
            (Invoke-WsRequest 'good' -Socket $good).Text | Should -Be 'fine'
            $server.HandlerErrors | Should -Be 1
            $server.Errors[0].Message | Should -Be 'secret'
        }

        It 'closes the connection with 1011 when a statement of it fails: <What>' -TestCases @(
            @{ What = 'a conversion'; Handler = { [int] $_.Text; 'answer' } }
            @{ What = 'a call, in a process block'; Handler = { process { $_.NoSuchMethod(); 'answer' } } }
        ) {
            $server = Start-WsEchoServer -Handler $Handler
            $socket = $server | Connect-MessageWebSocket
            Send-WsMessage 'x'
            Receive-WsMessage -Socket $socket -Follow | Should -BeNullOrEmpty
            $socket.CloseCode | Should -Be 1011
            $server.HandlerErrors | Should -Be 1
        }

        It 'closes the connection with 1011 when it is left by <Way>, and says what to use' -TestCases @(
            @{ Way = 'exit'; Handler = { 'said'; exit 3 } }
            @{ Way = 'break'; Handler = { 'said'; break } }
            @{ Way = 'continue'; Handler = { 'said'; continue } }
            @{ Way = 'exit in a process block'; Handler = { process { 'said'; exit } } }
        ) {
            $server = Start-WsEchoServer -Handler $Handler
            $socket = $server | Connect-MessageWebSocket
            Send-WsMessage 'x'
            (Receive-WsMessage -Socket $socket -Follow).Text | Should -Be 'said'
            $socket.CloseCode | Should -Be 1011
            $server.HandlerErrors | Should -Be 1
            $server.Errors[0].Message | Should -BeLike '*exit, or with break or continue*Use return.'
        }

        It 'keeps what it reports with Write-Error, and goes on' {
            $server = Start-WsEchoServer -Handler { Write-Error 'careful'; 'answer' }
            $server | Connect-MessageWebSocket | Out-Null
            (Invoke-WsRequest 'x').Text | Should -Be 'answer'
            (Invoke-WsRequest 'x').Text | Should -Be 'answer'
            $server.HandlerErrors | Should -Be 2
            $server.Errors[0].Message | Should -Be 'careful'
        }

        It 'reports output that is no message' {
            $server = Start-WsEchoServer -Handler { 42 }
            $socket = $server | Connect-MessageWebSocket
            Send-WsMessage 'x'
            Receive-WsMessage -Socket $socket -Follow | Should -BeNullOrEmpty
            $socket.CloseCode | Should -Be 1011
            $server.Errors[0].Message | Should -BeLike '*Int32*string or a byte array*'
        }

        It 'answers several clients at the same time' {
            $gate = [System.Threading.CountdownEvent]::new(2)
            $server = Start-WsEchoServer -Handler { $null = ($using:gate).Signal(); $null = ($using:gate).Wait(60000); 'both' }
            $sockets = 1..2 | ForEach-Object { $server | Connect-MessageWebSocket }
            $sockets | ForEach-Object { Send-WsMessage 'x' -Socket $_ }
            (Receive-WsMessage -Socket $sockets -Count 2).Text | Should -Be 'both', 'both'
        }

        It 'has its message in a process block as well' {
            Start-WsEchoServer -Handler { begin { 'begin' } process { "process $($_.Text)" } end { 'end' } } | Connect-MessageWebSocket |
                Out-Null
            Send-WsMessage 'x'
            (Receive-WsMessage -Count 3).Text | Should -Be 'begin', 'process x', 'end'
        }

        It 'may be <Form>' -TestCases @(
            @{ Form = 'a script that ends in the background'; Handler = { "answer $($_.Text)"; $null = $_ & } }
            @{ Form = 'a script that ends with a comment'; Handler = [scriptblock]::Create('"answer $($_.Text)" # at last') }
            @{ Form = 'a function'; Name = 'Function' }
            @{ Form = 'a function with a process block'; Name = 'Piped' }
            @{ Form = 'a filter'; Name = 'Filter' }
        ) {
            function Get-Function($Client) { "answer $($_.Text)" }
            function Get-Piped($Client) { process { "answer $($_.Text)" } }
            filter Get-Filter { "answer $($_.Text)" }
            Start-WsEchoServer -Handler ($Handler ?? (Get-Command "Get-$Name").ScriptBlock) | Connect-MessageWebSocket | Out-Null
            (Invoke-WsRequest 'x' -TimeoutSeconds 10).Text | Should -Be 'answer x'
        }

        It 'closes the connection with 1011 when a statement of a function fails, and sees $using: there' {
            $gate = 'seen'
            function Get-Answer($Client) { "$using:gate $($Client.Path)"; [int] $_.Text; 'not reached' }
            $server = Start-WsEchoServer -Handler ${function:Get-Answer}
            $socket = $server | Connect-MessageWebSocket
            Send-WsMessage 'x'
            (Receive-WsMessage -Socket $socket -Follow -TimeoutSeconds 10).Text | Should -Be 'seen /'
            $socket.CloseCode | Should -Be 1011
        }

        It 'finds nothing that another message left behind' {
            Start-WsEchoServer -Handler {
                "$($global:seen)$($ErrorActionPreference) $($pwd.Path -eq '/' -or $pwd.Path -eq $env:SystemDrive)"
                $global:seen = 'seen '
                $global:ErrorActionPreference = 'Stop'
                Set-Location /
            } | Connect-MessageWebSocket | Out-Null
            $first = Invoke-WsRequest 'x'
            1..20 | ForEach-Object { (Invoke-WsRequest 'x').Text | Should -Be $first.Text }
        }

        It 'may no more than its session' {
            $initial = [initialsessionstate]::CreateDefault2()
            $initial.ImportPSModule($manifest)
            $restricted = [runspacefactory]::CreateRunspace($initial)
            $restricted.Open()
            $restricted.SessionStateProxy.InvokeCommand.GetCommand('Get-Command', 'Cmdlet').Visibility = 'Private'
            $restricted.SessionStateProxy.InvokeCommand.GetCommand('Import-Module', 'Cmdlet').Visibility = 'Private'
            $restricted.SessionStateProxy.Applications.Clear()
            $restricted.SessionStateProxy.Scripts.Clear()
            $restricted.SessionStateProxy.LanguageMode = 'ConstrainedLanguage'
            $shell = [powershell]::Create($restricted)
            try {
                $server = $shell.AddScript({
                    Start-WsEchoServer -Handler {
                        $tried = try {
                            switch ($_.Text) {
                                method { [System.IO.Path]::GetTempPath() }
                                cmdlet { Get-Command }
                                qualified { Microsoft.PowerShell.Core\Get-Command }
                                module { Import-Module Microsoft.PowerShell.Utility }
                                autoload { Get-Date }
                                call { & (Get-Module -ListAvailable)[0] }
                                program { pwsh -NoProfile -Command 1 }
                                mode { $ExecutionContext.SessionState.LanguageMode = 'FullLanguage'; 'set' }
                                allowed { 'allowed ' + $_.Length }
                            }
                        } catch { 'refused' }
                        "$tried"
                    }
                }.ToString()).Invoke()[0]
                $shell.Streams.Error | Should -BeNullOrEmpty
                $server | Connect-MessageWebSocket | Out-Null
                (Invoke-WsRequest 'allowed').Text | Should -Be 'allowed 7'
                foreach ($attempt in 'method', 'cmdlet', 'qualified', 'module', 'autoload', 'program', 'mode') {
                    "$attempt $((Invoke-WsRequest $attempt).Text)" | Should -Be "$attempt refused"
                }
            } finally {
                $restricted.Dispose()
                $shell.Dispose()
            }
        }

        It 'has the commands that its session was made of, and no others' {
            $initial = [initialsessionstate]::Create()
            $initial.ImportPSModule($manifest)
            $initial.Commands.Add([System.Management.Automation.Runspaces.SessionStateFunctionEntry]::new('Get-Greeting', '"hello $args"'))
            $initial.LanguageMode = 'ConstrainedLanguage'
            $restricted = [runspacefactory]::CreateRunspace($initial)
            $restricted.Open()
            $shell = [powershell]::Create($restricted)
            try {
                $server = $shell.AddScript({
                    Start-WsEchoServer -Handler { try { Get-Greeting $_.Text; Get-ChildItem / } catch { 'refused' } }
                }.ToString()).Invoke()[0]
                $shell.Streams.Error | Should -BeNullOrEmpty
                $server | Connect-MessageWebSocket | Out-Null
                Send-WsMessage 'you'
                (Receive-WsMessage -Count 2).Text | Should -Be 'hello you', 'refused'
            } finally {
                $restricted.Dispose()
                $shell.Dispose()
            }
        }

        It 'is stopped with its server' {
            $started = [System.Threading.ManualResetEventSlim]::new()
            $server = Start-WsEchoServer -Handler { ($using:started).Set(); Start-Sleep -Seconds 600 }
            $server | Connect-MessageWebSocket | Out-Null
            Send-WsMessage 'x'
            $started.Wait($patience) | Should -BeTrue
            Stop-WsEchoServer
            $server.State | Should -Be 'Stopped'
            $server.Completion.Wait($patience) | Should -BeTrue
        }
    }

    It 'agrees on a -SubProtocol' {
        $server = Start-WsEchoServer -SubProtocol v1, v2
        ($server | Connect-MessageWebSocket -SubProtocol v3, v2, v1).Protocol | Should -Be 'v2'
        ($server | Connect-MessageWebSocket -SubProtocol v3).Protocol | Should -Be ''
    }

    It 'refuses a -SubProtocol that is no name' {
        (Get-Failure { Start-WsEchoServer -SubProtocol 'a b' }).FullyQualifiedErrorId | Should -BeLike 'InvalidSetting,*'
        (Get-Failure { Start-WsEchoServer -SubProtocol @() }).FullyQualifiedErrorId | Should -BeLike 'ParameterArgumentValidationError,*'
    }

    It 'speaks TLS with a -Certificate, under the name that it has' {
        $certificate = New-ServerCertificate
        $server = Start-WsEchoServer -Certificate $certificate
        $server.Uri | Should -Be ([uri] "wss://localhost:$($server.Port)/")
        $socket = $server | Connect-MessageWebSocket -TrustedRoot $certificate
        (Invoke-WsRequest 'private').Text | Should -Be 'private'
        $socket.Information.TlsProtocol | Should -BeIn 'Tls12', 'Tls13'
        (Get-Failure { $server | Connect-MessageWebSocket }).FullyQualifiedErrorId | Should -BeLike 'CertificateIsInvalid,*'
    }

    It 'refuses a -Certificate without its private key' {
        $public = [System.Security.Cryptography.X509Certificates.X509CertificateLoader]::LoadCertificate((New-ServerCertificate).RawData)
        (Get-Failure { Start-WsEchoServer -Certificate $public }).FullyQualifiedErrorId | Should -BeLike 'CertificateWithoutKey,*'
    }

    It 'serves one -Path only' {
        $server = Start-WsEchoServer -Path /chat
        $server.Uri.AbsolutePath | Should -Be '/chat'
        $server | Connect-MessageWebSocket | Should -Not -BeNullOrEmpty
        (Get-Failure { Connect-MessageWebSocket "ws://127.0.0.1:$($server.Port)/other" }).FullyQualifiedErrorId |
            Should -BeLike 'NotFound,*'
    }

    It 'refuses a -Path that is none' {
        (Get-Failure { Start-WsEchoServer -Path 'chat' }).FullyQualifiedErrorId | Should -BeLike 'InvalidSetting,*'
    }

    It 'lets browsers in for an -AllowedOrigin only' {
        Get-HttpStatus -Port (Start-WsEchoServer).Port -Headers @{ Origin = 'https://page.example' } | Should -Be 403
        $allowing = Start-WsEchoServer -AllowedOrigin 'https://page.example'
        Get-HttpStatus -Port $allowing.Port -Headers @{ Origin = 'https://page.example' } | Should -Be 101
        Get-HttpStatus -Port $allowing.Port -Headers @{ Origin = 'https://other.example' } | Should -Be 403
        Get-HttpStatus -Port (Start-WsEchoServer -AllowedOrigin *).Port -Headers @{ Origin = 'null' } | Should -Be 101
        (Get-Failure { Start-WsEchoServer -AllowedOrigin '' }).FullyQualifiedErrorId | Should -BeLike 'ParameterArgumentValidationError,*'
    }

    It 'refuses an -AllowedOrigin that no browser sends, as <_> does' -ForEach 'Start-WsEchoServer', 'Start-WsTunnel -Target localhost:1',
        'Test-WsServer ws://localhost:1' {
        foreach ($origin in 'page.example', 'https://*.example', 'https://page.example/chat') {
            $failure = Get-Failure ([scriptblock]::Create("$_ -AllowedOrigin '$origin' -ErrorAction Stop"))
            $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidSetting,*'
            "$failure" | Should -BeLike "'$([WildcardPattern]::Escape($origin))' of -AllowedOrigin is no origin*https://host*"
        }
    }

    It 'takes messages up to -MaxMessageSize' {
        $server = Start-WsEchoServer -MaxMessageSize 1000
        $socket = $server | Connect-MessageWebSocket
        (Invoke-WsRequest ('x' * 1000)).Length | Should -Be 1000
        Send-WsMessage ('x' * 1001)
        Receive-WsMessage -Follow -Socket $socket | Should -BeNullOrEmpty
        $socket.CloseCode | Should -Be 1009
        (Get-Failure { Start-WsEchoServer -MaxMessageSize 0 }).FullyQualifiedErrorId | Should -BeLike 'ParameterArgumentValidationError,*'
    }

    It 'takes as many clients as -MaxConnections' {
        $server = Start-WsEchoServer -MaxConnections 1
        $server | Connect-MessageWebSocket | Should -Not -BeNullOrEmpty
        (Get-Failure { $server | Connect-MessageWebSocket }).FullyQualifiedErrorId | Should -BeLike 'ServiceUnavailable,*'
        (Get-Failure { Start-WsEchoServer -MaxConnections 0 }).FullyQualifiedErrorId | Should -BeLike 'ParameterArgumentValidationError,*'
    }

    It 'drops a client that takes longer than -HandshakeTimeoutSeconds' {
        $server = Start-WsEchoServer -HandshakeTimeoutSeconds 1
        $client = [System.Net.Sockets.TcpClient]::new('127.0.0.1', $server.Port)
        $client.GetStream().Write([byte[]] (71, 69, 84))
        $client.GetStream().ReadByte() | Should -Be -1
        $client.Dispose()
        (Get-Failure { Start-WsEchoServer -HandshakeTimeoutSeconds 0 }).FullyQualifiedErrorId |
            Should -BeLike 'ParameterArgumentValidationError,*'
    }

    It 'lets silent clients go after -IdleTimeoutSeconds' {
        $server = Start-WsEchoServer -IdleTimeoutSeconds 0.4
        $socket = $server | Connect-MessageWebSocket -KeepAliveIntervalSeconds 0
        Receive-WsMessage -Socket $socket -Follow
        $socket.CloseCode | Should -Be 1001
        $socket.CloseReason | Should -Be 'This client was silent for too long.'
        Start-WsEchoServer -IdleTimeoutSeconds 0 | Connect-MessageWebSocket | Should -Not -BeNullOrEmpty
        (Get-Failure { Start-WsEchoServer -IdleTimeoutSeconds -1 }).FullyQualifiedErrorId |
            Should -BeLike 'ParameterArgumentValidationError,*'
    }

    It 'compresses with -Compression where the client can' {
        $server = Start-WsEchoServer -Compression
        $plain = $server | Connect-MessageWebSocket
        $packed = $server | Connect-MessageWebSocket -Compression
        (Invoke-WsRequest ('x' * 100000) -Socket $plain).Length | Should -Be 100000
        (Invoke-WsRequest ('x' * 100000) -Socket $packed).Length | Should -Be 100000
        $plain.Information.Compression | Should -BeNullOrEmpty
        $packed.Information.Compression | Should -Not -BeNullOrEmpty
        $packed.Information.BytesReceived | Should -BeLessThan 10000
        $server.Clients.IsCompressed | Should -Be $false, $true
        (Start-WsEchoServer | Connect-MessageWebSocket -Compression).Information.Compression | Should -BeNullOrEmpty
    }

    It 'shows a client as a list, without what could drive the terminal' {
        $server = Start-WsEchoServer
        Get-HttpStatus -Port $server.Port -Headers @{ 'X-Evil' = "$([char] 27)[31mred" } | Should -Be 400
        Get-HttpStatus -Port $server.Port -Headers @{ 'X-Evil' = "$([char] 0x9b)31mred" } | Should -Be 400
        $tcp = [System.Net.Sockets.TcpClient]::new('127.0.0.1', $server.Port)
        try {
            $request = 'GET /p HTTP/1.1', 'Host: a', 'Upgrade: websocket', 'Connection: Upgrade',
                'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13', "X-Turned: a$([char] 0x202e)b",
                '', '' -join "`r`n"
            $tcp.GetStream().Write([System.Text.Encoding]::UTF8.GetBytes($request))
            $tcp.GetStream().ReadByte() | Should -Be ([int] [char] 'H')
            $list = $server.Clients[0] | Format-List | Out-String -Width 120
            $list | Should -BeLike '*Path*: /p*'
            $list | Should -BeLike '*X-Turned: a\u202eb*'
        } finally {
            $tcp.Dispose()
        }
    }

    It 'has a -Name, or makes one' {
        (Start-WsEchoServer).ServerName | Should -Be 'echo'
        (Start-WsEchoServer).ServerName | Should -Be 'echo-2'
        (Start-WsEchoServer -Name mine).ServerName | Should -Be 'mine'
        (Get-Failure { Start-WsEchoServer -Name MINE }).FullyQualifiedErrorId | Should -BeLike 'ServerNameInUse,*'
        foreach ($empty in '', ' ') {
            (Get-Failure { Start-WsEchoServer -Name $empty }).FullyQualifiedErrorId | Should -BeLike 'ParameterArgumentValidationError,*'
        }
    }

    It 'completes addresses and subprotocols' {
        (TabExpansion2 'Start-WsEchoServer -Address 127').CompletionMatches.CompletionText | Should -Contain '127.0.0.1'
        (TabExpansion2 'Start-WsEchoServer -SubProtocol mq').CompletionMatches.CompletionText | Should -Contain 'mqtt'
    }

    It 'says with -Verbose where it listens' {
        "$((Get-Streams { Start-WsEchoServer -Verbose }).Verbose)" | Should -BeLike '*listens on 127.0.0.1*ws://127.0.0.1:*'
    }

    It 'has a table of 80 columns and a list, and travels as values' {
        $server = Start-WsEchoServer -Handler { throw "$([char] 27)[31mred" }
        $server | Connect-MessageWebSocket | Out-Null
        Send-WsMessage 'x'
        Receive-WsMessage -Follow
        $table = $server | Format-Table | Out-String -Width 80
        $table | Should -Match "echo +Listening ws://127\.0\.0\.1:$($server.Port)/ +handler +\d +1 +0"
        ($table -split '\r?\n' | Measure-Object -Property Length -Maximum).Maximum | Should -BeLessOrEqual 80
        $list = $server | Format-List | Out-String -Width 120
        $list | Should -BeLike '*1, the last: \e?31mred*'
        $list | Should -Not -BeLike "*$([char] 27)?31mred*"
        $copy = [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($server))
        $copy.Uri | Should -Be $server.Uri
        $copy.MessagesReceived | Should -Be 1
    }

    It 'takes no connection from one that does not ask for a WebSocket' {
        $failure = Get-Failure { Invoke-WebRequest "http://127.0.0.1:$((Start-WsEchoServer).Port)/" }
        [int] $failure.Exception.Response.StatusCode | Should -Be 426
    }
}

Describe 'Stop-WsEchoServer' {
    AfterEach {
        Close-EverySocket
        Stop-WsEchoServer
    }

    It 'stops all servers of the session, and none is no error' {
        $servers = 1..3 | ForEach-Object { Start-WsEchoServer }
        Stop-WsEchoServer
        $servers.State | Should -Be 'Stopped', 'Stopped', 'Stopped'
        $WsSession.Servers | Should -BeNullOrEmpty
        (Get-Streams { Stop-WsEchoServer }).Error | Should -BeNullOrEmpty
    }

    It 'stops a -Server by name, as an object, and from the pipeline' {
        $one, $two, $three, $four = 'one', 'two', 'three', 'four' | ForEach-Object { Start-WsEchoServer -Name $_ }
        Stop-WsEchoServer -Server ONE
        Stop-WsEchoServer $two
        $three | Stop-WsEchoServer
        Stop-WsEchoServer $two
        $one, $two, $three | ForEach-Object State | Should -Be 'Stopped', 'Stopped', 'Stopped'
        $WsSession.Servers | Should -Be $four
        @() | Stop-WsEchoServer
        $four.State | Should -Be 'Listening'
    }

    It 'refuses a -Server that is none' {
        $null = Start-WsEchoServer -Name known
        $failure = Get-Failure { Stop-WsEchoServer -Server unknown }
        $failure.FullyQualifiedErrorId | Should -BeLike 'ParameterArgumentTransformationError,*'
        "$failure" | Should -BeLike "*no server named 'unknown'*known*"
    }

    It 'takes names with wildcards, and says of a name that none has' {
        $first, $second, $other = 'one', 'on', 'two' | ForEach-Object { Start-WsEchoServer -Name $_ }
        Stop-WsEchoServer -Name nowhere, o* -ErrorVariable failure -ErrorAction SilentlyContinue -PassThru | Should -Be $first, $second
        $failure.FullyQualifiedErrorId | Should -Be 'ServerNotFound,MessageWebSockets.PowerShell.StopWsEchoServerCommand'
        $failure[0].ErrorDetails.RecommendedAction | Should -BeLike '*two*'
        Stop-WsEchoServer x* -ErrorAction Stop
        Stop-WsEchoServer $first -ErrorAction Stop
        foreach ($empty in '', ' ') {
            (Get-Failure { Stop-WsEchoServer -Name two, $empty }).FullyQualifiedErrorId |
                Should -BeLike 'ParameterArgumentValidationError,*'
        }
        $other.State | Should -Be 'Listening'
        'tw?' | Stop-WsEchoServer
        $other.State | Should -Be 'Stopped'
    }

    It 'closes its clients with 1001' {
        $socket = Start-WsEchoServer | Connect-MessageWebSocket
        Invoke-WsRequest 'x' | Out-Null
        Stop-WsEchoServer
        Receive-WsMessage -Socket $socket -Follow
        $socket.CloseCode | Should -Be 1001
    }

    It 'emits the stopped with -PassThru' {
        $server = Start-WsEchoServer
        Stop-WsEchoServer -PassThru | Should -Be $server
        Stop-WsEchoServer -PassThru | Should -BeNullOrEmpty
    }

    It 'does not wait for a handler that does not heed it' {
        $server = Start-WsEchoServer -Handler { [System.Threading.Thread]::Sleep(3000) }
        $server | Connect-MessageWebSocket | Out-Null
        Send-WsMessage 'x'
        Stop-WsEchoServer
        $server.State | Should -Be 'Stopped'
        $server.Connections | Should -Be 0
    }

    It 'does nothing with -WhatIf, and asks with -Confirm' {
        $server = Start-WsEchoServer
        Stop-WsEchoServer -WhatIf
        # In a host where nobody can answer.
        $shell = [powershell]::Create().AddScript(
            'Import-Module $args[0]; Stop-WsEchoServer -Server $args[1] -Confirm').AddArgument($manifest).AddArgument($server)
        $shell.Invoke() | Should -BeNullOrEmpty
        $shell.HadErrors | Should -BeTrue
        $shell.Dispose()
        $server.State | Should -Be 'Listening'
        $ConfirmPreference = 'Low'
        Stop-WsEchoServer -Confirm:$false
        $server.State | Should -Be 'Stopped'
    }

    It 'completes the names of servers' {
        $null = Start-WsEchoServer -Name 'my server'
        (TabExpansion2 'Stop-WsEchoServer my').CompletionMatches.CompletionText | Should -Be "'my server'"
        (TabExpansion2 'Stop-WsEchoServer -Server my').CompletionMatches.CompletionText | Should -Be "'my server'"
    }
}

Describe 'A server' {
    It 'stops when the module is removed from its runspace, and when that closes' {
        $shell = [powershell]::Create().AddScript(
            'Import-Module $args[0]; Start-WsEchoServer; Start-WsEchoServer -Handler { "x" }').AddArgument($manifest)
        $servers = $shell.Invoke()
        $shell.Commands.Clear()
        $null = $shell.AddScript('Remove-Module WebSocket').Invoke()
        $servers.State | Should -Be 'Stopped', 'Stopped'
        $shell.Commands.Clear()
        $last = $shell.AddScript('Import-Module $args[0]; Start-WsEchoServer').AddArgument($manifest).Invoke()[0]
        $last.State | Should -Be 'Listening'
        $shell.Runspace.Close()
        $last.State | Should -Be 'Stopped'
        $shell.Dispose()
    }

    It 'lets its process end' {
        $output = pwsh -NoProfile -NonInteractive -Command {
            param($Manifest)
            Import-Module $Manifest
            Start-WsEchoServer -Handler { 'answer' } | Connect-MessageWebSocket | Out-Null
            (Invoke-WsRequest 'x').Text
        } -args $manifest
        $output | Should -Be 'answer'
        $LASTEXITCODE | Should -Be 0
    }
}
