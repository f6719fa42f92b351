#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $PSStyle.OutputRendering = 'PlainText'
    $server = Start-TestServer -ArgumentList '--raw', '--tls'
    $root = [System.Security.Cryptography.X509Certificates.X509Certificate2]::CreateFromPem($server.caCertificatePem)

    function Get-Lines {
        param([Parameter(ValueFromPipeline)] $InputObject, [int] $Width = 80)

        end {
            @(($input | Out-String -Width $Width).Split([System.Environment]::NewLine).TrimEnd() | Where-Object { $_ })
        }
    }

    # What comes back when a text is sent to an echo.
    function Get-EchoOf {
        param($Message)
        Invoke-WsRequest -InputObject $Message -Socket $echo
    }

    # A socket as it comes back from another process.
    function New-SocketCopy {
        param($Name, $Uri)
        $copy = [pscustomobject] @{ Id = 12; Name = $Name; State = 'Open'; Uri = $Uri; Protocol = 'v2'; Sent = 5; Received = 7; Queued = 0 }
        $copy.PSObject.TypeNames.Insert(0, 'Deserialized.MessageWebSockets.MessageWebSocket')
        $copy
    }
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket'
}

Describe 'The views' {
    BeforeAll { $echo = Connect-MessageWebSocket (Get-Address -Path 'echo') -Name echo }

    AfterAll { Close-EverySocket }

    Context 'of messages' {
        It 'are a table: time, type, length and text' {
            $message = Get-EchoOf 'hello world'
            $lines = Get-EchoOf 'hello world' | Get-Lines
            $lines[0] | Should -BeExactly 'Received     Type     Length Text'
            $lines[1] | Should -BeExactly '--------     ----     ------ ----'
            $lines[2] | Should -Match '^\d\d:\d\d:\d\d\.\d{3} Utf8         11 hello world$'
            $message | Format-Table | Get-Lines | Select-Object -Last 1 | Should -BeLike "$($message.ReceivedAt.ToString('HH:mm:ss.fff')) *"
        }

        It 'show bytes in hexadecimal' {
            (, [byte[]] (0x68, 0, 0xff) | ForEach-Object { Get-EchoOf $_ } | Get-Lines)[2] | Should -BeLike '* Binary        3 68 00 FF'
        }

        It 'fit <Width> columns, long text cut with an ellipsis' -TestCases @(@{ Width = 80 }, @{ Width = 160 }) {
            $lines = Get-EchoOf ('abc ' * 1000) | Get-Lines -Width $Width
            $lines | Should -HaveCount 3
            $lines[2].Length | Should -BeLessOrEqual $Width
            $lines[2].Length | Should -BeGreaterThan ($Width - 5)
            $lines[2] | Should -BeLike '*…'
            (Get-EchoOf ([byte[]]::new(1000)) | Get-Lines -Width $Width)[2].Length | Should -BeLessOrEqual $Width
        }

        It 'escape what could drive the terminal: <Name>' -TestCases @(
            @{ Name = 'colours'; Text = "a$([char] 27)[31mb"; Shown = 'a\e[31mb' }
            @{ Name = 'the window title'; Text = "$([char] 27)]0;title$([char] 7)"; Shown = '\e]0;title\a' }
            @{ Name = 'line ends'; Text = "a`r`nb`tc"; Shown = 'a\r\nb\tc' }
            @{ Name = 'a C1 control'; Text = "a$([char] 0x9b)31mb"; Shown = 'a\u009b31mb' }
            @{ Name = 'a direction override'; Text = "a$([char] 0x202e)b"; Shown = 'a\u202eb' }
            @{ Name = 'NUL and DEL'; Text = "a`0$([char] 127)b"; Shown = 'a\0\u007fb' }
            @{ Name = 'emoji, which they leave'; Text = 'a👋b'; Shown = 'a👋b' }
        ) {
            $message = Get-EchoOf $Text
            ($message | Get-Lines)[2] |
                Should -BeExactly ('{0:HH:mm:ss.fff} Utf8   {1,8} {2}' -f $message.ReceivedAt, $message.Length, $Shown)
            ($message | Format-List | Out-String) | Should -Not -Match '[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]'
            ($message | Format-List | Out-String) | Should -BeLike "*$($Shown.Replace('[', '`['))*"
            $message.Text | Should -BeExactly $Text
        }

        It 'escape behind objects of another type too' {
            $message = Get-EchoOf "$([char] 27)[2J"
            (([timespan]::Zero), $message | Out-String) | Should -Not -Match '\x1b'
        }

        It 'keep a long text short in little time' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'flood?count=1&size=50000000') -Name big
            $message = Receive-WsMessage -Socket $socket
            [MessageWebSockets.PowerShell.MessageText]::OneLine($message, 20) |
                Should -BeExactly '0000000000'.PadRight(19, [MessageWebSockets.PowerShell.MessageText]::OneLine($message, 20)[10]).Insert(
                    19, '…')
            Close-MessageWebSocket -Socket $socket
        }
    }

    Context 'of text' {
        It 'cuts <Text> at <Width> to <Shown>' -TestCases @(
            @{ Text = 'abcdef'; Width = 6; Shown = 'abcdef' }
            @{ Text = 'abcdef'; Width = 5; Shown = 'abcd…' }
            @{ Text = "abc`n"; Width = 5; Shown = 'abc\n' }
            @{ Text = "abc`n"; Width = 4; Shown = 'abc…' }
            @{ Text = "`n`n`n"; Width = 3; Shown = '\n…' }
            @{ Text = 'ab👋'; Width = 4; Shown = 'ab👋' }
            @{ Text = 'ab👋'; Width = 3; Shown = 'ab…' }
            @{ Text = ''; Width = 5; Shown = '' }
            @{ Text = 'abc'; Width = 0; Shown = '' }
            @{ Text = $null; Width = 5; Shown = '' }
        ) {
            [MessageWebSockets.PowerShell.TerminalText]::Escape($Text, $Width) | Should -BeExactly $Shown
        }

        It 'cuts <Count> bytes at <Width> to <Shown>' -TestCases @(
            @{ Count = 3; Width = 8; Shown = '00 01 02' }
            @{ Count = 3; Width = 7; Shown = '00 01 …' }
            @{ Count = 3; Width = 4; Shown = '00 …' }
            @{ Count = 3; Width = 2; Shown = '…' }
            @{ Count = 0; Width = 9; Shown = '' }
        ) {
            $message = Get-EchoOf ([byte[]] (0, 1, 2)[0..2])
            if ($Count -eq 0) {
                $message = Get-EchoOf ([byte[]]::new(0))
            }
            [MessageWebSockets.PowerShell.MessageText]::OneLine($message, $Width) | Should -BeExactly $Shown
        }
    }

    Context 'of tunnels' {
        It 'are a table that fits 80 columns, with what was sent and received' {
            $tunnel = Start-WsTunnel 'ws://127.0.0.1:1/'
            try {
                # A terminal leaves the last column free.
                $lines = $tunnel | Get-Lines -Width 79
                $lines | Should -HaveCount 3
                ($lines[0] -split ' +') | Should -Be @('TunnelName', 'State', 'From', 'To', 'Open', 'Sent', 'Received')
                $lines[2] | Should -Match '^tunnel +Listening 127\.0\.0\.1:.+ ws://127.+ +0 +0 B +0 B$'
                ($lines | Measure-Object -Property Length -Maximum).Maximum | Should -BeLessThan 80
            } finally {
                $tunnel | Stop-WsTunnel
            }
        }
    }

    Context 'of sockets' {
        It 'are a table that fits 80 columns' {
            $lines = $echo | Get-Lines
            $lines[0] | Should -BeExactly ' Id Name         State   Uri                       Protocol Sent Received Queued'
            $lines[2] | Should -Match "^ *$($echo.Id) echo         Open    ws://127\.0\.0\.1.* +$($echo.Sent) +$($echo.Received) +0$"
            ($lines | Measure-Object -Property Length -Maximum).Maximum | Should -BeLessOrEqual 80
        }

        It 'have room in a terminal of 80 columns for <Address>, and for the name made of it' -TestCases @(
            @{ Address = 'ws://localhost:8080/echo'; Name = 'localhost' }
            @{ Address = 'wss://feed.example/ticks'; Name = 'feed.example' }
        ) {
            $copy = New-SocketCopy -Name $Name -Uri $Address
            # A terminal leaves the last column free.
            ($copy | Get-Lines -Width 79)[2] |
                Should -BeExactly (' 12 {0,-12} Open    {1,-24} v2          5        7      0' -f $Name, $Address)
        }

        It 'give a wider window to the address' {
            $long = $echo.Uri.AbsoluteUri + ('/very-long' * 20)
            $copy = New-SocketCopy -Name 'x' -Uri $long
            $line = ($copy | Get-Lines -Width 160)[2]
            $line.Length | Should -BeLessOrEqual 160
            $line.Substring(25, 105) | Should -BeExactly ($long.Substring(0, 104) + '…')
        }

        It 'write a count of <Count> in <Width> columns as <Shown>' -TestCases @(
            @{ Count = 0; Width = 5; Shown = '0' }
            @{ Count = 99999; Width = 5; Shown = '99999' }
            @{ Count = 123456; Width = 5; Shown = '123k' }
            @{ Count = 1234567; Width = 5; Shown = '1.2M' }
            @{ Count = 12345678; Width = 5; Shown = '12.3M' }
            @{ Count = 999999999; Width = 5; Shown = '999M' }
            @{ Count = 1999999999; Width = 5; Shown = '1.9G' }
            @{ Count = 99999999; Width = 8; Shown = '99999999' }
            @{ Count = 123456789; Width = 8; Shown = '123.4M' }
            @{ Count = $null; Width = 5; Shown = '' }
        ) {
            [MessageWebSockets.PowerShell.SocketText]::Count($Count, $Width) | Should -BeExactly $Shown
        }

        It 'show each property of <Of>' -TestCases @(@{ Of = 'Information' }, @{ Of = 'Control' }) {
            $list = $echo.$Of | Out-String -Width 300
            foreach ($name in ($echo.$Of | Get-Member -MemberType Properties).Name) {
                $list | Should -Match "(?m)^$name +:"
            }
        }

        It 'say how many messages open a connection, and not what is in them' {
            $socket = New-MessageWebSocket -Profile @{ ConnectMessages = 'login s3cret' }
            $list = $socket.Control | Out-String
            $list | Should -Match '(?m)^ConnectMessages +: 1 message\r?$'
            $list | Should -Not -BeLike '*s3cret*'
        }

        It 'show compression in words, as offered and as agreed on' {
            $compressed = Start-WsEchoServer -Compression
            $socket = $compressed | Connect-MessageWebSocket -Compression
            $socket.Control, $socket.Information | ForEach-Object { $_ | Out-String } |
                Should -Match '(?m)^Compression +: permessage-deflate \(windows 2\^15 out, 2\^15 in\)'
            Close-MessageWebSocket -Socket $socket
            Stop-WsEchoServer -Server $compressed
        }

        It 'escape what the certificate of a server says' {
            $key = [System.Security.Cryptography.RSA]::Create(2048)
            $name = [System.Security.Cryptography.X509Certificates.X500DistinguishedNameBuilder]::new()
            $name.AddCommonName("ev$([char] 27)[31mil$([char] 7)$([char] 0x9b)31m$([char] 0x202e)x")
            $request = [System.Security.Cryptography.X509Certificates.CertificateRequest]::new(
                $name.Build(), $key, 'SHA256', [System.Security.Cryptography.RSASignaturePadding]::Pkcs1)
            # A subjectAltName with the DNS name "a", ESC, "[2J".
            $names = [byte[]] (0x30, 7, 0x82, 5, 97, 27, 91, 50, 74)
            $request.CertificateExtensions.Add(
                [System.Security.Cryptography.X509Certificates.X509Extension]::new('2.5.29.17', $names, $false))
            $made = $request.CreateSelfSigned([datetimeoffset]::UtcNow.AddDays(-1), [datetimeoffset]::UtcNow.AddDays(9))
            $pfx = [System.Security.Cryptography.X509Certificates.X509CertificateLoader]::LoadPkcs12($made.Export('Pfx'), '')
            $evil = Start-WsEchoServer -Certificate $pfx
            $ignore = @{ SkipCertificateCheck = $true; CertificateValidation = { $script:asked = $_ | Format-List * | Out-String } }
            $socket = Connect-MessageWebSocket $evil.Uri @ignore
            $certificate = $socket.Information.ServerCertificate
            $shown = @(
                $asked
                $socket.Information | Out-String
                $socket.Information | Format-List -Property * | Out-String
                $certificate | Out-String
                $certificate | Format-List -Property Subject, Issuer | Out-String
                $certificate.SubjectName | Out-String
                (Test-WsEndpoint $evil.Uri -SkipCertificateCheck -Detailed).Certificate | Format-List | Out-String
            )
            # One that says who it is in a subjectAltName alone.
            $nameless = [System.Security.Cryptography.X509Certificates.CertificateRequest]::new(
                '', $key, 'SHA256', [System.Security.Cryptography.RSASignaturePadding]::Pkcs1).Create($name.Build(),
                [System.Security.Cryptography.X509Certificates.X509SignatureGenerator]::CreateForRSA(
                    $key, [System.Security.Cryptography.RSASignaturePadding]::Pkcs1),
                [datetimeoffset]::UtcNow, [datetimeoffset]::UtcNow.AddDays(1), [byte[]] (1, 2))
            $said = [MessageWebSockets.PowerShell.TerminalText]::OfCertificate($nameless)
            $said | Should -BeLike '*ev\e`[31mil\a*'
            $said | Should -Not -Match '[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]'
            $shown | Should -Not -Match '[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]'
            $shown | Should -BeLike '*ev\e`[31mil\a*'
            $shown[-1] | Should -BeLike '*a\e`[2J*'
            # It stays what it is: no other certificate is shown in another way.
            $certificate.PSBase.Subject | Should -BeExactly $pfx.PSBase.Subject
            $pfx.Subject | Should -BeExactly $pfx.PSBase.Subject
            Close-MessageWebSocket -Socket $socket
            Stop-WsEchoServer -Server $evil
        }

        It 'have the columns as properties' {
            $echo.Sent | Should -Be $echo.Information.MessagesSent
            $echo.Received | Should -Be $echo.Information.MessagesReceived
            $echo.Queued | Should -Be 0
            $echo.Protocol | Should -Be ''
            $null = $echo.PingAsync().GetAwaiter().GetResult()
            $echo.RTT | Should -BeOfType 'timespan'
        }

        It 'show everything that is known in a list' {
            $address = Get-Address -Path 'subprotocol?supports=v2' -Secure
            $socket = Connect-MessageWebSocket $address -SubProtocol v2 -TrustedRoot $root -Name secure
            $null = $socket.PingAsync().GetAwaiter().GetResult()
            $null = Invoke-WsRequest ('x' * 5000) -Socket $socket
            $list = $socket | Format-List | Out-String
            $list | Should -Match 'Name +: secure'
            $list | Should -Match 'State +: Open since \d\d:\d\d:\d\d \(\d\d:\d\d:\d\d\)'
            $list | Should -Match 'Uri +: wss://localhost:\d+/subprotocol\?\.\.\.'
            $list | Should -Match 'Local, Remote +: \S+:\d+, \S+:\d+'
            $list | Should -Match 'Protocol +: v2'
            $list | Should -Match 'Compression +: none'
            $list | Should -Match 'Tls +: TLS 1\.[23], CN=localhost, expires \d{4}-\d\d-\d\d \(\d+ days\)'
            $list | Should -Match 'Timings +: (name [\d.]+ ms, )?TCP [\d.]+ ms, TLS [\d.]+ ms, upgrade [\d.]+ ms, total [\d.]+ ms'
            $list | Should -Match 'Sent +: 1 message, 4\.9 KB'
            $list | Should -Match 'Received +: 1 message, 4\.9 KB, 0 queued'
            $list | Should -Match 'Round trip +: [\d.]+ ms \(last ping\)'
            Close-MessageWebSocket -Socket $socket -Code 4000 -Reason 'tired'
            ($socket | Format-List | Out-String) | Should -Match 'State +: Closed \(4000( tired)?\)'
        }

        It 'show one that never connected' {
            $list = New-MessageWebSocket -Name fresh | Format-List | Out-String
            $list | Should -Match 'State +: Created'
            Close-MessageWebSocket -Socket fresh
        }

        It 'keep a token of the address out' {
            $socket = Connect-MessageWebSocket "$(Get-Address -Path 'silent')?access_token=s3cr3t" -Name token
            ($socket | Format-Table | Out-String -Width 300) + ($socket | Format-List | Out-String) | Should -Not -BeLike '*s3cr3t*'
            Close-MessageWebSocket -Socket $socket
        }

        It 'colour the state where the host has colours' {
            try {
                $PSStyle.OutputRendering = 'Ansi'
                ($echo | Format-Table | Out-String) | Should -Match "\x1b\[32mOpen\x1b\[0m"
            } finally {
                $PSStyle.OutputRendering = 'PlainText'
            }
            ($echo | Format-Table | Out-String) | Should -Not -Match '\x1b'
        }
    }

    Context 'in a process of its own' {
        It 'have no colour in a file that output is redirected to, nor anywhere with NO_COLOR' {
            $program = {
                param($Manifest, $Address, $Path)
                Import-Module $Manifest
                $socket = Connect-MessageWebSocket $Address
                $socket > $Path
                $env:NO_COLOR
                $socket
            }
            $path = Join-Path -Path $TestDrive -ChildPath 'screen.txt'
            $before = $env:NO_COLOR
            try {
                # Without it a host shows the colours, wherever its own output goes.
                foreach ($value in $null, '1') {
                    $env:NO_COLOR = $value
                    $screen = pwsh -NoProfile -NonInteractive -Command $program -args "$repository/WebSocket.psd1",
                        (Get-Address -Path 'echo'), $path | Out-String
                    $written = Get-Content -LiteralPath $path -Raw
                    $written | Should -BeLike '* Open *'
                    $written | Should -Not -Match '\x1b'
                }
            } finally {
                $env:NO_COLOR = $before
            }
            $screen | Should -BeLike '1*Open*'
            $screen | Should -Not -Match '\x1b'
        }
    }

    Context 'of copies' {
        BeforeAll {
            $message = Get-EchoOf "a$([char] 27)b"
            $binary = Get-EchoOf ([byte[]] (1, 2))
            $copies = [System.Management.Automation.PSSerializer]::Deserialize(
                [System.Management.Automation.PSSerializer]::Serialize(@($message, $binary, $echo)))
        }

        It 'have the values of a message' {
            $copies[0].Text | Should -BeExactly $message.Text
            $copies[0].Data | Should -BeExactly $message.Data
            $copies[0].Bytes | Should -Be $message.Bytes
            "$($copies[0].MessageType)" | Should -Be 'Utf8'
            $copies[0].Length | Should -Be 3
            $copies[0].ReceivedAt | Should -Be $message.ReceivedAt
            $copies[0].IsMessageComplete | Should -BeTrue
            $copies[0].SocketName | Should -Be 'echo'
            $copies[1].Data | Should -Be 1, 2
        }

        It 'have the values of a socket' {
            $copies[2].Name | Should -Be 'echo'
            $copies[2].Uri | Should -Be $echo.Uri
            "$($copies[2].State)" | Should -Be 'Open'
            $copies[2].Sent | Should -Be $echo.Sent
        }

        It 'look like the originals' {
            ($copies[0] | Get-Lines)[2] | Should -BeExactly ($message | Get-Lines)[2]
            ($copies[1] | Get-Lines)[2] | Should -BeExactly ($binary | Get-Lines)[2]
            ($copies[2] | Get-Lines)[0, 2] | Should -Be ($echo | Get-Lines)[0, 2]
        }

        It 'go into JSON' {
            $json = $message | ConvertTo-Json -WarningAction SilentlyContinue | ConvertFrom-Json
            $json.Text | Should -BeExactly $message.Text
            $json.Bytes | Should -Be $message.Bytes
            $json.Length | Should -Be 3
        }
    }
}

Describe 'What a server sent' {
    BeforeAll {
        # An escape sequence, a C1 control, and a character that turns the direction of the text.
        $hostile = "$([char] 27)[31mred$([char] 0x9b)0m$([char] 0x202e)"
        $query = [uri]::EscapeDataString($hostile)
        function Get-Controls {
            param([Parameter(ValueFromPipeline)] $InputObject)

            # Addresses are the user's own.
            end { [regex]::Matches((($input | Out-String -Width 400).Split("`n") -notmatch 'Uri +:' -join "`n"),
                '[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e]').Count }
        }
    }

    It 'as the reason of a close has visible escapes in every form' {
        $socket = Connect-MessageWebSocket "$(Get-Address -Path 'close')?code=4000&reason=$query"
        $null = $socket.ReceiveAsync().AsTask().Wait($patience)
        $socket.Information.PSBase.CloseReason | Should -BeExactly $hostile
        $socket.CloseReason | Should -BeExactly '\e[31mred\u009b0m\u202e'
        $forms = @(
            { $socket }, { $socket | Format-List }, { $socket | Format-List -Property * }, { $socket | Format-Table CloseReason }
            { $socket | Select-Object CloseReason }, { $socket.CloseReason }, { $socket.Information }, {
                $socket.Information | Format-List -Property *
            }
            { $socket.Information.CloseReason }, { $socket.Information | Select-Object CloseReason, HandshakeHeaders }
            { [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($socket)) |
                Format-List * }
        )
        foreach ($form in $forms) {
            & $form | Get-Controls | Should -Be 0 -Because "$form"
        }
        Close-EverySocket
    }

    It 'as the body of an answer has visible escapes in every form, and JSON stays JSON' {
        $body = "{`n  `"m`": `"$hostile`"`n}"
        $failure = Get-Failure { Connect-MessageWebSocket "$(Get-Address -Path 'status/403')?body=$([uri]::EscapeDataString($body))" }
        foreach ($form in { $failure }, { $failure | Format-List * -Force }, { $failure.Exception | Format-List * },
            { $failure.Exception.ResponseBody }, { $failure.Exception | Select-Object ResponseBody, ResponseHeaders }) {
            & $form | Get-Controls | Should -Be 0 -Because "$form"
        }
        ($failure.Exception.ResponseBody | ConvertFrom-Json).m | Should -BeExactly $hostile
        $failure.Exception.PSBase.ResponseBody | Should -BeExactly $body
        $result = Test-WsEndpoint "$(Get-Address -Path 'status/403')?body=$([uri]::EscapeDataString($body))" -Detailed
        $result | Format-List * | Get-Controls | Should -Be 0
        ($result.ResponseBody | ConvertFrom-Json).m | Should -BeExactly $hostile
    }

    It 'as a message has visible escapes in the result of a probe' {
        $result = Test-WsEndpoint "$(Get-Address -Path 'say')?text=$query" -ExpectMatch '.' -Detailed
        $result.Status | Should -Be 'Ok'
        $result, ($result | Select-Object Reply), $result.Reply | Get-Controls | Should -Be 0
        $closed = Test-WsEndpoint "$(Get-Address -Path 'close')?code=4000&reason=$query" -Detailed
        $closed | Format-List * | Get-Controls | Should -Be 0
    }

    It 'or a client, as a header of its request, too' {
        $listening = Start-WsEchoServer
        $client = [System.Net.Sockets.TcpClient]::new('127.0.0.1', $listening.Port)
        try {
            # The server refuses control characters, and not those that turn the direction.
            $stream = $client.GetStream()
            $stream.ReadTimeout = $patience.TotalMilliseconds
            $request = "GET /?$query HTTP/1.1", 'Host: 127.0.0.1', 'Upgrade: websocket', 'Connection: Upgrade',
                'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', "X-A: red$([char] 0x202e)31m",
                '', '' -join "`r`n"
            $stream.Write([System.Text.Encoding]::UTF8.GetBytes($request))
            $stream.ReadByte() | Should -BeGreaterThan 0
            Wait-Until { $listening.Clients.Count }
            $seen = $listening.Clients[0]
            foreach ($form in { $seen }, { $seen | Format-List * }, { $seen.Headers },
                { $seen | Select-Object Headers, Path }, { $seen.Headers.'X-A' }) {
                & $form | Get-Controls | Should -Be 0 -Because "$form"
            }
            $seen.Headers['x-a'] | Should -BeLike 'red*31m'
        } finally {
            $client.Dispose()
            $listening | Stop-WsEchoServer
        }
    }
}

Describe 'The columns of a table' {
    It 'are properties of the object: <Of>' -TestCases @(
        @{ Of = 'a socket'; Get = { New-MessageWebSocket } }
        @{ Of = 'a message'; Get = { $null = Connect-MessageWebSocket (Get-Address -Path 'say?text=one'); Receive-WsMessage } }
        @{ Of = 'the result of a probe'; Get = { Test-WsEndpoint (Get-Address -Path 'echo') } }
        @{ Of = 'a probe in detail'; Get = { Test-WsEndpoint (Get-Address -Path 'echo') -Detailed } }
        @{ Of = 'a probe with a name'; Get = { [pscustomobject] @{ Name = 'one'; Uri = Get-Address -Path 'echo' } | Test-WsEndpoint } }
        @{
            Of = 'a round trip'
            Get = { $null = Connect-MessageWebSocket (Get-Address -Path 'echo'); Measure-WsRoundTrip -Count 2 -IntervalMilliseconds 1 }
        }
        @{ Of = 'a server'; Get = { $script:columns = Start-WsEchoServer; $columns } }
        @{ Of = 'a tunnel'; Get = { Start-WsTunnel 'ws://127.0.0.1:1/' } }
        @{ Of = 'a client of a server'; Get = { $null = Connect-MessageWebSocket $columns.Uri; $columns.Clients[0] } }
    ) {
        $item = @(& $Get)[-1]
        $copy = [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($item))
        foreach ($one in $item, $copy) {
            if ($one -eq $copy -and $Of -like 'a client*') {
                # It has no view of its own as a copy.
                continue
            }
            $lines = ($one | Format-Table | Out-String -Width 300).Split("`n").Where({ $_.Trim() })
            $labels = [regex]::Split($lines[0].Trim(), '\s+(?!\()')
            $labels.Count | Should -BeGreaterThan 3
            foreach ($label in $labels) {
                $one.PSObject.Properties[$label] |
                    Should -Not -BeNullOrEmpty -Because "$label is a column of $Of ($($one.PSObject.TypeNames[0]))"
            }
        }
        Close-EverySocket
    }

    It 'are properties of the type in every view there is' {
        $xml = [xml] (Get-Content -LiteralPath (Join-Path -Path $repository -ChildPath 'WebSocket.Format.ps1xml') -Raw)
        $views = $xml.Configuration.ViewDefinitions.View.Where({ $_.TableControl })
        $views.Count | Should -BeGreaterThan 5
        $missing = foreach ($view in $views) {
            # A column without a label is called as its property.
            $items = @($view.TableControl.TableRowEntries.TableRowEntry.TableColumnItems.TableColumnItem)
            $headers = @($view.TableControl.TableHeaders.ChildNodes.Where({ $_.Name -eq 'TableColumnHeader' }))
            $labels = for ($column = 0; $column -lt $items.Count; $column++) {
                $label = $headers[$column].Label
                $label ? $label : $items[$column].PropertyName
            }
            foreach ($name in @($view.ViewSelectedBy.TypeName)) {
                # A view may be for objects with a further name, and a copy has the properties of its original.
                $original = $name -replace '^Deserialized\.' -replace '#.*$'
                $type = $original -as [type]
                $type | Should -Not -BeNullOrEmpty -Because "$($view.Name) is for $name"
                $known = @(
                    $type.GetProperties().Name
                ) + @((Get-TypeData -TypeName $original).Members.Keys) + @((Get-TypeData -TypeName $name).Members.Keys)
                $labels.Where({ $_ -notin $known }).ForEach({ "$($view.Name): $_" })
            }
        }
        $missing | Sort-Object -Unique | Should -BeNullOrEmpty
    }

    It 'leave a short list for an object that is shown among others' {
        $names = @($views.ForEach({ $_.ViewSelectedBy.TypeName })) -replace '#.*$' | Where-Object { $_ -notlike 'Deserialized.*' } |
            Sort-Object -Unique
        $long = foreach ($name in $names) {
            $shown = @((Get-TypeData -TypeName $name).DefaultDisplayPropertySet.ReferencedProperties)
            $known = @(($name -as [type]).GetProperties().Name) + @((Get-TypeData -TypeName $name).Members.Keys)
            if (-not $shown -or $shown.Where({ $_ -notin $known })) {
                $name
            }
        }
        $long | Should -BeNullOrEmpty
        $load = Measure-WsLoad (Get-Address -Path 'echo') -Connections 1 -DurationSeconds 0.2 -WarningAction Ignore
        ([pscustomobject] @{ Other = 1 }), $load | Out-String | Should -Not -Match 'Histogram'
    }

    It 'can be asked for, and are no further columns of CSV and JSON' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'say?text=one')
        $message = Receive-WsMessage
        $message | Where-Object Type -EQ Utf8 | Should -Be $message
        $message | Where-Object Received -GT ([datetime]::Today) | Should -Be $message
        $result = Test-WsEndpoint (Get-Address -Path 'echo'), 'ws://127.0.0.1:1/'
        ($result | Where-Object Result -EQ ok).Uri | Should -Be (Get-Address -Path 'echo')
        ($result | Sort-Object -Property Total | Select-Object -Property Total, HTTP).Count | Should -Be 2
        $names = ($result[0] | ConvertTo-Csv | ConvertFrom-Csv).PSObject.Properties.Name
        $names | Should -Contain 'TotalMs'
        $names | Should -Not -Contain 'Total'
        ($result[0] | ConvertTo-Json | ConvertFrom-Json).PSObject.Properties.Name | Should -Not -Contain 'Total'
        Close-EverySocket
    }

    AfterAll {
        $columns | Stop-WsEchoServer
        Stop-WsTunnel
    }
}
