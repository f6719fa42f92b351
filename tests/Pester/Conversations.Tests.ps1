#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# What a connection is given to begin with and does on its own: -OnConnected, -Profile, -RequireSubProtocol, Get-WsProfile.
BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $echo = Start-WsEchoServer -Name 'conversations'
    $uri = $echo.Uri

    # An address where a server comes and goes.
    $listener = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
    $listener.Start()
    $port = $listener.LocalEndpoint.Port
    $listener.Stop()
}

AfterAll {
    Stop-WsEchoServer 'conversations'
    Remove-Module -Name 'WebSocket'
}

Describe 'Connect-MessageWebSocket -OnConnected' {
    AfterEach { Get-MessageWebSocket | Close-MessageWebSocket }

    It 'sends what the script emits as it is emitted: text, bytes and objects as JSON' {
        $null = Connect-MessageWebSocket $uri -OnConnected { 'text'; , [byte[]] (1, 2); @{ a = 1 }; $null }
        (Receive-WsMessage).Text | Should -BeExactly 'text'
        (Receive-WsMessage).Bytes | Should -Be @(1, 2)
        (Receive-WsMessage).Text | Should -BeExactly '{"a":1}'
        (Get-MessageWebSocket).Information.MessagesSent | Should -Be 3
    }

    It 'lets the script talk through its socket, and keeps what it does not take' {
        $seen = @{}
        $null = Connect-MessageWebSocket $uri -OnConnected {
            'first'
            'second'
            $seen.State = $_.State
            $seen.Received = (Receive-WsMessage).Text
            $seen.Reply = (Invoke-WsRequest -InputObject 'question' -Socket $_ -ReplyFilter { $_.Text -eq 'question' }).Text
        }
        $seen.State | Should -Be 'Open'
        $seen.Received | Should -BeExactly 'first'
        $seen.Reply | Should -BeExactly 'question'
        Receive-WsMessage -Raw | Should -BeExactly 'second'
    }

    It 'uses the new connection and no other one of the session' {
        $other = Connect-MessageWebSocket $uri -Name 'other'
        $null = Connect-MessageWebSocket $uri -Name 'new' -OnConnected { Send-WsMessage 'mine' }
        Receive-WsMessage -Socket 'new' -Raw | Should -BeExactly 'mine'
        $other.Information.MessagesSent | Should -Be 0
    }

    It 'closes the new connection and no other one of the session with Close-MessageWebSocket' {
        $other = Connect-MessageWebSocket $uri -Name 'other'
        $problem = Get-Failure { Connect-MessageWebSocket $uri -Name 'new' -OnConnected { Close-MessageWebSocket; 'too late' } }
        $problem.FullyQualifiedErrorId | Should -BeLike 'OnConnectedFailed*'
        $other.State | Should -Be 'Open'
    }

    It 'ends a script that waits for something else at -ConnectionTimeoutSeconds, and goes on' {
        # Longer than any test may take.
        $problem = Get-Failure { Connect-MessageWebSocket $uri -ConnectionTimeoutSeconds 0.5 -OnConnected { Start-Sleep -Seconds 3600 } }
        $problem.FullyQualifiedErrorId | Should -BeLike 'Timeout,*'
        "$problem" | Should -BeLike '*was opened, but*'
        Get-MessageWebSocket | Should -BeNullOrEmpty
        $null = Connect-MessageWebSocket $uri -OnConnected { 'hello' }
        (Receive-WsMessage).Text | Should -Be 'hello'
    }

    It 'fails the connect when the script takes longer than -ConnectionTimeoutSeconds, and says so' {
        $problem = Get-Failure {
            Connect-MessageWebSocket $uri -ConnectionTimeoutSeconds 2 -OnConnected { Receive-WsMessage -TimeoutSeconds 0 }
        }
        $problem.FullyQualifiedErrorId | Should -BeLike 'Timeout,*'
        "$problem" | Should -BeLike '*was opened, but what is to be done first with it was not done within 2 s.'
        $problem.ErrorDetails.RecommendedAction | Should -BeLike 'Raise -ConnectionTimeoutSeconds*'
        Get-MessageWebSocket | Should -BeNullOrEmpty
    }

    It 'fails the connect when the script throws, names it, and leaves no connection' {
        $problem = Get-Failure { Connect-MessageWebSocket $uri -OnConnected { throw 'not welcome' } }
        $problem.FullyQualifiedErrorId | Should -BeLike 'OnConnectedFailed*'
        "$problem" | Should -Match '-OnConnected failed: not welcome'
        Get-MessageWebSocket | Should -BeNullOrEmpty
        Wait-Until { $echo.Connections -eq 0 }
    }

    It 'fails the connect when the script closes the connection with <What>' -TestCases @(
        @{ What = 'Close-MessageWebSocket'; Script = { Close-MessageWebSocket } }
        @{ What = 'Dispose'; Script = { $attempts.Add(1); $_.Dispose() } }
    ) {
        $attempts = [System.Collections.Generic.List[int]]::new()
        $problem = Get-Failure {
            Connect-MessageWebSocket $uri -OnConnected $Script -MaximumRetryCount ($What -eq 'Dispose') -RetryIntervalSec 0.01
        }
        $problem.FullyQualifiedErrorId | Should -BeLike 'OnConnectedFailed,*'
        "$problem" | Should -BeLike '*the script of -OnConnected failed: it closed the connection.'
        # What is disposed of cannot connect again.
        $attempts.Count | Should -BeLessOrEqual 1
        Get-MessageWebSocket | Should -BeNullOrEmpty
    }

    It 'emits a connection that the server closed while the script ran' {
        $busy = Start-WsEchoServer -Name 'busy' -Handler { 'last'; throw 'enough' }
        try {
            $socket = Connect-MessageWebSocket $busy.Uri -OnConnected { 'go'; $greeted = $_; Wait-Until { $greeted.State -eq 'Closed' } }
            Receive-WsMessage -Socket $socket -Raw | Should -BeExactly 'last'
        } finally {
            Stop-WsEchoServer 'busy'
        }
    }

    It 'tells a timeout alone, whatever the cmdlets of the script meet by it' {
        # Some of these meet the close before the script is stopped.
        foreach ($action in @('Stop', 'SilentlyContinue') * 4) {
            $problem = $null
            try {
                $script = { Receive-WsMessage -TimeoutSeconds 60 }
                Connect-MessageWebSocket $uri -ConnectionTimeoutSeconds 0.1 -ErrorAction $action -ErrorVariable problem -OnConnected $script
            } catch {
                $problem = @($_)
            }

            @($problem) | Should -HaveCount 1
            $problem[0].FullyQualifiedErrorId | Should -BeLike 'Timeout,*'
        }
    }

    It 'counts an error with -ErrorAction Stop as an attempt, as a throw' {
        $attempts = [System.Collections.Generic.List[int]]::new()
        $problem = $null
        try {
            Connect-MessageWebSocket $uri -MaximumRetryCount 2 -RetryIntervalSec 0.01 -ErrorAction Stop -OnConnected {
                $attempts.Add(1)
                Write-Error 'not yet' -ErrorAction Continue
            }
        } catch {
            $problem = $_
        }

        $problem.FullyQualifiedErrorId | Should -BeLike 'OnConnectedFailed,*'
        "$problem" | Should -BeLike '*not yet*'
        $attempts | Should -HaveCount 3
    }

    It 'shows no line of the script, and no secret that it throws' {
        $thrown = {
            Connect-MessageWebSocket "$uri`?token=hidden1" -MaximumRetryCount 1 -RetryIntervalSec 0.01 -Verbose -OnConnected { throw $text }
        }
        $text = 'wss://x/?token=hidden2 refused Bearer hidden3'
        $streams = Get-Streams $thrown
        $streams.Error | Should -HaveCount 1
        "$($streams.Error)" | Should -BeLike '*failed: wss://x/?... refused Bearer `*`*`* (line *).'
        "$($streams.Error) $($streams.Error.Exception.Message) $($streams.Verbose)" | Should -Not -Match 'hidden\d'
        $problem = Get-Failure { Connect-MessageWebSocket $uri -OnConnected { Invoke-Expression 'if ( hidden4' } }
        "$problem $($problem.Exception.Message)" | Should -BeLike '*-OnConnected failed: *'
        "$problem $($problem.Exception.Message)" | Should -Not -Match 'hidden\d'
    }

    It 'does not let a break of the script leave a loop around the connect' {
        $after = foreach ($i in 1, 2) {
            Get-Failure { Connect-MessageWebSocket $uri -OnConnected { break } }
        }
        $after | Should -HaveCount 2
    }

    It 'reports errors of the script that do not end it, and goes on' {
        $streams = Get-Streams {
            Connect-MessageWebSocket $uri -OnConnected { Write-Error 'not so bad'; Write-Warning 'look'; Write-Host 'seen'; 'sent' }
        }
        "$($streams.Output.Where({ $_ -is [System.Management.Automation.InformationRecord] }))" | Should -BeExactly 'seen'
        $streams.Error | Should -HaveCount 1
        "$($streams.Error)" | Should -BeExactly 'not so bad'
        $streams.Warning | Should -HaveCount 1
        Receive-WsMessage -Raw | Should -BeExactly 'sent'
    }

    It 'has what the script says on the verbose and debug streams of the cmdlet, which gives it -Verbose and -Debug' {
        $script = { Write-Verbose 'logging in'; Write-Debug 'a detail'; $null = Invoke-WsRequest 'x' }
        $streams = Get-Streams { Connect-MessageWebSocket $uri -Name 'told' -Verbose -Debug -OnConnected $script }
        "$($streams.Verbose)" | Should -BeLike '*logging in*'
        "$($streams.Debug)" | Should -BeLike '*a detail*'
        # By the cmdlet that connects, and not by the one in its script as well.
        @("$($streams.Debug)" | Select-String -Pattern 'sent text' -AllMatches).Matches | Should -HaveCount 1
        $streams = Get-Streams { Connect-MessageWebSocket $uri -Name 'quiet' -OnConnected $script }
        $streams.Verbose | Should -BeNullOrEmpty
        $streams.Debug | Should -BeNullOrEmpty
    }

    It 'refuses to send a received message back by mistake' {
        $problem = Get-Failure { Connect-MessageWebSocket $uri -OnConnected { Invoke-WsRequest 'hello' } }
        $problem.FullyQualifiedErrorId | Should -BeLike 'OnConnectedFailed*'
        "$problem" | Should -Match 'received message'
        $problem.Exception.InnerException.ErrorRecord.FullyQualifiedErrorId | Should -BeLike 'GreetingIsNoMessage*'
    }

    It 'refuses to send a socket, which a script has on its output by mistake' {
        $received = $echo.MessagesReceived
        $problem = Get-Failure { Connect-MessageWebSocket $uri -OnConnected { $_ } }
        "$problem" | Should -Match 'a socket'
        $echo.MessagesReceived | Should -Be $received
    }

    It 'counts a throw as an attempt' {
        $attempts = @{ Count = 0 }
        $null = Connect-MessageWebSocket $uri -MaximumRetryCount 3 -RetryIntervalSec 0.01 -OnConnected {
            if (++$attempts.Count -lt 3) { throw 'not yet' }
            'welcome'
        }
        $attempts.Count | Should -Be 3
        Receive-WsMessage -Raw | Should -BeExactly 'welcome'
    }

    It 'fails the connect by what cannot be sent, also where errors do not stop: <What>' -TestCases @(
        @{ What = 'the socket'; Script = { $_; 'x' }; Reason = 'GreetingIsNoMessage*' }
        @{ What = 'a received message'; Script = { 'q'; Receive-WsMessage; 'z' }; Reason = 'GreetingIsNoMessage*' }
        @{ What = 'half a surrogate pair'; Script = { "$([char] 0xD800)"; 'x' }; Reason = 'InvalidMessage*' }
        @{ What = 'anything, to a connection that has ended'; Script = { Close-MessageWebSocket; 'x' }; Reason = 'ConnectionClosed*' }
    ) {
        $ErrorActionPreference = 'Continue'
        $socket = Connect-MessageWebSocket $uri -OnConnected $Script -ErrorVariable problem -ErrorAction SilentlyContinue

        $socket | Should -BeNullOrEmpty
        $problem | Should -HaveCount 1
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'OnConnectedFailed,*'
        $problem[0].Exception.InnerException.ErrorRecord.FullyQualifiedErrorId | Should -BeLike $Reason
        Get-MessageWebSocket | Should -BeNullOrEmpty
    }

    It 'runs again after each reconnect, also through the variable of the first socket' {
        $server = Start-WsEchoServer -Name 'mortal' -Port $port
        $greeted = [System.Collections.Generic.List[string]]::new()
        try {
            $ws = $null
            $ws = Connect-MessageWebSocket $server.Uri -AutoReconnect -RetryIntervalSec 0.01 -OnConnected {
                # By the variable of the one that was lost too: the connection that takes over is meant.
                Send-WsMessage 'hello' -Socket ($ws ?? $_)
                $greeted.Add((Receive-WsMessage -Socket $_ -Raw))
                'subscribe'
            }
            Receive-WsMessage -Raw | Should -BeExactly 'subscribe'
            foreach ($restart in 1..3) {
                Stop-WsEchoServer 'mortal'
                Wait-Until { $ws.State -ne 'Open' }
                $server = Start-WsEchoServer -Name 'mortal' -Port $port
                $ws = Get-MessageWebSocket
                Receive-WsMessage -Socket $ws -Raw -WarningAction SilentlyContinue | Should -BeExactly 'subscribe'
                $ws = Get-MessageWebSocket
            }

            $greeted | Should -HaveCount 4
        } finally {
            Stop-WsEchoServer 'mortal'
        }
    }

    It 'ends with Ctrl+C' {
        $started = Start-Script {
            Connect-MessageWebSocket $args[0] -OnConnected { Write-Warning 'in it'; Receive-WsMessage -TimeoutSeconds 0 }
        } -ArgumentList $uri
        try {
            Wait-Until { $started.Streams.Warning.Count -ge 1 }
            Stop-Script -Started $started
            Wait-Until { $echo.Connections -eq 0 }
        } finally {
            $started.Shell.Dispose()
        }
    }

    It 'goes along with a socket of New-MessageWebSocket' {
        $ws = New-MessageWebSocket -OnConnected { 'made before' }
        $null = Connect-MessageWebSocket $uri -Socket $ws
        Receive-WsMessage -Raw | Should -BeExactly 'made before'
    }
}

Describe 'Connect-MessageWebSocket -Profile' {
    AfterEach { Get-MessageWebSocket | Close-MessageWebSocket }

    It 'takes all of a hashtable' {
        $ws = Connect-MessageWebSocket $uri -Profile @{
            RecordSeparator = "`n"
            ConnectMessages = 'one', @{ two = 2 }
            AutoReply       = @{ ping = 'pong'; '/^ask (\d)$/' = 'answer $1' }
            Ignore          = '^pong$'
            IdProperty      = 'd.id'
            Dialect         = 'DevTools'
        }
        'ping', 'ask 7', 'news' | Send-WsMessage
        $texts = Receive-WsMessage -Count 4 -Raw
        foreach ($text in 'answer 7', 'news', 'one', '{"two":2}') {
            $texts | Should -Contain $text
        }

        Wait-Until { $ws.Information.MessagesIgnored -eq 1 }
        Wait-Until { $ws.Information.AutoRepliesSent -ge 2 }
        $ws.Information.AutoRepliesSent | Should -Be 2
        $ws.Control.IdProperty | Should -BeExactly 'd.id'
        $ws.Control.Dialect | Should -Be 'DevTools'
        ($ws | Format-List | Out-String) | Should -Match '2 automatic replies, 1 message ignored'
    }

    It 'waits for what the server says first, and fails with what it says in place of that' {
        $null = Connect-MessageWebSocket $uri -Profile @{ ConnectMessages = 'hello'; ConnectReply = '^hel+o$' }
        Send-WsMessage 'first'
        Receive-WsMessage -Raw | Should -BeExactly 'first'
        $problem = Get-Failure {
            Connect-MessageWebSocket $uri -Name 'refused' -Profile @{ ConnectMessages = 'hello'; ConnectReply = '^welcome' }
        }
        "$problem" | Should -BeLike '*was opened, but what is to be done first with it failed: the server answered hello*'
        Get-MessageWebSocket 'refused' -ErrorAction Ignore | Should -BeNullOrEmpty
    }

    It 'sends heartbeats while the script does nothing' {
        $ws = Connect-MessageWebSocket $uri -Profile @{ HeartbeatMessage = 'beat'; HeartbeatIntervalSeconds = 0.05; Ignore = '^beat$' }
        Wait-Until { $ws.Information.HeartbeatsSent -ge 3 }
        ($ws | Format-List | Out-String) | Should -Match '\d+ heartbeats'
    }

    It 'takes the name of one that comes along, a file, and an object; a parameter says more' {
        $ws = Connect-MessageWebSocket $uri -Name 'a' -Profile signalr
        $ws.Control.RecordSeparator | Should -BeExactly "`u{1e}"
        $ws.Control.HeartbeatInterval.TotalSeconds | Should -Be 15

        $file = Join-Path -Path $TestDrive -ChildPath 'Own.psd1'
        Set-Content -LiteralPath $file -Value "@{ ConnectMessages = 'from a file'; OnConnected = `$null }".Replace(
            '; OnConnected = $null', '')
        $null = Connect-MessageWebSocket $uri -Name 'b' -Profile $file
        Receive-WsMessage -Socket 'b' -Raw | Should -BeExactly 'from a file'

        $profile = Get-WsProfile -Path $file
        $null = Connect-MessageWebSocket $uri -Name 'c' -Profile $profile
        Receive-WsMessage -Socket 'c' -Raw | Should -BeExactly 'from a file'

        $ws = New-MessageWebSocket -Profile Stomp -SubProtocol 'v12.stomp' -Name 'd'
        $ws.Control.SupportedProtocols | Should -Be @('v12.stomp')
    }

    It 'numbers requests of <Name> in the type that its servers take' -ForEach @(
        @{ Name = 'SignalR'; Path = 'invocationId'; Want = '1' }
        @{ Name = 'GraphQLTransportWs'; Path = 'id'; Want = '1' }
        @{ Name = 'Obs'; Path = 'd.requestId'; Want = '1' }
        @{ Name = 'HomeAssistant'; Path = 'id'; Want = 1 }
        @{ Name = 'JsonRpc'; Path = 'id'; Want = 1 }
        @{ Name = 'DevTools'; Path = 'id'; Want = 1 }
    ) {
        $number = (Get-WsProfile $Name).IdProperty
        $null = Connect-MessageWebSocket $uri -Profile @{ IdProperty = $number }
        $reply = Invoke-WsRequest @{ d = @{ text = 'x' } } -AsJson -FromJson
        $value = $Path.Split('.') | ForEach-Object -Begin { $at = $reply } -Process { $at = $at.$_ } -End { $at }
        $value | Should -BeOfType ($Want -is [string] ? 'string' : 'long')
        "$value" | Should -BeExactly "$Want"
    }

    It 'refuses a script in a file when it is read' {
        $file = Join-Path -Path $TestDrive -ChildPath 'Script.psd1'
        Set-Content -LiteralPath $file -Value "@{ OnConnected = { 'x' } }"
        $problem = Get-Failure { Get-WsProfile -Path $file }
        $problem.FullyQualifiedErrorId | Should -BeLike 'InvalidProfile,*'
        "$problem" | Should -BeLike '*OnConnected is a script: it goes into a hashtable*'
        { Connect-MessageWebSocket $uri -Profile $file } | Should -Throw '*OnConnected is a script*'
    }

    It 'runs a script of a hashtable' {
        $null = Connect-MessageWebSocket $uri -Profile @{ OnConnected = { 'from the profile' } }
        Receive-WsMessage -Raw | Should -BeExactly 'from the profile'
    }

    It 'refuses <What> in words' -ForEach @(
        @{ What = 'an unknown name'; Value = 'Nope'; Words = "There is no profile 'Nope'.*SignalR" }
        @{ What = 'a file that is not there'; Value = './nope.psd1'; Words = 'There is no file' }
        @{ What = 'an unknown property'; Value = @{ Heartbeat = 1 }; Words = "no property 'Heartbeat'.*HeartbeatMessage" }
        @{ What = 'a heartbeat without an interval'; Value = @{ HeartbeatMessage = 'x' }; Words = 'go together' }
        @{
            What = 'an interval that is no number'; Value = @{ HeartbeatMessage = 'x'; HeartbeatIntervalSeconds = 'often' }
            Words = 'a number of seconds'
        }
        @{ What = 'an interval of 0'; Value = @{ HeartbeatMessage = 'x'; HeartbeatIntervalSeconds = 0 }; Words = 'has to be above 0' }
        @{ What = 'a path that is no more than its mark'; Value = @{ IdProperty = ':string' }; Words = 'a path of member names' }
        @{ What = 'a broken pattern, with one full stop'; Value = @{ Ignore = '(' }; Words = '[^.]\.$' }
        @{ What = 'a pattern that is none'; Value = @{ Ignore = '(' }; Words = 'Ignore: ' }
        @{ What = 'an answer to the greeting that is none'; Value = @{ ConnectReply = '(' }; Words = 'ConnectReply: ' }
        @{ What = 'an empty pattern'; Value = @{ Ignore = '^x$', '' }; Words = 'Ignore has an empty pattern' }
        @{ What = 'an empty pattern of an answer'; Value = @{ AutoReply = @{ '//' = 'a' } }; Words = 'AutoReply has an empty pattern' }
        @{ What = 'an empty pattern in a list'
            Value = @{ AutoReply = , @{ Pattern = ''; Answer = 'a' } }; Words = 'AutoReply has an empty pattern' }
        @{ What = 'an answer that is no message'; Value = @{ AutoReply = @{ a = 1 } }; Words = 'a string or bytes' }
        @{ What = 'a script that is none'; Value = @{ OnConnected = 'text' }; Words = 'a script block' }
        @{ What = 'an unknown dialect'; Value = @{ Dialect = 'Esperanto' }; Words = 'JsonRpc or DevTools' }
        @{ What = 'a path that is none'; Value = @{ IdProperty = 'd..id' }; Words = 'path of member names' }
    ) {
        $before = $echo.MessagesReceived
        { Connect-MessageWebSocket $uri -Profile $Value -ErrorAction Stop } | Should -Throw -ExpectedMessage '*'
        try { Connect-MessageWebSocket $uri -Profile $Value -ErrorAction Stop } catch { "$_" | Should -Match $Words }
        $echo.MessagesReceived | Should -Be $before
        Get-MessageWebSocket | Should -BeNullOrEmpty
    }

    It 'runs nothing of a file' {
        $file = Join-Path -Path $TestDrive -ChildPath 'Evil.psd1'
        Set-Content -LiteralPath $file -Value '@{ ConnectMessages = (Set-Variable -Scope Global -Name ranFromProfile -Value 1) }'
        { Connect-MessageWebSocket $uri -Profile $file -ErrorAction Stop } | Should -Throw -ExpectedMessage '*it is data*'
        Get-Variable -Name 'ranFromProfile' -Scope Global -ErrorAction Ignore | Should -BeNullOrEmpty
    }

    It 'completes the names' {
        $line = 'Connect-MessageWebSocket ws://x -Profile s'
        ([System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null)).CompletionMatches.CompletionText |
            Should -Be @('SignalR', 'SocketIO', 'Stomp')
    }
}

Describe 'Connect-MessageWebSocket -RequireSubProtocol' {
    AfterEach { Get-MessageWebSocket | Close-MessageWebSocket }

    It 'takes a server that agrees to one, of a profile too' {
        $chat = Start-WsEchoServer -Name 'chat' -SubProtocol 'chat'
        try {
            (Connect-MessageWebSocket $chat.Uri -SubProtocol 'news', 'chat' -RequireSubProtocol).Protocol | Should -BeExactly 'chat'
            (Connect-MessageWebSocket $chat.Uri -Profile @{ SubProtocol = 'chat' } -RequireSubProtocol).Protocol | Should -BeExactly 'chat'
        } finally {
            Stop-WsEchoServer 'chat'
        }
    }

    It 'refuses a server that agrees to none' {
        $null = Connect-MessageWebSocket $uri -SubProtocol 'chat'
        $problem = Get-Failure { Connect-MessageWebSocket $uri -Name 'strict' -SubProtocol 'chat' -RequireSubProtocol }
        "$problem" | Should -Match 'none of the subprotocols offered \(chat\), and -RequireSubProtocol'
        $problem.FullyQualifiedErrorId | Should -BeExactly 'SubProtocolRefused,MessageWebSockets.PowerShell.ConnectMessageWebSocketCommand'
        $problem.ErrorDetails.RecommendedAction | Should -BeLike '*-SubProtocol*'
        (Get-Failure { Connect-MessageWebSocket $uri -Name 'strict' -RequireSubProtocol }).FullyQualifiedErrorId |
            Should -BeLike 'InvalidSetting*'
    }
}

Describe 'Get-WsProfile' {
    It 'lists those that come along, by wildcards too, and says what each is for' {
        (Get-WsProfile).Name |
            Should -Be @('DevTools', 'GraphQLTransportWs', 'HomeAssistant', 'JsonRpc', 'Obs', 'SignalR', 'SocketIO', 'Stomp')
        (Get-WsProfile s*).Name | Should -Be @('SignalR', 'SocketIO', 'Stomp')
        Get-WsProfile | ForEach-Object { $_.Description | Should -Not -BeNullOrEmpty; $_.Path | Should -Exist }
    }

    It 'shows all that a profile has in a list' {
        $list = Get-WsProfile Stomp | Format-List | Out-String -Width 300
        $list | Should -Match '(?m)^RecordSeparator +: \\0\r?$'
        $list | Should -Match '(?m)^HeartbeatMessage +: \\n\r?$'
        $list | Should -Match '(?m)^HeartbeatIntervalSeconds +: 9\r?$'
        $list | Should -Not -Match 'AutoReply'
        Get-WsProfile SocketIO | Format-List | Out-String -Width 300 | Should -Match '(?m)^AutoReply +: \{2 -> 3\}\r?$'
    }

    It 'knows each of them as data and as a profile' {
        Get-WsProfile | ForEach-Object { { Import-PowerShellDataFile -LiteralPath $_.Path } | Should -Not -Throw }
    }

    It 'reports a name that none has, a file that is not there and one that is no profile' {
        (Get-Failure { Get-WsProfile nope }).FullyQualifiedErrorId | Should -BeLike 'ProfileNotFound*'
        (Get-Failure { Get-WsProfile -Path ./nope.psd1 }).FullyQualifiedErrorId | Should -BeLike 'ProfileNotFound*'
        $file = Join-Path -Path $TestDrive -ChildPath 'Bad.psd1'
        Set-Content -LiteralPath $file -Value '@{ Nope = 1 }'
        (Get-Failure { Get-WsProfile -Path $file }).FullyQualifiedErrorId | Should -BeLike 'InvalidProfile*'
    }
}
