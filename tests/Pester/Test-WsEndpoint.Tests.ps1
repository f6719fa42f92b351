#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $PSStyle.OutputRendering = 'PlainText'
    $unixSocket = Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath "ws-probe-$PID.sock"
    $server = Start-TestServer -ArgumentList '--raw', '--tls', '--proxy', '--unix', $unixSocket
    $root = [System.Security.Cryptography.X509Certificates.X509Certificate2]::CreateFromPem($server.caCertificatePem)
    $credential = [pscredential]::new('user', (ConvertTo-SecureString -String 'pass' -AsPlainText -Force))
    $token = ConvertTo-SecureString -String 'tok-9f27' -AsPlainText -Force

    # The request headers that a server saw of a probe.
    function Get-SeenHeader {
        param([hashtable] $Parameters)

        $result = Test-WsEndpoint (Get-Address -Path 'headers') -ExpectMatch '.' -Detailed @Parameters
        $result.Status | Should -Be 'Ok' -Because $result.Error
        $result.Reply | ConvertFrom-Json
    }
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket'
    Remove-Item -LiteralPath $unixSocket -ErrorAction Ignore
}

Describe 'Test-WsEndpoint' {
    Context 'an endpoint that works' {
        It 'has a result for a certificate with <Name>' -ForEach @(
            @{ Name = 'a malformed subjectAltName'; San = '30038203C3'; Names = @(); Unreadable = 'DnsNames: *' }
            @{
                Name = 'an iPAddress of 8 bytes'; San = '3017820974776F2E6C6F63616C870801020304050607088700'; Names = @('two.local')
                Unreadable = 'DnsNames: an iPAddress of 8 bytes (0102030405060708)*'
            }
            @{
                Name = 'a dNSName that is no ASCII'; San = '300D8202C3A98207612E6C6F63616C'; Names = @('a.local')
                Unreadable = 'DnsNames: *'
            }
        ) {
            $key = [System.Security.Cryptography.ECDsa]::Create([System.Security.Cryptography.ECCurve+NamedCurves]::nistP256)
            $request = [System.Security.Cryptography.X509Certificates.CertificateRequest]::new('CN=localhost', $key, 'SHA256')
            $request.CertificateExtensions.Add(
                [System.Security.Cryptography.X509Certificates.X509Extension]::new('2.5.29.17', [convert]::FromHexString($San), $false))
            $certificate = $request.CreateSelfSigned([datetimeoffset]::Now.AddDays(-1), [datetimeoffset]::Now.AddDays(1))
            $echo = Start-WsEchoServer -Certificate $certificate
            try {
                foreach ($ignored in @('Untrusted', 'InvalidName', 'IncompleteChain'), @()) {
                    $ignore = $ignored ? @{ IgnoreCertificateError = $ignored } : @{}
                    $result = Test-WsEndpoint "wss://localhost:$($echo.Uri.Port)/" -Detailed @ignore
                    $result.Status |
                        Should -BeIn 'Ok', 'CertificateContainsErrors', 'CertificateIsInvalid', 'CannotConnect' -Because $result.Error
                    $result.CertificateSubject | Should -BeExactly 'CN=localhost'
                    $result.Certificate.DnsNames | Should -Be $Names
                    @($result.Certificate.Unreadable)[0] | Should -BeLike $Unreadable
                }
            }
            finally {
                Stop-WsEchoServer -Server $echo
            }
        }

        It 'has every stage over wss, the certificate, and an answered ping and close' {
            $result = Test-WsEndpoint (Get-Address -Path 'subprotocol?supports=v2' -Secure) -TrustedRoot $root -SubProtocol v2
            $result | Should -BeOfType 'MessageWebSockets.PowerShell.WsEndpointResult'
            $result.Success | Should -BeTrue
            $result.Status | Should -BeExactly 'Ok'
            $result.Error | Should -BeNullOrEmpty
            $result.Uri | Should -BeExactly (Get-Address -Path 'subprotocol?supports=v2' -Secure)
            $result.HttpStatusCode | Should -Be 101
            foreach ($stage in 'NameResolutionMs', 'TcpMs', 'TlsMs', 'UpgradeMs', 'RoundTripMs') {
                $result.$stage | Should -BeGreaterThan 0 -Because $stage
            }
            $result.TotalMs | Should -BeGreaterOrEqual ($result.NameResolutionMs + $result.TcpMs + $result.TlsMs + $result.UpgradeMs)
            $result.Protocol | Should -BeExactly 'v2'
            $result.RemoteAddress | Should -BeIn '127.0.0.1', '::1'
            $result.TlsVersion | Should -BeIn 'TLS 1.2', 'TLS 1.3'
            $result.CertificateSubject | Should -BeExactly 'CN=localhost'
            $result.CertificateExpires | Should -BeOfType 'datetime'
            $result.CertificateDaysLeft | Should -Be ([math]::Floor(($result.CertificateExpires - [datetime]::Now).TotalDays))
            $result.CloseCode | Should -Be 1000
            $result.Probes | Should -Be 1
            $result.ProbesFailed | Should -Be 0
        }

        It 'leaves out the stages that plain ws has not' {
            $result = Test-WsEndpoint -Uri (Get-Address -Path 'echo')
            $result.Success | Should -BeTrue
            foreach ($property in 'NameResolutionMs', 'TlsMs', 'TlsVersion', 'CertificateSubject', 'CertificateDaysLeft',
                'Protocol', 'Compression') {
                $result.$property | Should -BeNullOrEmpty -Because $property
            }
        }

        It 'never enters $WsSession, and takes no header that waits there' {
            Set-WsRequestHeader -Name 'X-Waiting' -Value '1'
            (Get-SeenHeader @{}).PSObject.Properties.Name | Should -Not -Contain 'X-Waiting'
            $WsSession.RequestHeaders.Count | Should -Be 1
            Get-MessageWebSocket | Should -BeNullOrEmpty
            $WsSession.RequestHeaders.Clear()
        }

        It 'leaves the small numbers to the sockets of the session' {
            $first = Connect-MessageWebSocket (Get-Address -Path 'echo') -Name first
            $null = @(Get-Address -Path 'echo') * 20 | Test-WsEndpoint
            $second = Connect-MessageWebSocket (Get-Address -Path 'echo') -Name second
            $second.Id | Should -Be ($first.Id + 1)
            Close-EverySocket
        }

        It 'is not held up by a server that talks without end' {
            $result = Test-WsEndpoint "$($server.raw)flood?count=100000000&size=1000" -TimeoutSeconds 30
            $result.Status | Should -Be 'Ok' -Because $result.Error
        }
    }

    Context 'an endpoint that does not' {
        It '<Name> is <Status>' -TestCases @(
            @{ Name = 'refused-port'; Status = 'CannotConnect'; Reached = @() }
            @{ Name = 'unresolvable-name'; Status = 'HostNameNotResolved'; Reached = @('NameResolutionMs') }
            @{ Name = 'closes-at-once'; Status = 'ConnectionAborted'; Reached = @('TcpMs') }
            @{ Name = 'garbage-bytes'; Status = 'ErrorHttpInvalidServerResponse'; Reached = @('TcpMs') }
            @{ Name = 'accept-wrong'; Status = 'ErrorHttpInvalidServerResponse'; Reached = @('TcpMs', 'UpgradeMs') }
            @{ Name = 'says-nothing'; Status = 'Timeout'; Reached = @('TcpMs') }
            @{ Name = 'tls-handshake-stalls'; Status = 'Timeout'; Reached = @('NameResolutionMs', 'TcpMs') }
            @{ Name = 'never-answers-pings'; Status = 'Timeout'; Reached = @('TcpMs', 'UpgradeMs') }
            @{ Name = 'certificate-expired'; Status = 'CertificateExpired'; Reached = @('NameResolutionMs', 'TcpMs', 'TlsMs') }
            @{
                Name = 'certificate-wrong-name'; Status = 'CertificateCommonNameIsIncorrect'
                Reached = @('NameResolutionMs', 'TcpMs', 'TlsMs')
            }
            @{ Name = 'certificate-self-signed'; Status = 'CertificateIsInvalid'; Reached = @('NameResolutionMs', 'TcpMs', 'TlsMs') }
        ) {
            $result = Test-WsEndpoint $server.faults.$Name -TrustedRoot $root -TimeoutSeconds 1
            $result.Success | Should -BeFalse
            $result.Status | Should -BeExactly $Status -Because $result.Error
            $result.Error | Should -Not -BeNullOrEmpty
            foreach ($stage in 'NameResolutionMs', 'TcpMs', 'TlsMs', 'UpgradeMs') {
                ($null -ne $result.$stage) | Should -Be ($stage -in $Reached) -Because "$stage of $Name"
            }
        }

        It 'has the HTTP status that refused it: <Code>' -TestCases @(
            @{ Code = 403; Status = 'Forbidden' }, @{ Code = 503; Status = 'ServiceUnavailable' }
        ) {
            $result = Test-WsEndpoint (Get-Address -Path "status/$Code")
            $result.Status | Should -BeExactly $Status
            $result.HttpStatusCode | Should -Be $Code
            $result.UpgradeMs | Should -BeGreaterThan 0
        }

        It 'has the certificate also where that is why' {
            $result = Test-WsEndpoint $server.faults.'certificate-expired' -TrustedRoot $root
            $result.CertificateSubject | Should -Be 'CN=localhost'
            $result.CertificateExpires | Should -BeLessThan ([datetime]::Now)
            $result.CertificateDaysLeft | Should -BeLessThan 0
        }

        It 'has the code with which the server closed at once' {
            $result = Test-WsEndpoint (Get-Address -Path 'close?code=1008&reason=not%20you')
            $result.Status | Should -BeExactly 'ConnectionClosed'
            $result.CloseCode | Should -Be 1008
            $result.Error | Should -BeLike '*not you*'
        }

        It 'is a result too where it is no address: <Address>' -TestCases @(
            @{ Address = 'http://host.example/x'; Advice = '*ws://host.example/x*' }
            @{ Address = 'host.example:8080/x'; Advice = '*ws://host.example:8080/x*' }
            @{ Address = 'ws://[broken'; Advice = '*no address*' }
            @{ Address = 'ws://host:99999/'; Advice = '*port 99999*' }
            @{ Address = 'ws://a b/c'; Advice = '*no address*' }
            @{ Address = 'ws://host/#part'; Advice = '*fragment*' }
            @{ Address = '::::'; Advice = '*no WebSocket address*' }
            @{ Address = ''; Advice = '*ws://host/path*' }
            @{ Address = $null; Advice = '*empty*' }
        ) {
            foreach ($result in (Test-WsEndpoint -Uri $Address -ErrorAction Stop), ($Address | Test-WsEndpoint -ErrorAction Stop)) {
                $result.Success | Should -BeFalse
                $result.Status | Should -BeExactly 'InvalidUri'
                $result.Uri | Should -BeExactly "$Address"
                $result.Error | Should -BeLike $Advice
                $result.Probes | Should -Be 0
            }
        }

        It 'does not show a password of its address' {
            foreach ($address in 'ws://me:s3cr3t@host.example/', 'me:s3cr3t@host.example', 'wss//me:s3cr3t@host.example') {
                $result = Test-WsEndpoint $address
                $result.Status | Should -Be 'InvalidUri'
                $result | ConvertTo-Json | Should -Not -BeLike '*s3cr3t*'
            }
        }

        It 'does not show the certificate or header of an item as an error either' {
            $result = [pscustomobject] @{ Uri = Get-Address -Path 'echo'; SubProtocol = 'not a name' }, [pscustomobject] @{
                Uri = Get-Address -Path 'echo'; Origin = "a`nb"
            } |
                Test-WsEndpoint -ErrorAction Stop
            $result.Status | Sort-Object | Should -Be 'InvalidHeader', 'InvalidSetting'
        }
    }

    Context 'many endpoints' {
        It 'come by the pipeline, by a parameter, and as the rows of a table' {
            $csv = Join-Path -Path $TestDrive -ChildPath 'fleet.csv'
            [pscustomobject] @{ Name = 'a'; Uri = Get-Address -Path 'subprotocol?supports=v1'; SubProtocol = 'v1' },
            [pscustomobject] @{ Name = 'b'; Uri = Get-Address -Path 'status/404'; SubProtocol = '' } | Export-Csv -LiteralPath $csv
            $results = Import-Csv -LiteralPath $csv | Test-WsEndpoint | Sort-Object -Property Uri
            $results.Status | Should -Be 'NotFound', 'Ok'
            $results[1].Protocol | Should -Be 'v1'
            (Test-WsEndpoint (Get-Address -Path 'echo'), (Get-Address -Path 'silent')).Success | Should -Be $true, $true
            ((Get-Address -Path 'echo'), [uri] (Get-Address -Path 'silent') | Test-WsEndpoint).Success | Should -Be $true, $true
            @() | Test-WsEndpoint | Should -BeNullOrEmpty
        }

        It 'take results of a former run for input' {
            $first = Test-WsEndpoint (Get-Address -Path 'echo'), (Get-Address -Path 'status/403')
            ($first | Where-Object -Property Success -EQ $false | Test-WsEndpoint).Status | Should -Be 'Forbidden'
        }

        It 'come out as they are done, while input still comes' {
            # The first one is held up until the others are written, one of them before the last has come in.
            $listener = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
            $listener.Start()
            $written = [System.Collections.Generic.List[string]]::new()
            $lastInput = [System.Collections.Generic.List[int]]::new()
            try {
                $held = "ws://$($listener.LocalEndpoint)/"
                & {
                    $held
                    1..20 | ForEach-Object { Get-Address -Path "echo?$_" }
                    $lastInput.Add($written.Count)
                    Get-Address -Path 'echo?last'
                } | Test-WsEndpoint -TimeoutSeconds 60 -ThrottleLimit 2 | ForEach-Object {
                    $written.Add($_.Uri)
                    if ($written.Count -eq 21) {
                        # Nobody took its connection; this resets it.
                        $listener.Stop()
                    }
                }
            } finally {
                $listener.Stop()
            }
            $written | Should -HaveCount 22
            $written[-1] | Should -BeExactly $held
            $lastInput[0] | Should -BeGreaterThan 10
        }

        It 'are probed at most -ThrottleLimit at once' {
            # One at a time, the quick one has to wait for the slow one.
            $addresses = $server.faults.'says-nothing', (Get-Address -Path 'echo')
            ($addresses | Test-WsEndpoint -TimeoutSeconds 1 -ThrottleLimit 1).Uri | Should -Be $addresses
            ($addresses | Test-WsEndpoint -TimeoutSeconds 1 -ThrottleLimit 2).Uri | Should -Be $addresses[1, 0]
            { Test-WsEndpoint ws://x -ThrottleLimit 0 } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        }

        It 'can be left early' {
            $result = @($server.faults.'says-nothing') * 3 + (Get-Address -Path 'echo') | Test-WsEndpoint -TimeoutSeconds 0 |
                Select-Object -First 1
            $result.Status | Should -Be 'Ok'
        }

        It 'end at once when the pipeline is stopped' {
            $shell = [powershell]::Create().AddScript({
                    param($Manifest, $Address)
                    Import-Module $Manifest
                    'ready'
                    Test-WsEndpoint $Address -TimeoutSeconds 0
                }).AddArgument("$repository/WebSocket.psd1").AddArgument($server.faults.'says-nothing')
            $output = [System.Management.Automation.PSDataCollection[psobject]]::new()
            $null = Register-ObjectEvent -InputObject $output -EventName DataAdded -SourceIdentifier 'probe-ready'
            try {
                $running = $shell.BeginInvoke([System.Management.Automation.PSDataCollection[psobject]]::new(), $output)
                Wait-Event -SourceIdentifier 'probe-ready' -Timeout $patience.TotalSeconds | Should -Not -BeNullOrEmpty
                $shell.BeginStop($null, $null).AsyncWaitHandle.WaitOne($patience) | Should -BeTrue
                $running.AsyncWaitHandle.WaitOne($patience) | Should -BeTrue
                $shell.InvocationStateInfo.State | Should -Be 'Stopped'
            } finally {
                Unregister-Event -SourceIdentifier 'probe-ready'
                Remove-Event -SourceIdentifier 'probe-ready' -ErrorAction Ignore
                $shell.Dispose()
            }
        }
    }

    Context '-Count' {
        It 'probes so often, and gives medians' {
            $result = Test-WsEndpoint (Get-Address -Path 'echo') -Count 5 -Detailed
            $result.Probes | Should -Be 5
            $result.ProbesFailed | Should -Be 0
            $result.RoundTripsMs | Should -HaveCount 5
            $result.RoundTripMs | Should -Be ($result.RoundTripsMs | Sort-Object)[2]
            $result.TotalMs | Should -Be ($result.TotalsMs | Sort-Object)[2]
        }

        It 'is a success only if every probe is, and tells the first failure' {
            # The second visit of this server finds it closed.
            $listener = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
            $listener.Start()
            $shell = [powershell]::Create().AddScript({
                    param($Listener, $Target)
                    $client = $Listener.AcceptTcpClient()
                    $Listener.Stop()
                    $upstream = [System.Net.Sockets.TcpClient]::new('127.0.0.1', $Target)
                    $both = $client.GetStream().CopyToAsync($upstream.GetStream()), $upstream.GetStream().CopyToAsync($client.GetStream())
                    $null = [System.Threading.Tasks.Task]::WaitAny($both)
                    $client.Dispose()
                    $upstream.Dispose()
                }).AddArgument($listener).AddArgument(([uri] $server.ws).Port)
            $running = $shell.BeginInvoke()
            $result = Test-WsEndpoint "ws://$($listener.LocalEndpoint)/echo" -Count 3 -Detailed
            $result.Success | Should -BeFalse
            $result.Status | Should -Be 'CannotConnect'
            $result.ProbeStatus | Should -Be 'Ok', 'CannotConnect', 'CannotConnect'
            $result.ProbesFailed | Should -Be 2
            $result.RoundTripsMs | Should -HaveCount 1
            $shell.EndInvoke($running)
            $shell.Dispose()
        }

        It 'is 1 at least' {
            { Test-WsEndpoint ws://x -Count 0 } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        }
    }

    Context '-SendText and -ExpectMatch' {
        It 'send a text and wait for a message that matches, as -match does' {
            $result = Test-WsEndpoint (Get-Address -Path 'echo') -SendText 'Hello' -ExpectMatch '^hel+o$' -Detailed
            $result.Status | Should -Be 'Ok'
            $result.ReplyMs | Should -BeGreaterThan 0
            $result.Reply | Should -BeExactly 'Hello'
        }

        It 'wait for what a server says by itself, past other messages' {
            $result = Test-WsEndpoint (Get-Address -Path 'say?text=a&text=b&text=c') -ExpectMatch 'c' -Detailed
            $result.Reply | Should -Be 'c'
        }

        It 'fail when no message matches in time, and say how many came' {
            $result = Test-WsEndpoint (Get-Address -Path 'say?text=a&text=b') -ExpectMatch 'nothing' -TimeoutSeconds 1
            $result.Success | Should -BeFalse
            $result.Status | Should -BeExactly 'ReplyTimeout'
            $result.Error | Should -BeLike "*'nothing'*2 others*"
            $result.UpgradeMs | Should -BeGreaterThan 0
        }

        It 'fail when the server closes before' {
            $result = Test-WsEndpoint (Get-Address -Path 'close?code=4000&reason=bye') -ExpectMatch 'x'
            $result.Status | Should -BeExactly 'ConnectionClosed'
            $result.CloseCode | Should -Be 4000
        }

        It 'send bytes, and match what comes as text' {
            $result = Test-WsEndpoint (Get-Address -Path 'echo') -SendBytes 0x68, 105 -ExpectMatch '^HI$' -Detailed
            $result.Status | Should -Be 'Ok'
            $result.Reply | Should -BeExactly 'hi'
            (Test-WsEndpoint (Get-Address -Path 'silent') -SendBytes @()).Status | Should -Be 'Ok'
            (Get-Failure { Test-WsEndpoint ws://x -SendBytes 1 -SendText x }).FullyQualifiedErrorId | Should -BeLike 'ParameterConflict,*'
            { Test-WsEndpoint ws://x -SendBytes 256 } | Should -Throw -ErrorId 'CannotConvertArgument*,*'
            { Test-WsEndpoint ws://x -SendBytes $null } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        }

        It 'send binary messages with -SendBytes' {
            $bytes = Start-WsEchoServer -Handler { "$($_.MessageType) $($_.Bytes)" }
            try {
                (Test-WsEndpoint $bytes.Uri -SendBytes 1, 2, 255 -ExpectMatch '.' -Detailed).Reply | Should -BeExactly 'Binary 1 2 255'
            } finally {
                $bytes | Stop-WsEchoServer
            }
        }

        It 'wait for nothing with -SendText alone' {
            (Test-WsEndpoint (Get-Address -Path 'silent') -SendText '').Status | Should -Be 'Ok'
        }

        It 'do not hang on a pattern that takes forever' {
            $result = Test-WsEndpoint (Get-Address -Path 'echo') -SendText ('a' * 40) -ExpectMatch '^(a+)+b$' -TimeoutSeconds 2
            $result.Status | Should -Be 'ReplyTimeout'
        }

        It 'refuse a pattern that is none, and nothing' {
            (Get-Failure { Test-WsEndpoint ws://x -ExpectMatch '(' }).FullyQualifiedErrorId | Should -BeLike 'InvalidSetting,*'
            { Test-WsEndpoint ws://x -ExpectMatch '' } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
            { Test-WsEndpoint ws://x -SendText $null } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        }

        It 'make a text that cannot be sent a result' {
            (Test-WsEndpoint (Get-Address -Path 'echo') -SendText "$([char] 0xD800)").Status | Should -Be 'InvalidMessage'
        }
    }

    Context '-Quiet' {
        It 'gives a boolean for each endpoint, in the order of the input' {
            $slow = $server.faults.'says-nothing'
            $answers = $slow, (Get-Address -Path 'echo'), 'http://x', (Get-Address -Path 'silent') |
                Test-WsEndpoint -Quiet -TimeoutSeconds 1
            $answers | Should -Be $false, $true, $false, $true
            $answers[0] | Should -BeOfType 'bool'
        }

        It 'excludes -Detailed' {
            (Get-Failure { Test-WsEndpoint ws://x -Quiet -Detailed }).FullyQualifiedErrorId | Should -BeLike 'ParameterConflict,*'
            { Test-WsEndpoint ws://x -Quiet:'maybe' } | Should -Throw -ErrorId 'CannotConvertArgument*'
        }
    }

    Context '-Detailed' {
        It 'adds the certificate, the headers and each time' {
            $result = Test-WsEndpoint (Get-Address -Path 'cookie?name=sid&value=s3cr3t' -Secure) -TrustedRoot $root -Detailed
            $result | Should -BeOfType 'MessageWebSockets.PowerShell.WsEndpointDetail'
            $result.Certificate.Subject | Should -Be 'CN=localhost'
            $result.Certificate.Issuer | Should -BeLike 'CN=*'
            $result.Certificate.DnsNames | Should -Contain 'localhost'
            $result.Certificate.Sha256 | Should -Match '^[0-9A-F]{64}$'
            $result.Certificate.NotAfter | Should -Be $result.CertificateExpires
            $result.ResponseHeaders['Upgrade'] | Should -Be 'websocket'
            $result.ResponseHeaders['Set-Cookie'] | Should -Be '***'
            $result.RoundTripsMs | Should -Be @($result.RoundTripMs)
            $result.RemotePort | Should -Be ([uri] $server.wss).Port
            $result.ProbeStatus | Should -Be 'Ok'
        }

        It 'adds what the server said when it refused' {
            $result = Test-WsEndpoint (Get-Address -Path 'status/503?body=back%20at%20noon') -Detailed
            $result.ResponseBody | Should -Be 'back at noon'
            (Test-WsEndpoint $server.faults.'certificate-wrong-name' -TrustedRoot $root -Detailed).CertificateErrors |
                Should -Be 'InvalidName'
        }

        It 'takes no text' {
            { Test-WsEndpoint ws://x -Detailed:'maybe' } | Should -Throw -ErrorId 'CannotConvertArgument*'
        }
    }

    Context '-TimeoutSeconds' {
        It 'ends a probe, and says how far it came' {
            (Test-WsEndpoint $server.faults.'says-nothing' -TimeoutSeconds 1).Error | Should -BeLike '*TCP is connected*1 s.'
            (Test-WsEndpoint $server.faults.'never-answers-pings' -TimeoutSeconds 1).Error | Should -BeLike '*ping*1 s.'
        }

        It 'has the name that the other cmdlets have for it, too' {
            (Test-WsEndpoint $server.faults.'says-nothing' -ConnectionTimeoutSeconds 1).Status | Should -Be 'Timeout'
        }

        It 'is 0 or more' {
            { Test-WsEndpoint ws://x -TimeoutSeconds -1 } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        }
    }

    Context '-ExpectMatch' {
        It 'ends in time with an expensive pattern (<Pattern>) and a server that never stops talking' -TestCases @(
            @{ Pattern = '^(([a-z]|[a-z0-9])*x?)*!$' }
            # One that cannot be matched in linear time.
            @{ Pattern = '^(?=(([a-z]|[a-z0-9])*x?)*!$)' }
        ) {
            $clock = [System.Diagnostics.Stopwatch]::StartNew()
            $result = Test-WsEndpoint (Get-Address -Path 'flood?count=1000000&size=200') -ExpectMatch $Pattern -TimeoutSeconds 0.5
            $result.Status | Should -Be 'ReplyTimeout'
            $clock.Elapsed.TotalSeconds | Should -BeLessThan 20
        }

        It 'ends with Ctrl+C as well' {
            $probing = Start-Script {
                Test-WsEndpoint $args[0] -ExpectMatch '^(?=(([a-z]|[a-z0-9])*x?)*!$)' -TimeoutSeconds 0 -Verbose
            } -ArgumentList (Get-Address -Path 'flood?count=1000000&size=200')
            $probing.Running.AsyncWaitHandle.WaitOne(1000) | Should -BeFalse
            Stop-Script -Started $probing
            $probing.Output | Should -BeNullOrEmpty
            $probing.Shell.Dispose()
        }
    }

    Context 'a list with names' {
        It 'keeps them in the results, and shows them' {
            $file = Join-Path -Path $TestDrive -ChildPath 'fleet.csv'
            [pscustomobject] @{ Name = 'edge 1'; Uri = Get-Address -Path 'echo' }, [pscustomobject] @{
                Name = 'edge 2'; Uri = 'ws://[broken'
            } | Export-Csv -LiteralPath $file
            $results = Import-Csv -LiteralPath $file | Test-WsEndpoint | Sort-Object -Property Name
            $results.Name | Should -Be 'edge 1', 'edge 2'
            $results.Status | Should -Be 'Ok', 'InvalidUri'
            foreach ($shown in ($results | Out-String), ($results | Format-List | Out-String)) {
                $shown | Should -BeLike '*edge 1*edge 2*'
            }
            foreach ($copy in ($results | ConvertTo-Csv | ConvertFrom-Csv), ($results | ConvertTo-Json | ConvertFrom-Json),
                ([System.Management.Automation.PSSerializer]::Deserialize(
                    [System.Management.Automation.PSSerializer]::Serialize($results)))) {
                $copy.Name | Should -Be 'edge 1', 'edge 2'
            }
            (Test-WsEndpoint (Get-Address -Path 'echo')).Name | Should -BeNullOrEmpty
        }
    }

    Context 'a certificate that is malformed' {
        It 'in <Part> is a result too, with -Detailed' -TestCases @(
            @{ Part = 'its alternative names'; Bytes = [byte[]] (0x30, 0x05, 0x82) }
            @{ Part = 'an address among them'; Bytes = [byte[]] (0x30, 0x0A, 0x87, 0x08, 1, 2, 3, 4, 5, 6, 7, 8) }
        ) {
            $key = [System.Security.Cryptography.RSA]::Create(2048)
            $request = [System.Security.Cryptography.X509Certificates.CertificateRequest]::new(
                'CN=malformed', $key, [System.Security.Cryptography.HashAlgorithmName]::SHA256,
                [System.Security.Cryptography.RSASignaturePadding]::Pkcs1)
            $request.CertificateExtensions.Add(
                [System.Security.Cryptography.X509Certificates.X509Extension]::new('2.5.29.17', $Bytes, $false))
            $certificate = $request.CreateSelfSigned([datetimeoffset]::Now.AddDays(-1), [datetimeoffset]::Now.AddDays(1))
            $listening = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
            $listening.Start()
            # Speaks TLS, reads the request and leaves.
            $serving = Start-Script {
                $secured = [System.Net.Security.SslStream]::new($args[0].AcceptTcpClient().GetStream())
                $secured.AuthenticateAsServer($args[1])
                $null = $secured.ReadByte()
                $secured.Dispose()
            } -ArgumentList $listening, $certificate
            $probing = Start-Script {
                Test-WsEndpoint $args[0] -SkipCertificateCheck -Detailed -TimeoutSeconds 10
            } -ArgumentList "wss://127.0.0.1:$($listening.LocalEndpoint.Port)/"
            try {
                Wait-Script -Started $probing
                $probing.Output | Should -HaveCount 1
                $probing.Output[0].CertificateSubject | Should -Be 'CN=malformed'
            } finally {
                $listening.Stop()
                $probing.Shell.Dispose()
                $serving.Shell.Dispose()
            }
        }
    }

    Context 'the parameters of the connect' {
        It 'send -Headers, -UserAgent and -Origin' {
            $seen = Get-SeenHeader @{ Headers = @{ 'X-One' = 1 }; UserAgent = 'Probe/1.0'; Origin = 'https://page.example' }
            $seen.'X-One', $seen.'User-Agent', $seen.Origin | Should -Be '1', 'Probe/1.0', 'https://page.example'
        }

        It 'are none where an object of a list has $null, and are not those of the object before it' {
            $address = Get-Address -Path 'echo'
            $rows = @(
                @{ Uri = $address; Name = 'refused'; SubProtocol = 'a b'; Headers = @{ 'X A' = 'a' }; Origin = "a`nb" }
                @{ Uri = $address; Name = 'empty'; SubProtocol = $null; Headers = $null; Origin = $null }
                @{ Uri = $address; Name = $null; SubProtocol = $null; Headers = $null; Origin = $null }
                @{ Uri = $null; Name = $null; SubProtocol = $null; Headers = $null; Origin = $null }
            ) | ForEach-Object { [pscustomobject] $_ }
            $results = @($rows | Test-WsEndpoint)
            $results | Should -HaveCount 4
            $results.Where({ $_.Name -eq 'refused' }).Success | Should -BeFalse
            $results.Where({ $_.Uri -and $_.Name -ne 'refused' }).Status | Should -Be 'Ok', 'Ok'
            $results.Where({ -not $_.Uri }).Status | Should -Be 'InvalidUri'
            ($rows[1, 2] | Connect-MessageWebSocket).State | Should -Be 'Open', 'Open'
            Close-EverySocket
            $load = @{ Connections = 1; DurationSeconds = 0.1; WarningAction = 'SilentlyContinue' }
            ($rows[1] | Measure-WsLoad @load).Errors | Should -Be 0
            # Given as a parameter it is a variable that was never set.
            (Get-Failure { Connect-MessageWebSocket $address -Headers $null }).FullyQualifiedErrorId | Should -BeLike 'InvalidSetting,*'
        }

        It 'are refused once, and not for each endpoint: <Name>' -TestCases @(
            @{ Name = 'Headers'; Value = @{ 'X A' = 'a' }; Id = 'InvalidHeader' }
            @{ Name = 'UserAgent'; Value = "a`nb"; Id = 'InvalidHeader' }
            @{ Name = 'Origin'; Value = "a`nb"; Id = 'InvalidHeader' }
            @{ Name = 'PinnedCertificateSha256'; Value = 'abc' }
            @{ Name = 'SslProtocol'; Value = 'Tls11'; Id = 'CannotConvertArgumentNoMessage' }
            @{ Name = 'Proxy'; Value = 'ftp://127.0.0.1:1' }
            @{ Name = 'Authentication'; Value = 'Basic' }
        ) {
            $given = @{ $Name = $Value }
            $failures = @()
            try {
                $null = 'ws://127.0.0.1:1', 'ws://127.0.0.1:1' | Test-WsEndpoint @given -ErrorVariable failures -ErrorAction Stop
            } catch {
                $failures = @($_)
            }
            $failures | Should -HaveCount 1
            $failures[0].FullyQualifiedErrorId | Should -BeLike "$($Id ?? 'InvalidSetting'),*"
        }

        It 'send -Cookies and keep those the server sets' {
            $cookies = [System.Net.CookieContainer]::new()
            $cookies.Add([System.Net.Cookie]::new('mine', '1', '/', '127.0.0.1'))
            (Test-WsEndpoint (Get-Address -Path 'cookie?name=theirs&value=2') -Cookies $cookies -ExpectMatch '^mine=1$').Status |
                Should -Be 'Ok'
            $cookies.GetCookies($server.ws.Replace('ws://', 'http://'))['theirs'].Value | Should -Be '2'
        }

        It 'authenticate: -Credential, -Authentication and -Token, with -AllowUnencryptedAuthentication where it is plain' {
            (Test-WsEndpoint (Get-Address -Path 'basic' -Secure) -TrustedRoot $root).Status | Should -Be 'Unauthorized'
            (Test-WsEndpoint (Get-Address -Path 'basic' -Secure) -TrustedRoot $root -Credential $credential).Status | Should -Be 'Ok'
            (Get-SeenHeader @{ Token = $token; AllowUnencryptedAuthentication = $true }).Authorization | Should -Be 'Bearer tok-9f27'
            (Get-SeenHeader @{ Authentication = 'Basic'; Credential = $credential; AllowUnencryptedAuthentication = $true }).Authorization |
                Should -BeLike 'Basic *'
            (Test-WsEndpoint (Get-Address -Path 'echo') -UseDefaultCredentials -AllowUnencryptedAuthentication).Status | Should -Be 'Ok'
        }

        It 'never send <Name> over plain ws, and go on with the next endpoint' -TestCases @(
            @{ Name = 'Credential' }
            @{ Name = 'Token' }
            @{ Name = 'UseDefaultCredentials' }
        ) {
            $values = @{ Credential = $credential; Token = $token; UseDefaultCredentials = $true }
            $given = @{ $Name = $values[$Name] }
            $results = (Get-Address -Path 'headers'), (Get-Address -Path 'echo' -Secure) | Test-WsEndpoint -TrustedRoot $root @given
            $results.Status | Sort-Object | Should -Be 'Ok', 'UnencryptedAuthentication'
        }

        It 'judge certificates: -SkipCertificateCheck, -IgnoreCertificateError, -PinnedCertificateSha256' {
            (Test-WsEndpoint $server.faults.'certificate-self-signed' -SkipCertificateCheck).Status | Should -Be 'Ok'
            (Test-WsEndpoint $server.faults.'certificate-wrong-name' -TrustedRoot $root -IgnoreCertificateError InvalidName).Status |
                Should -Be 'Ok'
            $detail = Test-WsEndpoint (Get-Address -Path 'echo' -Secure) -TrustedRoot $root -Detailed
            $hash = $detail.Certificate.Sha256
            (Test-WsEndpoint (Get-Address -Path 'echo' -Secure) -TrustedRoot $root -PinnedCertificateSha256 $hash).Status |
                Should -Be 'Ok'
            (Test-WsEndpoint (Get-Address -Path 'echo' -Secure) -TrustedRoot $root -PinnedCertificateSha256 ('00' * 32)).Status |
                Should -Be 'CertificateIsInvalid'
        }

        It 'ask -CertificateValidation for each endpoint' {
            $asked = [System.Collections.Generic.List[string]]::new()
            $results = @(Get-Address -Path 'echo' -Secure) * 3 |
                Test-WsEndpoint -TrustedRoot $root -CertificateValidation { param($Certificate) $asked.Add($Certificate.Subject) }
            $results.Status | Should -Be 'Ok', 'Ok', 'Ok'
            $asked | Should -Be 'CN=localhost', 'CN=localhost', 'CN=localhost'
            $never = { $false }
            (Test-WsEndpoint (Get-Address -Path 'echo' -Secure) -TrustedRoot $root -CertificateValidation $never -Count 2).ProbesFailed |
                Should -Be 2
        }

        It 'restrict the TLS version with -SslProtocol' {
            (Test-WsEndpoint (Get-Address -Path 'echo' -Secure) -TrustedRoot $root -SslProtocol Tls12).TlsVersion | Should -Be 'TLS 1.2'
        }

        It 'present a -Certificate, and look -CertificateThumbprint up' {
            $certificate = [System.Security.Cryptography.X509Certificates.X509Certificate2]::CreateFromPem(
                $server.clientCertificatePem, $server.clientKeyPem)
            (Test-WsEndpoint $server.faults.'client-certificate-missing' -TrustedRoot $root -Certificate $certificate).Status |
                Should -Be 'Ok'
            (Get-Failure { Test-WsEndpoint ws://x -CertificateThumbprint ('AB' * 20) }).FullyQualifiedErrorId |
                Should -BeLike 'CertificateNotFound,*'
            (Get-Failure { Test-WsEndpoint ws://x -CertificateThumbprint 'AB' -Certificate $root }).FullyQualifiedErrorId |
                Should -BeLike 'ParameterConflict,*'
        }

        It 'go through a -Proxy, or by -NoProxy past it' {
            (Test-WsEndpoint (Get-Address -Path 'connection') -Proxy $server.proxy -ProxyCredential $credential -Detailed).RemotePort |
                Should -Be ([uri] $server.proxy).Port
            (Test-WsEndpoint (Get-Address -Path 'connection') -NoProxy -Detailed).RemotePort | Should -Be ([uri] $server.ws).Port
            (Get-Failure { Test-WsEndpoint ws://x -Proxy $server.proxy -NoProxy }).FullyQualifiedErrorId |
                Should -BeLike 'ParameterConflict,*'
            (Get-Failure { Test-WsEndpoint ws://x -ProxyCredential $credential -NoProxy }).FullyQualifiedErrorId |
                Should -BeLike 'ParameterConflict,*'
        }

        It 'connect to a -UnixSocket' -Skip:$IsWindows {
            (Test-WsEndpoint 'ws://localhost/echo' -UnixSocket $unixSocket).Status | Should -Be 'Ok'
            (Test-WsEndpoint 'ws://localhost/echo' -UnixSocket "$unixSocket.none").Status | Should -Be 'CannotConnect'
        }

        It 'follow redirects as -MaximumRedirection allows' {
            (Test-WsEndpoint (Get-Address -Path 'redirect?to=/echo')).Status | Should -Be 'Found'
            (Test-WsEndpoint (Get-Address -Path 'redirect?to=/echo') -MaximumRedirection 1).Status | Should -Be 'Ok'
        }

        It 'agree on -Compression' {
            (Test-WsEndpoint (Get-Address -Path 'echo/deflate') -Compression).Compression | Should -BeLike 'permessage-deflate*'
        }

        It 'fail a server whose message exceeds -MaxMessageSize' {
            (Test-WsEndpoint (Get-Address -Path 'flood?count=1&size=2000') -MaxMessageSize 1000 -ExpectMatch 'never').Status |
                Should -Be 'UnexpectedServerError'
        }

        It 'refuse -<Parameter> <Value>' -TestCases @(
            @{ Parameter = 'MaxMessageSize'; Value = 0 }
            @{ Parameter = 'MaximumRedirection'; Value = -1 }
            @{ Parameter = 'Authentication'; Value = 'Digest5' }
            @{ Parameter = 'UnixSocket'; Value = '' }
            @{ Parameter = 'CertificateValidation'; Value = $null }
            @{ Parameter = 'Compression'; Value = 'lots' }
            @{ Parameter = 'Cookies'; Value = $null }
            @{ Parameter = 'Certificate'; Value = 42 }
            @{ Parameter = 'CertificateThumbprint'; Value = '' }
            @{ Parameter = 'TrustedRoot'; Value = 42 }
            @{ Parameter = 'SkipCertificateCheck'; Value = 'yes' }
            @{ Parameter = 'AllowUnencryptedAuthentication'; Value = 'yes' }
            @{ Parameter = 'UseDefaultCredentials'; Value = 'yes' }
            @{ Parameter = 'NoProxy'; Value = 'yes' }
            @{ Parameter = 'Credential'; Value = 42 }
            @{ Parameter = 'ProxyCredential'; Value = 42 }
            @{ Parameter = 'Token'; Value = 'plain' }
        ) {
            $given = @{ $Parameter = $Value }
            { Test-WsEndpoint ws://127.0.0.1:1 @given } |
                Should -Throw -ErrorId '*Argument*,MessageWebSockets.PowerShell.TestWsEndpointCommand'
        }

        It 'make a subprotocol that is none a result' {
            (Test-WsEndpoint (Get-Address -Path 'echo') -SubProtocol 'not a name').Status | Should -Be 'InvalidSetting'
        }
    }

    Context 'its results elsewhere' {
        BeforeAll {
            $results = (Get-Address -Path 'echo' -Secure), (Get-Address -Path 'status/403') | Test-WsEndpoint -TrustedRoot $root |
                Sort-Object -Property Status
        }

        It 'go through Export-Csv and back' {
            $csv = Join-Path -Path $TestDrive -ChildPath 'results.csv'
            $results | Export-Csv -LiteralPath $csv
            $copies = Import-Csv -LiteralPath $csv
            $copies[0].Status | Should -Be 'Forbidden'
            $copies[1].Success | Should -Be 'True'
            $copies[1].CertificateDaysLeft | Should -Be $results[1].CertificateDaysLeft
            [double]::Parse($copies[1].RoundTripMs, [cultureinfo]::InvariantCulture) | Should -Be $results[1].RoundTripMs
        }

        It 'go through ConvertTo-Json and back' {
            $copies = $results | ConvertTo-Json -WarningAction Stop | ConvertFrom-Json
            $copies[1].TlsMs | Should -Be $results[1].TlsMs
            $copies[0].HttpStatusCode | Should -Be 403
        }

        It 'go through Export-Clixml and jobs, and look the same' {
            $xml = Join-Path -Path $TestDrive -ChildPath 'results.xml'
            $results | Export-Clixml -LiteralPath $xml
            $copies = Import-Clixml -LiteralPath $xml
            $copies[1].CertificateExpires | Should -Be $results[1].CertificateExpires
            ($copies | Out-String -Width 120) | Should -BeExactly ($results | Out-String -Width 120)
            $job = Start-Job -ScriptBlock {
                Import-Module $using:repository/WebSocket.psd1
                Test-WsEndpoint $using:server.wss -SkipCertificateCheck -Detailed
            }
            $detail = Receive-Job -Job $job -Wait -AutoRemoveJob
            $detail.CertificateSubject | Should -Be 'CN=localhost'
            $detail.Certificate.Issuer | Should -BeLike 'CN=*'
            $detail.Certificate.DnsNames | Should -Contain 'localhost'
            $detail.ResponseHeaders.Count | Should -BeGreaterThan 0
        }

        It 'sort by a time' {
            ($results | Sort-Object -Property TotalMs -Descending | Select-Object -First 1).Uri |
                Should -Be ($results[0].TotalMs -gt $results[1].TotalMs ? $results[0] : $results[1]).Uri
        }

        It 'connect to what works' {
            $socket = $results | Where-Object Success | Connect-MessageWebSocket -TrustedRoot $root
            $socket.State | Should -Be 'Open'
            Close-EverySocket
        }
    }

    Context 'its view' {
        It 'is a table that fits 80 columns' {
            $results = (Get-Address -Path 'echo?with=a&long=query&that=does&not=fit' -Secure), (Get-Address -Path 'status/403'),
                (Get-Address -Path 'status/503'),
            $server.faults.'certificate-expired', 'ws://gone.invalid/', (Get-Address -Path 'close?code=1008') |
                Test-WsEndpoint -TrustedRoot $root
            $lines = @(($results | Out-String -Width 80).Split([System.Environment]::NewLine).TrimEnd() | Where-Object { $_ })
            $lines[0] | Should -BeExactly 'Result              Uri                    Total  DNS  TCP  TLS HTTP   RTT  Cert'
            ($lines | Measure-Object -Property Length -Maximum).Maximum | Should -BeLessOrEqual 80
            $lines | Should -HaveCount 8
            $all = $lines -join "`n"
            $all | Should -Match '(?m)^ok +wss://localhost:\S*… +\d+ ms +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+ +\d+ d$'
            $all | Should -Match '(?m)^Forbidden \(403\) +ws://'
            $all | Should -Match '(?m)^ServiceUnava… \(503\) '
            $all | Should -Match '(?m)^CertificateExpired .* -\d+ d$'
            $all | Should -Match '(?m)^HostNameNotResolved ws://gone\.invalid/ +[\d.]+ ms'
            $all | Should -Match '(?m)^ConnectionC… \(1008\) '
        }

        It 'is a list with everything' {
            $list = Test-WsEndpoint (Get-Address -Path 'echo' -Secure) -TrustedRoot $root -SendText x -ExpectMatch x | Format-List |
                Out-String
            $list | Should -Match 'Result +: ok'
            $list | Should -Match 'Timings +: name [\d.]+ ms, TCP [\d.]+ ms, TLS [\d.]+ ms, upgrade [\d.]+ ms, total [\d.]+ ms'
            $list | Should -Match 'Round trip +: [\d.]+ ms'
            $list | Should -Match 'Reply +: [\d.]+ ms'
            $list | Should -Match 'Certificate +: CN=localhost, expires \d{4}-\d\d-\d\d \(\d+ days\)'
            $list | Should -Not -Match 'Error'
            (Test-WsEndpoint (Get-Address -Path 'status/403') | Format-List | Out-String) | Should -Match 'Error +: .*403'
        }

        It 'colours results and few days, and nothing else' {
            $row = { param($Days, $Success) [pscustomobject] @{
                PSTypeName = 'MessageWebSockets.PowerShell.WsEndpointResult'; Uri = 'ws://x/'; Success = $Success; Status = 'Timeout'
                CertificateDaysLeft = $Days
            } }
            try {
                $PSStyle.OutputRendering = 'Ansi'
                $shown = (& $row 90 $true), (& $row 13 $false), (& $row -1 $false) | Out-String
            } finally {
                $PSStyle.OutputRendering = 'PlainText'
            }
            $shown | Should -Match "\x1b\[32mok\x1b\[0m"
            $shown | Should -Match "\x1b\[31mTimeout\x1b\[0m"
            $shown | Should -Match "\x1b\[33m13 d\x1b\[0m"
            $shown | Should -Match "\x1b\[31m-1 d\x1b\[0m"
            $shown | Should -Match '(?<!m)90 d'
        }

        It 'escapes what a server sent, and hides a token of the address' {
            $row = [pscustomobject] @{
                PSTypeName = 'MessageWebSockets.PowerShell.WsEndpointResult'; Uri = 'ws://x/?token=s3cr3t'; Success = $false; Status = 'Ok'
                Error = "a$([char] 27)[31mb"; TestedAt = [datetime]::Now
            }
            $shown = ($row | Format-Table | Out-String) + ($row | Format-List | Out-String)
            $shown | Should -Not -Match "\x1b\[31mb"
            $shown | Should -Not -BeLike '*s3cr3t*'
        }
    }

    Context 'its streams' {
        It 'say with -Verbose how each went' {
            $verbose = Test-WsEndpoint (Get-Address -Path 'status/403') -Verbose 4>&1 |
                Where-Object { $_ -is [System.Management.Automation.VerboseRecord] }
            "$verbose" | Should -BeLike '*status/403: Forbidden*'
        }

        It 'hold no error' {
            $streams = Get-Streams { Test-WsEndpoint $server.faults.'closes-at-once', 'x' }
            $streams.Error | Should -BeNullOrEmpty
            $streams.Output | Should -HaveCount 2
        }
    }
}
