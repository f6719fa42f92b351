#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer -ArgumentList '--raw'
    $folder =
        (New-Item -ItemType Directory -Path (Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath "ws-send-$PID") -Force).FullName

    # What the sink has counted.
    function Get-SinkCount {
        Invoke-WsRequest 'count' -FromJson
    }
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Item -LiteralPath $folder -Recurse
    Remove-Module -Name 'WebSocket'
}

Describe 'Send-WsMessage' {
    BeforeEach { $echo = Connect-MessageWebSocket (Get-Address -Path 'echo') -Name echo }

    AfterEach { Close-EverySocket }

    Context 'what becomes which message' {
        It 'sends a string as text' {
            Send-WsMessage 'grüße 👋'
            $reply = Receive-WsMessage
            $reply.MessageType | Should -Be 'Utf8'
            $reply.Text | Should -BeExactly 'grüße 👋'
        }

        It 'sends an empty string as an empty message' {
            Send-WsMessage ''
            (Receive-WsMessage).Length | Should -Be 0
        }

        It 'sends NUL as it is' {
            Send-WsMessage "a`0b"
            (Receive-WsMessage).Text | Should -BeExactly "a`0b"
        }

        It 'sends <What> as one binary message' -TestCases @(
            @{ What = 'a byte array'; Value = { [byte[]] (1, 2, 3) } }
            @{ What = 'an array of bytes'; Value = { @([byte] 1, [byte] 2, [byte] 3) } }
            @{ What = 'a list of bytes'; Value = { , [System.Collections.Generic.List[byte]] (1, 2, 3) } }
        ) {
            Send-WsMessage -InputObject (& $Value)
            $reply = Receive-WsMessage
            $reply.MessageType | Should -Be 'Binary'
            $reply.Bytes | Should -Be 1, 2, 3
        }

        It 'sends a byte array of the pipeline as one message' {
            , [byte[]] (1, 2, 3) | Send-WsMessage
            (Receive-WsMessage).Bytes | Should -Be 1, 2, 3
        }

        It 'sends each object of the pipeline as a message' {
            'a', 'b', 'c' | Send-WsMessage
            (Receive-WsMessage -Count 3).Text | Should -Be 'a', 'b', 'c'
        }

        It 'passes a received message on as it is' {
            Send-WsMessage ([byte[]] (9, 8))
            Receive-WsMessage | Send-WsMessage
            $again = Receive-WsMessage
            $again.MessageType | Should -Be 'Binary'
            $again.Bytes | Should -Be 9, 8
        }

        It 'goes by -MessageType' {
            Send-WsMessage 'text' -MessageType Binary
            (Receive-WsMessage).MessageType | Should -Be 'Binary'
            Send-WsMessage ([System.Text.Encoding]::UTF8.GetBytes('text')) -MessageType Utf8
            (Receive-WsMessage).Data | Should -Be 'text'
            { Send-WsMessage 'x' -MessageType Text } | Should -Throw -ErrorId 'CannotConvertArgument*'
        }

        It 'refuses <What> and recommends <Advice>' -TestCases @(
            @{ What = 'a number'; Value = 42; Advice = '*-AsJson*' }
            @{ What = 'a hashtable'; Value = @{ a = 1 }; Advice = '*-AsJson*' }
            @{ What = 'null'; Value = $null; Advice = '*-AsJson*' }
            @{ What = 'a byte'; Value = [byte] 1; Advice = '*-AsByteStream*' }
            @{ What = 'a file'; Value = Get-Item -LiteralPath $PSCommandPath; Advice = '*-Path*' }
        ) {
            $failure = Get-Failure { Send-WsMessage -InputObject $Value }
            $failure.FullyQualifiedErrorId | Should -BeExactly 'UnsupportedInputObject,MessageWebSockets.PowerShell.SendWsMessageCommand'
            $failure.ErrorDetails.RecommendedAction | Should -BeLike $Advice
            $echo.Sent | Should -Be 0
        }

        It 'refuses half a surrogate pair and bytes that are no UTF-8' {
            (Get-Failure { Send-WsMessage "a$([char] 0xD83D)b" }).FullyQualifiedErrorId | Should -BeLike 'InvalidMessage,*'
            (Get-Failure { Send-WsMessage ([byte[]] (0xC3, 0x28)) -MessageType Utf8 }).FullyQualifiedErrorId |
                Should -BeLike 'InvalidMessage,*'
            $echo.State | Should -Be 'Open'
        }

        It 'reports one bad object of a pipeline and sends the others' {
            'a', 42, 'b' | Send-WsMessage -ErrorVariable problem -ErrorAction SilentlyContinue
            $problem | Should -HaveCount 1
            $problem[0].TargetObject | Should -Be 42
            (Receive-WsMessage -Count 2).Text | Should -Be 'a', 'b'
        }
    }

    Context '-AsJson' {
        It 'sends what ConvertTo-Json -Compress makes of it' {
            $value = [ordered] @{ a = 1; b = @('x', $null, [datetime]::new(2026, 1, 2)); c = [pscustomobject] @{ d = $true } }
            Send-WsMessage $value -AsJson
            (Receive-WsMessage).Text | Should -BeExactly ($value | ConvertTo-Json -Compress -Depth 10)
        }

        It 'sends <What> as <Json>' -TestCases @(
            @{ What = 'null'; Value = $null; Json = 'null' }
            @{ What = 'a string'; Value = 'a"b'; Json = '"a\"b"' }
            @{ What = 'a number'; Value = 4.5; Json = '4.5' }
            @{ What = 'an array'; Value = @(1, 2); Json = '[1,2]' }
        ) {
            Send-WsMessage -InputObject $Value -AsJson
            (Receive-WsMessage).Text | Should -BeExactly $Json
        }

        It 'goes as deep as -Depth' {
            $deep = @{ a = @{ b = @{ c = 1 } } }
            Send-WsMessage $deep -AsJson
            (Receive-WsMessage).Text | Should -BeExactly '{"a":{"b":{"c":1}}}'
            Send-WsMessage $deep -AsJson -Depth 1 -WarningAction SilentlyContinue -WarningVariable warning
            $warning | Should -BeLike '*depth of 1*'
            (Receive-WsMessage).Text | Should -Not -BeLike '*"c":1*'
            { Send-WsMessage $deep -AsJson -Depth 101 } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        }
    }

    It 'sends a message that was kept or came from another process as it was' {
        'caf' + [char] 0xE9 | Send-WsMessage
        , [byte[]] (0, 255) | Send-WsMessage
        $copies = Receive-WsMessage -Count 2 | ForEach-Object {
            [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($_))
        }
        $copies | Send-WsMessage
        $copies[1] | Send-WsMessage -MessageType Binary
        $again = Receive-WsMessage -Count 3
        $again.MessageType | Should -Be 'Utf8', 'Binary', 'Binary'
        $again[0].Text | Should -BeExactly "caf$([char] 0xE9)"
        $again[1].Bytes | Should -Be 0, 255
        (Invoke-WsRequest $copies[0]).Data | Should -BeExactly "caf$([char] 0xE9)"
        (Get-Failure { [pscustomobject] @{ Data = 'x' } | Send-WsMessage }).FullyQualifiedErrorId |
            Should -BeLike 'UnsupportedInputObject,*'
    }

    Context '-AsByteStream' {
        It 'collects bytes into one message' {
            [byte[]] (1..200) | Send-WsMessage -AsByteStream
            (Receive-WsMessage).Bytes | Should -Be (1..200)
            $echo.Sent | Should -Be 1
        }

        It 'refuses what is no byte' {
            (Get-Failure { 'a' | Send-WsMessage -AsByteStream }).FullyQualifiedErrorId | Should -BeLike 'UnsupportedInputObject,*'
            (Get-Failure { 'a' | Send-WsMessage -AsByteStream -AsJson }).FullyQualifiedErrorId | Should -BeLike 'ParameterConflict,*'
        }

        It 'sends no message that <Item> is missing from' -TestCases @(
            @{ Item = 'a'; Says = '*type String is no byte*' }
            @{ Item = 256; Says = '256 is no byte, for bytes are 0 to 255*' }
            @{ Item = -1; Says = '-1 is no byte*' }
            @{ Item = $null; Says = 'Null is no byte*' }
        ) {
            1, $Item, 2 | Send-WsMessage -AsByteStream -ErrorAction SilentlyContinue -ErrorVariable failed
            $failed.FullyQualifiedErrorId | Should -BeLike 'UnsupportedInputObject,*'
            "$failed" | Should -BeLike $Says
            $echo.Sent | Should -Be 0
        }
    }

    Context 'files' {
        BeforeAll {
            $binary = Join-Path -Path $folder -ChildPath 'binary[1].dat'
            $bytes = [byte[]]::new(300000)
            [random]::new(1).NextBytes($bytes)
            [System.IO.File]::WriteAllBytes($binary, $bytes)
            $text = Join-Path -Path $folder -ChildPath 'text.txt'
            [System.IO.File]::WriteAllText($text, 'grüße')
            $empty = Join-Path -Path $folder -ChildPath 'empty.txt'
            [System.IO.File]::WriteAllText($empty, '')
        }

        It 'sends a -LiteralPath as one binary message in fragments' {
            $said = (Get-Streams { Send-WsMessage -LiteralPath $binary -Debug }).Debug
            $reply = Receive-WsMessage
            $reply.MessageType | Should -Be 'Binary'
            [System.Linq.Enumerable]::SequenceEqual([byte[]] $reply.Bytes, [byte[]] $bytes) | Should -BeTrue
            @($said -like 'sent continuation*').Count | Should -Be 4
            $echo.Sent | Should -Be 1
        }

        It 'sends each file of a -Path with wildcards' {
            Send-WsMessage -Path (Join-Path -Path $folder -ChildPath '*.txt') -MessageType Utf8
            (Receive-WsMessage -Count 2).Text | Should -Be '', 'grüße'
        }

        It 'emits the file with -PassThru' {
            (Send-WsMessage -LiteralPath $text -PassThru).FullName | Should -Be $text
        }

        It 'reports a file that is not there' {
            (Get-Failure { Send-WsMessage -LiteralPath (Join-Path -Path $folder -ChildPath 'none') }).FullyQualifiedErrorId |
                Should -BeLike 'FileError,*'
            (Get-Failure { Send-WsMessage -Path (Join-Path -Path $folder -ChildPath 'none') }).FullyQualifiedErrorId |
                Should -BeLike 'PathNotFound,*'
        }

        It 'refuses to send bytes as text, before anything is sent' {
            (Get-Failure { Send-WsMessage -LiteralPath $binary -MessageType Utf8 }).FullyQualifiedErrorId |
                Should -BeLike 'InvalidMessage,*'
            $echo.Information.FramesSent | Should -Be 0
        }
    }

    Context '-FragmentSize' {
        It 'sends in fragments, splitting characters where it must' {
            $said = (Get-Streams { Send-WsMessage 'ééé' -FragmentSize 5 -Debug }).Debug -join "`n"
            (Receive-WsMessage).Text | Should -BeExactly 'ééé'
            $said | Should -BeLike '*sent text 5 B*sent continuation 1 B fin*'
            $said | Should -Not -BeLike '*sent text 5 B fin*'
        }

        It 'sends a short message whole' {
            $said = (Get-Streams { Send-WsMessage 'abc' -FragmentSize 3 -Debug }).Debug -join "`n"
            $said | Should -BeLike '*sent text 3 B fin*'
        }

        It 'refuses text that is none, and sizes below 1' {
            (Get-Failure { Send-WsMessage ([byte[]] (0xC3, 0x28)) -MessageType Utf8 -FragmentSize 1 }).FullyQualifiedErrorId |
                Should -BeLike 'InvalidMessage,*'
            { Send-WsMessage 'x' -FragmentSize 0 } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        }
    }

    Context '-Socket' {
        It 'takes an object or a name' {
            $null = Connect-MessageWebSocket (Get-Address -Path 'sink') -Name sink
            Send-WsMessage 'by name' -Socket ECHO
            Send-WsMessage 'by object' -Socket $echo
            (Receive-WsMessage -Socket echo -Count 2).Text | Should -Be 'by name', 'by object'
        }

        It 'completes names' {
            (TabExpansion2 'Send-WsMessage x -Socket ec').CompletionMatches.CompletionText | Should -Be 'echo'
        }

        It 'refuses a name that no socket has, a copy of a socket, and null' {
            "$(Get-Failure { Send-WsMessage 'x' -Socket nobody })" | Should -BeLike "*no socket named 'nobody'*echo*"
            $serializer = [System.Management.Automation.PSSerializer]
            $copy = $serializer::Deserialize($serializer::Serialize($echo))
            "$(Get-Failure { Send-WsMessage 'x' -Socket $copy })" | Should -BeLike '*copy of a socket*'
            { Send-WsMessage 'x' -Socket $null } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        }
    }

    Context 'which socket' {
        It 'refuses to guess among several' {
            $null = Connect-MessageWebSocket (Get-Address -Path 'sink') -Name sink
            $failure = Get-Failure { 'x' | Send-WsMessage }
            $failure.FullyQualifiedErrorId | Should -BeLike 'SeveralOpenSockets,*'
            "$failure" | Should -BeLike '*echo, sink*'
            $failure.ErrorDetails.RecommendedAction | Should -BeLike '*-Socket*'
        }

        It 'says what to do when nothing is open' {
            Close-MessageWebSocket
            $failure = Get-Failure { 'x' | Send-WsMessage }
            $failure.FullyQualifiedErrorId | Should -BeLike 'NoOpenSocket,*'
            $failure.ErrorDetails.RecommendedAction | Should -BeLike '*Connect-MessageWebSocket*'
        }

        It 'reports a socket that is not connected, or not any more' {
            $created = New-MessageWebSocket
            (Get-Failure { Send-WsMessage 'x' -Socket $created }).FullyQualifiedErrorId | Should -BeLike 'SocketNotConnected,*'
            Close-MessageWebSocket -Socket $echo
            (Get-Failure { Send-WsMessage 'x' -Socket $echo }).FullyQualifiedErrorId | Should -BeLike 'ConnectionClosed,*'
        }
    }

    Context 'when the server does not keep up' {
        It 'was not sent when it timed out, and the connection lives' {
            $slow = Connect-MessageWebSocket $server.faults.'stops-reading' -SendBufferSize 4096
            $big = [byte[]]::new(8MB)
            $failure = Get-Failure { 1..4 | ForEach-Object { , $big } | Send-WsMessage -Socket $slow -TimeoutSeconds 1 }
            $failure.FullyQualifiedErrorId | Should -BeLike 'SendTimeout,*'
            $failure.CategoryInfo.Category | Should -Be 'OperationTimeout'
            "$failure" | Should -BeLike '*not sent*still open*'
            $slow.State | Should -Be 'Open'
            { Send-WsMessage 'x' -TimeoutSeconds -1 } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        }

        It 'warns of what still waits in the send buffer' {
            $slow = Connect-MessageWebSocket $server.faults.'stops-reading' -SendBufferSize 4096
            Send-WsMessage ([byte[]]::new(8MB)) -Socket $slow -TimeoutSeconds 1 -WarningVariable warning -WarningAction SilentlyContinue
            $warning | Should -BeLike '1 of 1 messages still wait*'
        }

        It 'does not take heartbeats for what went out' {
            $slow = New-MessageWebSocket -SendBufferSize 4096
            $slow.Control.HeartbeatMessage = 'beat'
            $slow.Control.HeartbeatInterval = [timespan]::FromMilliseconds(5)
            Connect-MessageWebSocket $server.faults.'stops-reading' -Socket $slow | Out-Null
            & {
                'first'
                Wait-Until { $slow.Information.HeartbeatsSent -ge 3 }
                , [byte[]]::new(8MB)
            } | Send-WsMessage -Socket $slow -TimeoutSeconds 1 -WarningVariable warning -WarningAction SilentlyContinue
            $warning | Should -BeLike '1 of 2 messages still wait*'
        }

        It 'says how many messages were not handed to the network when the connection breaks' {
            $slow = Connect-MessageWebSocket $server.faults.'reset-while-client-sends'
            $big = [byte[]]::new(1MB)
            $failure = Get-Failure { 1..200 | ForEach-Object { , $big } | Send-WsMessage -Socket $slow }
            $failure.FullyQualifiedErrorId | Should -BeLike 'Connection*,*'
            "$failure" | Should -Match ('Of this pipeline''s messages \d+ (?:was|were) handed to the network' +
                '(, \d+ may have been, in a write that failed,)? and \d+ (?:was|were) not\.')
        }
    }

    It 'emits what it sent with -PassThru, else nothing' {
        'a', 'b' | Send-WsMessage -PassThru | Should -Be 'a', 'b'
        'c' | Send-WsMessage | Should -BeNullOrEmpty
    }

    It 'sends all of 100,000 messages, in order' {
        Close-MessageWebSocket
        $null = Connect-MessageWebSocket (Get-Address -Path 'sink')
        $message = 'x' * 100
        1..100000 | ForEach-Object { $message } | Send-WsMessage
        $count = Get-SinkCount
        $count.messages | Should -Be 100000
        $count.bytes | Should -Be 10000000
    }

    It 'lets out what was sent before the process ends at once, ending with <Ending>' -ForEach @(
        @{ Ending = 'nothing'; Script = '' }
        @{ Ending = 'Close-MessageWebSocket'; Script = 'Close-MessageWebSocket' }
        @{ Ending = 'Dispose'; Script = '$ws.Dispose()' }
        @{ Ending = 'the module removed'; Script = 'Remove-Module WebSocket' }
    ) {
        $counting = Start-WsEchoServer -Handler { }
        try {
            $script = @"
Import-Module -Name '$repository/WebSocket.psd1'
`$ws = Connect-MessageWebSocket '$($counting.Uri)'
foreach (`$i in 1..2000) { `$null = `$ws.SendAsync('one of many').AsTask() }
$Script
exit
"@
            $pwsh = & (Join-Path -Path $repository -ChildPath 'tools/Get-PowerShellCommand.ps1')
            & $pwsh.Program @($pwsh.Arguments) -Command $script | Should -BeNullOrEmpty
            $clock = [System.Diagnostics.Stopwatch]::StartNew()
            while ($counting.MessagesReceived -lt 2000 -and $clock.Elapsed.TotalSeconds -lt 20) {
                $null = [System.Threading.Thread]::Yield()
            }
            $counting.MessagesReceived | Should -Be 2000
        } finally {
            $counting | Stop-WsEchoServer
        }
    }

    It 'keeps the order of a pipeline' {
        1..1000 | ForEach-Object { "$_" } | Send-WsMessage
        (Receive-WsMessage -Count 1000).Text | Should -Be (1..1000)
    }

    It 'hands over what was accepted when the pipeline stops early' {
        Close-MessageWebSocket
        $null = Connect-MessageWebSocket (Get-Address -Path 'sink')
        1..10 | ForEach-Object { "$_" } | Send-WsMessage -PassThru | Select-Object -First 3 | Should -Be '1', '2', '3'
        (Get-SinkCount).messages | Should -Be 3
    }
}
