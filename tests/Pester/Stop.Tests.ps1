#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# Ctrl+C in every wait of every cmdlet: it ends at once, and what can be kept is kept.
BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer -ArgumentList '--raw', '--tls'
    $root = [System.Security.Cryptography.X509Certificates.X509Certificate2]::CreateFromPem($server.caCertificatePem)
    $file = Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath "ws-stop-$PID.dat"

    # The server's side of the next connection, and what was read of it: a test that has read what a cmdlet sends knows that it waits.
    function Receive-Connection {
        $accepting = $listener.AcceptTcpClientAsync()
        if (-not $accepting.Wait($patience)) {
            throw 'Nobody connected.'
        }

        $stream = $accepting.Result.GetStream()
        $stream.ReadTimeout = $patience.TotalMilliseconds
        $null = $stream.ReadByte()
        $stream
    }

    # Answers the request of a connection.
    function Complete-Upgrade {
        param($Stream)

        $reader = [System.IO.StreamReader]::new($Stream)
        $key = do {
            $line = $reader.ReadLine()
            if ($line -match '^Sec-WebSocket-Key: (.+)$') {
                $Matches[1]
            }
        } while ($line)
        $accept = [Convert]::ToBase64String([System.Security.Cryptography.SHA1]::HashData(
            [System.Text.Encoding]::ASCII.GetBytes("${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11")))
        $answer = "HTTP/1.1 101 Switching Protocols`r`nUpgrade: websocket`r`nConnection: Upgrade`r`nSec-WebSocket-Accept: $accept`r`n`r`n"
        $Stream.Write([System.Text.Encoding]::ASCII.GetBytes($answer))
    }

    # The opcode of the next frame, which is a short one; a ping is answered where asked for.
    function Receive-Frame {
        param($Stream, [switch] $Pong)

        $head = [byte[]]::new(6)
        $Stream.ReadExactly($head, 0, $head.Length)
        $payload = [byte[]]::new($head[1] -band 127)
        $Stream.ReadExactly($payload, 0, $payload.Length)
        if ($Pong) {
            for ($index = 0; $index -lt $payload.Length; $index++) {
                $payload[$index] = $payload[$index] -bxor $head[2 + $index % 4]
            }
            $Stream.Write([byte[]] (@(0x8A, $payload.Length) + $payload))
        }

        $head[0] -band 15
    }

    # Waits until the other side has left, in whatever way.
    function Wait-Departure {
        param($Stream)

        try {
            while ($Stream.ReadByte() -ge 0) { }
        } catch [System.IO.IOException] {
            # A reset, and not the end of our patience.
            $_.Exception.InnerException.SocketErrorCode | Should -Be 'ConnectionReset'
        }
    }
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Item -LiteralPath $file -ErrorAction Ignore
    Remove-Module -Name 'WebSocket'
}

Describe 'Ctrl+C' {
    BeforeEach {
        # For the tests that have to know what has arrived at the server.
        $listener = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
        $listener.Start()
        $ownAddress = "ws://127.0.0.1:$($listener.LocalEndpoint.Port)/"
    }

    AfterEach {
        $listener.Stop()
        Close-EverySocket
    }

    It 'ends a Connect-MessageWebSocket that waits for <For>' -TestCases @(
        @{ For = 'an answer'; Fault = 'says-nothing' }
        @{ For = 'the end of the answer'; Fault = 'endless-header' }
        @{ For = 'TLS'; Fault = 'tls-handshake-stalls' }
    ) {
        $connecting = Start-Script {
            Connect-MessageWebSocket $args[0] -ConnectionTimeoutSeconds 0 -SkipCertificateCheck -Verbose
        } -ArgumentList $server.faults.$Fault
        Wait-Until { $connecting.Streams.Verbose.Count }
        Stop-Script -Started $connecting
        $connecting.Output | Should -BeNullOrEmpty
        $connecting.Shell.Dispose()
    }

    It 'ends a Connect-MessageWebSocket whose -CertificateValidation runs, and nothing is connected' {
        # Said by a method and not by a command: while a command of a script is cleaned up, PowerShell 7.6 forgets a stop that comes
        # just then (PipelineProcessor sets the flag aside and puts the old one back), and the script goes on.
        $asked = [System.Threading.ManualResetEventSlim]::new()
        $connecting = Start-Script {
            $asked = $args[2]
            Connect-MessageWebSocket $args[0] -ConnectionTimeoutSeconds 0 -TrustedRoot $args[1] -CertificateValidation {
                # Loads the module of the command, so that nothing is cleaned up from here on.
                Start-Sleep -Milliseconds 0
                $asked.Set()
                Start-Sleep -Seconds 1000
            }
        } -ArgumentList (Get-Address -Path 'echo' -Secure), $root, $asked
        $asked.Wait($patience) | Should -BeTrue
        Stop-Script -Started $connecting
        $connecting.Output | Should -BeNullOrEmpty
        $connecting.Shell.Dispose()
    }

    It 'ends the delay before another attempt of Connect-MessageWebSocket' {
        $connecting = Start-Script {
            Connect-MessageWebSocket $args[0] -MaximumRetryCount 5 -RetryIntervalSec 1000 -Verbose
        } -ArgumentList $server.faults.'refused-port'
        Wait-Until { @($connecting.Streams.Verbose) -like '*Trying again in*' }
        Stop-Script -Started $connecting
        $connecting.Streams.Error | Should -BeNullOrEmpty
        $connecting.Shell.Dispose()
    }

    It 'ends a reconnect that waits for an answer' {
        # Answers once, and never again.
        $connecting = Start-Script {
            $null = Connect-MessageWebSocket $args[0] -AutoReconnect -ConnectionTimeoutSeconds 0
            Receive-WsMessage -Follow
        } -ArgumentList $ownAddress
        $first = Receive-Connection
        Complete-Upgrade -Stream $first
        $first.Dispose()
        # It has connected and asked.
        $second = Receive-Connection
        Stop-Script -Started $connecting
        $connecting.Streams.Warning | Should -HaveCount 1
        Wait-Departure -Stream $second
        $second.Dispose()
        $connecting.Shell.Dispose()
    }

    It 'ends Receive-WsMessage <How>, and the next receive goes on' -TestCases @(
        @{ How = '-Count'; With = @{ Count = 5; TimeoutSeconds = 0 } }
        @{ How = '-Follow'; With = @{ Follow = $true } }
        @{ How = '-Follow -FromJson'; With = @{ Follow = $true; FromJson = $true } }
    ) {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
        $receiving = Start-Script { $with = $args[1]; Receive-WsMessage -Socket $args[0] @with } -ArgumentList $socket, $With
        Send-WsMessage '1' -Socket $socket
        Wait-Until { $receiving.Output.Count }
        Stop-Script -Started $receiving
        $receiving.Shell.Dispose()
        Send-WsMessage '2' -Socket $socket
        (Receive-WsMessage -Socket $socket).Text | Should -Be '2'
    }

    It 'ends Receive-WsMessage without a loss of what comes while PowerShell stops' {
        # Its place is before Receive-WsMessage, so that it is told of the stop first; the pipeline is being stopped meanwhile.
        $holder = Add-Type -PassThru -TypeDefinition @'
            using System.Management.Automation;
            using System.Threading;

            [Cmdlet("Hold", "Stop")]
            public sealed class HoldStopCommand : PSCmdlet
            {
                public static readonly ManualResetEventSlim Begun = new(), Over = new();

                [Parameter(Position = 0)]
                public object InputObject { get; set; }

                protected override void ProcessRecord() => WriteObject(InputObject);

                protected override void StopProcessing()
                {
                    Begun.Set();
                    Over.Wait();
                }
            }
'@
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
        $receiving = Start-Script {
            Import-Module -Assembly $args[1].Assembly
            Hold-Stop $args[0] | Receive-WsMessage -Follow -Raw
        } -ArgumentList $socket, $holder
        Send-WsMessage '0' -Socket $socket
        Wait-Until { $receiving.Output.Count }
        $stopping = $receiving.Shell.BeginStop($null, $null)
        try {
            $holder::Begun.Wait($patience) | Should -BeTrue
            1..20 | ForEach-Object { Send-WsMessage "$_" -Socket $socket }
            $null = $socket.PingAsync().GetAwaiter().GetResult()
        } finally {
            $holder::Over.Set()
            $receiving.Shell.EndStop($stopping)
        }

        @($receiving.Output) + @(Receive-WsMessage -Socket $socket -Raw -Count (21 - $receiving.Output.Count)) | Should -Be (0..20)
        $receiving.Shell.Dispose()
    }

    It 'ends Receive-WsMessage without a loss of what lies before the next command<What>' -TestCases @(
        @{ What = ''; With = @{}; Left = '2' }
        @{ What = ', unless a variable has it'; With = @{ OutVariable = 'had' }; Left = '3' }
    ) {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
        $asked = [System.Threading.ManualResetEventSlim]::new()
        $receiving = Start-Script {
            $asked = $args[1]
            $with = $args[2]
            function Read-Late {
                [CmdletBinding()]
                param([Parameter(ValueFromPipeline)] $InputObject)

                begin {
                    # The second message lies there while this has the first. -OutBuffer would do so, but is refused.
                    $hidden = [System.Reflection.BindingFlags] 'Instance, NonPublic'
                    $runtime = $PSCmdlet.CommandRuntime
                    $pipe = $runtime.GetType().GetProperty('InputPipe', $hidden).GetValue($runtime)
                    $pipe.GetType().GetProperty('OutBufferCount', $hidden).SetValue($pipe, 1)
                }

                process {
                    $InputObject.Text
                    $asked.Set()
                    Start-Sleep -Seconds 1000
                }
            }
            Receive-WsMessage -Socket $args[0] -Follow @with | Read-Late
        } -ArgumentList $socket, $asked, $With
        '1', '2' | Send-WsMessage -Socket $socket
        $asked.Wait($patience) | Should -BeTrue
        Stop-Script -Started $receiving
        $receiving.Output | Should -Be '1'
        $receiving.Shell.Dispose()
        Send-WsMessage '3' -Socket $socket
        (Receive-WsMessage -Socket $socket).Text | Should -Be $Left
    }

    It 'would lose what -OutBuffer holds back of <Cmdlet>, which is refused' -TestCases @(
        @{ Cmdlet = 'Receive-WsMessage'; Run = { Receive-WsMessage -Count 3 -OutBuffer 2 | Select-Object -First 1 } }
        @{ Cmdlet = 'Invoke-WsRequest'; Run = { 'a', 'b', 'c' | Invoke-WsRequest -OutBuffer 2 | Select-Object -First 1 } }
    ) {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
        '1', '2', '3' | Send-WsMessage -Socket $socket
        $failure = Get-Failure $Run
        $failure.FullyQualifiedErrorId | Should -BeLike "InvalidSetting,*"
        "$failure" | Should -BeLike '-OutBuffer *'
        (Receive-WsMessage -Count 3 -OutBuffer 0).Text | Should -Be '1', '2', '3'
        $socket.Sent | Should -Be 3
    }

    It 'ends Receive-WsMessage -FromJson without a loss of what it was reading' {
        # Takes its time to be read.
        $json = '{"all":[' + ('[1,2,3],' * 200000) + '0]}'
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
        $receiving = Start-Script { Receive-WsMessage -Socket $args[0] -Count 1 -FromJson } -ArgumentList $socket
        Send-WsMessage $json -Socket $socket
        Wait-Until { $socket.Information.MessagesReceived -and -not $socket.Queued }
        Stop-Script -Started $receiving
        @($receiving.Output).Count + $socket.Queued | Should -Be 1
        $receiving.Shell.Dispose()
    }

    It 'ends Receive-WsMessage -OutFile, and keeps what was written' {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
        $receiving = Start-Script { Receive-WsMessage -Socket $args[0] -Follow -OutFile $args[1] } -ArgumentList $socket, $file
        Send-WsMessage 'kept' -Socket $socket
        Wait-Until { $socket.Received -eq 1 -and $socket.Queued -eq 0 }
        Stop-Script -Started $receiving
        $receiving.Shell.Dispose()
        [System.IO.File]::ReadAllText($file) | Should -BeExactly 'kept'
        $socket.State | Should -Be 'Open'
    }

    It 'ends Receive-WsMessage on several sockets' {
        $sockets = 1..2 | ForEach-Object { Connect-MessageWebSocket (Get-Address -Path 'echo') }
        $receiving = Start-Script { $args[0] | Receive-WsMessage -Follow -Raw } -ArgumentList (, $sockets)
        Send-WsMessage 'a' -Socket $sockets[1]
        Wait-Until { $receiving.Output.Count }
        Stop-Script -Started $receiving
        $receiving.Shell.Dispose()
        Send-WsMessage 'b' -Socket $sockets[0]
        (Receive-WsMessage -Socket $sockets -Count 1).Text | Should -Be 'b'
    }

    It 'ends a Send-WsMessage that waits for a server which does not read, and the connection lives' {
        $socket = Connect-MessageWebSocket $server.faults.'stops-reading' -SendBufferSize 4096
        $sending = Start-Script {
            1..10 | ForEach-Object { , [byte[]]::new(4MB) } | Send-WsMessage -Socket $args[0] -PassThru
        } -ArgumentList $socket
        Wait-Until { $sending.Output.Count }
        Stop-Script -Started $sending
        $sending.Shell.Dispose()
        $socket.State | Should -Be 'Open'
    }

    It 'ends a Send-WsMessage that waits for its last message to leave' {
        $socket = Connect-MessageWebSocket $server.faults.'stops-reading' -SendBufferSize 4096
        $sending = Start-Script { Send-WsMessage ([byte[]]::new(900KB)) -Socket $args[0] -PassThru } -ArgumentList $socket
        Wait-Until { $sending.Output.Count }
        Stop-Script -Started $sending
        $sending.Shell.Dispose()
        $socket.State | Should -Be 'Open'
    }

    It 'ends a Send-WsMessage of a file, which closes the connection: half a message cannot be taken back' {
        [System.IO.File]::WriteAllBytes($file, [byte[]]::new(40MB))
        $socket = Connect-MessageWebSocket $server.faults.'stops-reading' -SendBufferSize 4096
        $sending = Start-Script { Send-WsMessage -LiteralPath $args[1] -Socket $args[0] } -ArgumentList $socket, $file
        Wait-Until { $socket.Information.BytesSent -gt 100000 -or $socket.Information.PayloadBytesSent -gt 100000 }
        Stop-Script -Started $sending
        $sending.Shell.Dispose()
        Wait-Until { $socket.State -ne 'Open' }
    }

    It 'ends a Close-MessageWebSocket that nobody answers, and drops the connection' {
        $socket = Connect-MessageWebSocket $server.faults.'never-answers-close'
        $closing = Start-Script { Close-MessageWebSocket -Socket $args[0] -TimeoutSeconds 0 } -ArgumentList $socket
        Wait-Until { $socket.State -eq 'Closing' }
        Stop-Script -Started $closing
        $closing.Shell.Dispose()
        Wait-Until { $socket.State -in 'Closed', 'Aborted' }
    }

    It 'ends an Invoke-WsRequest that waits for <For>, and the messages stay' -TestCases @(
        @{
            For = 'a reply'
            Script = { Invoke-WsRequest 'x' -Socket $args[0] -TimeoutSeconds 0 -ReplyFilter { Write-Warning 'asked'; $false } }
        }
        @{ For = 'the reply of a method'; Script = { Invoke-WsRequest -JsonRpc 'x' -Socket $args[0] -TimeoutSeconds 0 } }
        @{ For = 'its -ReplyFilter'; Script = {
            Invoke-WsRequest 'x' -Socket $args[0] -TimeoutSeconds 0 -ReplyFilter { Write-Warning 'asked'; Start-Sleep -Seconds 1000 }
        } }
    ) {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
        $asking = Start-Script $Script -ArgumentList $socket
        if ("$Script" -like '*asked*') {
            Wait-Until { $asking.Streams.Warning.Count }
        } else {
            Wait-Until { $socket.Queued }
        }
        Stop-Script -Started $asking
        $asking.Output | Should -BeNullOrEmpty
        $asking.Shell.Dispose()
        $socket.State | Should -Be 'Open'
        # The echo is no reply to anybody any more.
        (Receive-WsMessage -Socket $socket).Text | Should -BeLike '*x*'
        (Invoke-WsRequest 'next' -Socket $socket).Text | Should -Be 'next'
    }

    It 'ends a Test-WsEndpoint that waits for <For>, and nothing stays connected' -TestCases @(
        @{ For = 'an answer'; Reach = { } }
        @{ For = 'TLS'; Secure = $true; Reach = { } }
        @{
            For = 'a message'; Reach = { Complete-Upgrade $args[0]; Receive-Frame $args[0] }; Opcode = 1
            With = @{ SendText = 'ask'; ExpectMatch = 'tell' }
        }
        @{ For = 'a pong'; Reach = { Complete-Upgrade $args[0]; Receive-Frame $args[0] }; Opcode = 9 }
        @{
            For = 'the close'; Reach = { Complete-Upgrade $args[0]; $null = Receive-Frame $args[0] -Pong; Receive-Frame $args[0] }
            Opcode = 8
        }
        @{ For = 'room beside another endpoint'; Reach = { }; With = @{ ThrottleLimit = 1 }; Then = 'ws://127.0.0.1:1/' }
    ) {
        $with = @{ TimeoutSeconds = 0 } + ($With ?? @{})
        $uris = @($Secure ? $ownAddress.Replace('ws:', 'wss:') : $ownAddress) + @($Then | Where-Object { $_ })
        $probing = Start-Script { $with = $args[1]; $args[0] | Test-WsEndpoint @with } -ArgumentList (, $uris), $with
        $connection = Receive-Connection
        & $Reach $connection | Should -Be $Opcode
        Stop-Script -Started $probing
        $probing.Output | Should -BeNullOrEmpty
        Wait-Departure -Stream $connection
        $connection.Dispose()
        $probing.Shell.Dispose()
    }

    It 'ends a Measure-WsRoundTrip that waits for <For>, and the socket stays open' -TestCases @(
        @{ For = 'a pong'; Opcode = 9 }
        @{ For = 'an echo'; Opcode = 1; With = @{ Echo = $true } }
        @{ For = 'its next turn'; Opcode = 9; Pong = $true; With = @{ Count = 2; IntervalMilliseconds = [int]::MaxValue } }
    ) {
        $with = @{ TimeoutSeconds = 0 } + ($With ?? @{})
        $socket = [MessageWebSockets.MessageWebSocket]::new()
        $opening = $socket.ConnectAsync($ownAddress)
        $connection = Receive-Connection
        Complete-Upgrade -Stream $connection
        $opening.Wait($patience) | Should -BeTrue
        $measuring = Start-Script { $with = $args[1]; Measure-WsRoundTrip -Socket $args[0] @with } -ArgumentList $socket, $with
        Receive-Frame -Stream $connection -Pong:($Pong ?? $false) | Should -Be $Opcode
        Wait-Until { $socket.Information.FramesReceived -eq ($Pong ? 1 : 0) }
        Stop-Script -Started $measuring
        $measuring.Output | Should -BeNullOrEmpty
        $measuring.Shell.Dispose()
        $socket.State | Should -Be 'Open'
        $socket.Dispose()
        $connection.Dispose()
    }
}
