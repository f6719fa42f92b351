#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

BeforeDiscovery {
    $websockify = Get-Command -Name 'websockify' -CommandType Application -ErrorAction Ignore | Select-Object -First 1
    $python = @('/usr/bin/python3', 'python3').Where({ Get-Command -Name $_ -ErrorAction Ignore }, 'First')
    $hasWebsockets = $false
    if ($python) {
        & $python[0] -c 'import websockets' 2>$null
        $hasWebsockets = $LASTEXITCODE -eq 0
    }
}

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer
    $python = @('/usr/bin/python3', 'python3').Where({ Get-Command -Name $_ -ErrorAction Ignore }, 'First')
    $milliseconds = [int] $patience.TotalMilliseconds

    # A TCP service that does what the test says.
    function Start-Service {
        $script:service = [System.Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0)
        $service.Start()
        "127.0.0.1:$($service.LocalEndpoint.Port)"
    }

    function Connect-Client {
        param([ipaddress] $Address, [int] $Port)

        $client = [System.Net.Sockets.TcpClient]::new()
        $client.ReceiveTimeout = $milliseconds
        $client.SendTimeout = $milliseconds
        $client.Connect($Address, $Port)
        $client.GetStream()
    }

    function Connect-Tunnel {
        param($Tunnel)

        Connect-Client -Address $Tunnel.LocalEndPoint.Address -Port $Tunnel.LocalEndPoint.Port
    }

    function Receive-Client {
        $accepting = $service.AcceptTcpClientAsync()
        if (-not $accepting.Wait($patience)) {
            throw 'Nobody connected to the service.'
        }

        $accepting.Result.ReceiveTimeout = $milliseconds
        $accepting.Result.GetStream()
    }

    function Read-Exactly {
        param([System.IO.Stream] $Stream, [int] $Count)

        $bytes = [byte[]]::new($Count)
        $Stream.ReadExactly($bytes, 0, $Count)
        , $bytes
    }

    # Both ways at once, more than fits into the buffers on the way.
    function Assert-Carried {
        param([System.IO.Stream] $Client, [System.IO.Stream] $Server)

        $there = [System.Security.Cryptography.RandomNumberGenerator]::GetBytes(1MB)
        $back = [System.Security.Cryptography.RandomNumberGenerator]::GetBytes(1MB)
        $sending = $Client.WriteAsync($there, 0, $there.Length), $Server.WriteAsync($back, 0, $back.Length)
        $atClient = [byte[]]::new(1MB)
        $reading = $Client.ReadExactlyAsync($atClient, 0, $atClient.Length).AsTask()
        $atServer = Read-Exactly -Stream $Server -Count 1MB
        $reading.Wait($patience) | Should -BeTrue
        [System.Threading.Tasks.Task]::WaitAll($sending, $patience) | Should -BeTrue
        [System.Linq.Enumerable]::SequenceEqual($atServer, $there) | Should -BeTrue
        [System.Linq.Enumerable]::SequenceEqual($atClient, $back) | Should -BeTrue
    }

    # As the other, where the peer sends back what it gets.
    function Assert-CarriedBack {
        param([System.IO.Stream] $Client)

        $there = [System.Security.Cryptography.RandomNumberGenerator]::GetBytes(1MB)
        $sending = $Client.WriteAsync($there, 0, $there.Length)
        $back = Read-Exactly -Stream $Client -Count 1MB
        $sending.Wait($patience) | Should -BeTrue
        [System.Linq.Enumerable]::SequenceEqual($back, $there) | Should -BeTrue
    }

    # A port that was free a moment ago, for programs that cannot choose one.
    function Get-FreePort {
        $probe = [System.Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0)
        $probe.Start()
        $probe.LocalEndpoint.Port
        $probe.Stop()
    }

    function Start-Program {
        param([string] $Path, [string[]] $Arguments)

        $start = [System.Diagnostics.ProcessStartInfo]::new($Path)
        $Arguments.ForEach({ $start.ArgumentList.Add($_) })
        $start.RedirectStandardInput = $true
        $start.RedirectStandardOutput = $true
        $start.RedirectStandardError = $true
        $script:program = [System.Diagnostics.Process]::Start($start)
        $program
    }
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket'
}

Describe 'Start-WsTunnel' {
    BeforeEach {
        $script:service = $null
        $script:program = $null
    }

    AfterEach {
        Stop-WsTunnel
        if ($service) { $service.Stop() }
        if ($program) {
            $program.Kill($true)
            $program.WaitForExit()
            $program.Dispose()
        }
        Close-EverySocket
    }

    It 'carries bytes from one tunnel through the other, and counts them' {
        $in = Start-WsTunnel -Target (Start-Service)
        $out = Start-WsTunnel $in.Uri
        $client = Connect-Tunnel $out
        $served = Receive-Client
        Assert-Carried -Client $client -Server $served
        Wait-Until { $out.BytesSent -eq 1MB -and $out.BytesReceived -eq 1MB -and $in.BytesSent -eq 1MB -and $in.BytesReceived -eq 1MB }
        $out.Connections | Should -Be 1
        $client.Dispose()
        $served.Dispose()
        Wait-Until { $out.Connections + $in.Connections -eq 0 }
        $out.ConnectionsAccepted | Should -Be 1
        $out.ConnectionsFailed + $in.ConnectionsFailed | Should -Be 0
    }

    It 'carries TCP to a service behind websockify' -Skip:(-not $websockify) {
        $target = Start-Service
        $port = Get-FreePort
        $null = Start-Program -Path 'websockify' -Arguments "127.0.0.1:$port", $target
        $out = Start-WsTunnel "ws://127.0.0.1:$port/" -SubProtocol binary
        Wait-Until {
            # It takes a while to listen.
            try {
                [System.Net.Sockets.TcpClient]::new('127.0.0.1', $port).Dispose()
                $true
            } catch {
                $false
            }
        }
        $client = Connect-Tunnel $out
        $client.WriteByte(1)
        $served = Receive-Client
        $served.ReadByte() | Should -Be 1
        Assert-Carried -Client $client -Server $served
        $served.Dispose()
        $client.ReadByte() | Should -Be -1
        $client.Dispose()
        Wait-Until { $out.Connections -eq 0 }
        $out.LastError | Should -BeNullOrEmpty
    }

    It 'carries TCP to a server of Python' -Skip:(-not $hasWebsockets) {
        $script = Join-Path -Path $repository -ChildPath 'tests' -AdditionalChildPath 'Core.Tests', 'Interop', 'servers',
            'websockets_server.py'
        $peer = Start-Program -Path $python[0] -Arguments $script
        $ports = $peer.StandardOutput.ReadLine() | ConvertFrom-Json
        $out = Start-WsTunnel "ws://127.0.0.1:$($ports.port)/echo"
        $client = Connect-Tunnel $out
        Assert-CarriedBack -Client $client
        $client.Socket.Shutdown('Send')
        $client.ReadByte() | Should -Be -1
        $client.Dispose()
        Wait-Until { $out.Connections -eq 0 }
        $out.LastError | Should -BeNullOrEmpty
    }

    It 'serves a client of Python' -Skip:(-not $hasWebsockets) {
        $in = Start-WsTunnel -Target (Start-Service)
        $code = @'
import asyncio, hashlib, sys
try:
    from websockets.asyncio.client import connect
except ImportError:
    from websockets import connect

async def main():
    async with connect(sys.argv[1], subprotocols=["base64", "binary"], max_size=None) as ws:
        print(ws.subprotocol, flush=True)
        await ws.send(b"x" * 300000)
        got = b""
        async for message in ws:
            got += message
        print(len(got), hashlib.sha256(got).hexdigest(), ws.close_code, flush=True)

asyncio.run(main())
'@
        $client = Start-Program -Path $python[0] -Arguments '-c', $code, "$($in.Uri)"
        $served = Receive-Client
        $client.StandardOutput.ReadLine() | Should -BeExactly 'binary'
        $sent = Read-Exactly -Stream $served -Count 300000
        $sent.Where({ $_ -ne 120 }, 'First') | Should -BeNullOrEmpty
        $answer = [System.Security.Cryptography.RandomNumberGenerator]::GetBytes(500000)
        $served.Write($answer, 0, $answer.Length)
        $served.Socket.Shutdown('Send')
        $hash = [Convert]::ToHexStringLower([System.Security.Cryptography.SHA256]::HashData($answer))
        $client.StandardOutput.ReadLine() | Should -BeExactly "500000 $hash 1000"
        $served.ReadByte() | Should -Be -1
        $served.Dispose()
        Wait-Until { $in.Connections -eq 0 }
        $in.LastError | Should -BeNullOrEmpty
    }

    It 'leads to any WebSocket server, with the settings of a connect' {
        $target = Get-Address -Path 'echo'
        $out = Start-WsTunnel $target -Headers @{
            'X-Token' = 'secret'
        } -UserAgent 'tunnel/1' -SubProtocol one, two -KeepAliveIntervalSeconds 0.05 -KeepAliveTimeoutSeconds 30
        $out.Uri | Should -Be $target
        $client = Connect-Tunnel $out
        $client.Write([byte[]] (1, 2, 3), 0, 3)
        (Read-Exactly -Stream $client -Count 3) -join ',' | Should -Be '1,2,3'
        $client.Dispose()
    }

    It 'refuses pages of other origins, a client too many, and one that says nothing' {
        $in = Start-WsTunnel -Target (Start-Service) -AllowedOrigin https://good.example -MaxConnections 1 -HandshakeTimeoutSeconds 2
        (Get-Failure { Connect-MessageWebSocket $in.Uri -Origin https://evil.example }).FullyQualifiedErrorId | Should -BeLike 'Forbidden,*'
        $null = Connect-MessageWebSocket $in.Uri -Origin https://good.example
        (Get-Failure { Connect-MessageWebSocket $in.Uri }).FullyQualifiedErrorId | Should -BeLike 'ServiceUnavailable,*'
        $silent = Connect-Tunnel $in
        $silent.ReadByte() | Should -Be -1
        $silent.Dispose()
    }

    It 'resets clients when a server says nothing' {
        $out = Start-WsTunnel "ws://$(Start-Service)/" -ConnectionTimeoutSeconds 0.3
        $client = Connect-Tunnel $out
        { $client.ReadByte() } | Should -Throw
        Wait-Until { $out.ConnectionsFailed -eq 1 }
        $out.LastError | Should -BeLike '*0.3 s*'
        $client.Dispose()
    }

    It 'serves wss with the certificate it is given' {
        $key = [System.Security.Cryptography.RSA]::Create(2048)
        $request = [System.Security.Cryptography.X509Certificates.CertificateRequest]::new(
            'CN=localhost', $key, 'SHA256', [System.Security.Cryptography.RSASignaturePadding]::Pkcs1)
        $names = [System.Security.Cryptography.X509Certificates.SubjectAlternativeNameBuilder]::new()
        $names.AddDnsName('localhost')
        $request.CertificateExtensions.Add($names.Build())
        $made = $request.CreateSelfSigned([datetime]::Now.AddDays(-1), [datetime]::Now.AddDays(30))
        $pfx = $made.Export([System.Security.Cryptography.X509Certificates.X509ContentType]::Pfx)
        $certificate = [System.Security.Cryptography.X509Certificates.X509CertificateLoader]::LoadPkcs12($pfx, $null)
        $in = Start-WsTunnel -Target (Start-Service) -Certificate $certificate
        $in.Uri.Scheme | Should -Be 'wss'
        $out = Start-WsTunnel $in.Uri -TrustedRoot $certificate
        $client = Connect-Tunnel $out
        Assert-Carried -Client $client -Server (Receive-Client)
        $client.Dispose()
    }

    It 'refuses a -Certificate without its private key, given as a <Form>' -TestCases @(
        @{ Form = 'certificate'; Given = { $public } }
        @{ Form = 'file'; Given = {
            $file = Join-Path -Path $TestDrive -ChildPath 'public.pfx'
            $pfx = [System.Security.Cryptography.X509Certificates.X509ContentType]::Pfx
            [System.IO.File]::WriteAllBytes($file, $public.Export($pfx))
            $file
        } }
    ) {
        $key = [System.Security.Cryptography.ECDsa]::Create()
        $request = [System.Security.Cryptography.X509Certificates.CertificateRequest]::new('CN=localhost', $key, 'SHA256')
        $made = $request.CreateSelfSigned([datetime]::Now.AddDays(-1), [datetime]::Now.AddDays(30))
        $public = [System.Security.Cryptography.X509Certificates.X509CertificateLoader]::LoadCertificate($made.RawData)
        $certificate = & $Given
        $failure = Get-Failure { Start-WsTunnel -Target '127.0.0.1:1' -Certificate $certificate }
        $failure.FullyQualifiedErrorId | Should -BeLike 'CertificateWithoutKey,*'
        $failure.TargetObject | Should -Be 'CN=localhost'
        Get-WsTunnel | Should -BeNullOrEmpty
    }

    It 'refuses what cannot be, and says why' -TestCases @(
        @{ Arguments = @{ Target = 'nowhere' }; Id = 'InvalidTarget' }
        @{ Arguments = @{ Uri = 'ws://127.0.0.1/'; SubProtocol = 'base64' }; Id = 'InvalidSetting' }
        @{ Arguments = @{ Target = '127.0.0.1:1'; SubProtocol = 'base64' }; Id = 'InvalidSetting' }
        @{ Arguments = @{ Uri = 'ws://127.0.0.1/'; SubProtocol = 'a b' }; Id = 'InvalidSetting' }
        @{ Arguments = @{ Target = '127.0.0.1:1'; Proxy = 'http://127.0.0.1:1' }; Id = 'ParameterConflict' }
        @{ Arguments = @{ Target = '127.0.0.1:1'; Path = 'relative' }; Id = 'InvalidSetting' }
        @{ Arguments = @{ Uri = 'http://127.0.0.1/' }; Id = 'InvalidUri' }
        @{ Arguments = @{ Uri = 'ws://127.0.0.1/'; LocalAddress = '192.0.2.1' }; Id = 'CannotListen' }
    ) {
        $failure = Get-Failure { Start-WsTunnel @Arguments }
        $failure.FullyQualifiedErrorId | Should -BeLike "$Id,*"
        Get-WsTunnel | Should -BeNullOrEmpty
    }

    It 'refuses credentials over plain ws' {
        $token = ConvertTo-SecureString 'secret' -AsPlainText
        (Get-Failure { Start-WsTunnel 'ws://127.0.0.1:1/' -Token $token }).FullyQualifiedErrorId |
            Should -BeLike 'UnencryptedAuthentication,*'
        (Start-WsTunnel 'ws://127.0.0.1:1/' -Token $token -AllowUnencryptedAuthentication).State | Should -Be 'Listening'
    }

    It 'names the port that is in use, and its parameter' {
        $first = Start-WsTunnel 'ws://127.0.0.1:1/'
        $failure = Get-Failure { Start-WsTunnel 'ws://127.0.0.1:1/' -LocalPort $first.LocalEndPoint.Port }
        $failure.FullyQualifiedErrorId | Should -BeLike 'PortInUse,*'
        $failure.ErrorDetails.RecommendedAction | Should -BeLike '*-LocalPort*'
        (Get-Failure { Start-WsTunnel -Target '127.0.0.1:1' -ListenPort $first.LocalEndPoint.Port }).ErrorDetails.RecommendedAction |
            Should -BeLike '*-ListenPort*'
    }

    It 'warns when others than this machine can connect' {
        $null = Start-WsTunnel 'ws://127.0.0.1:1/' -WarningVariable silent
        $silent | Should -BeNullOrEmpty
        $open = Start-WsTunnel 'ws://127.0.0.1:1/' -LocalAddress 0.0.0.0 -WarningVariable warned -WarningAction SilentlyContinue
        "$warned" | Should -BeLike '*without authentication*ws://127.0.0.1:1/*'
        $open.LocalEndPoint.Address | Should -Be ([ipaddress]::Any)
    }

    It 'leaves nothing that listens where the warning ends it' {
        $first = Start-WsTunnel 'ws://127.0.0.1:1/'
        $port = $first.LocalEndPoint.Port
        $first | Stop-WsTunnel
        $before = @($WsSession.Tunnels).Count
        (Get-Failure { Start-WsTunnel 'ws://127.0.0.1:1/' $port -LocalAddress 0.0.0.0 -WarningAction Stop }).FullyQualifiedErrorId |
            Should -BeLike 'ActionPreferenceStop,*'
        $WsSession.Tunnels | Should -HaveCount $before
        (Start-WsTunnel 'ws://127.0.0.1:1/' $port).LocalEndPoint.Port | Should -Be $port
    }

    It 'takes localhost for an address, and says of other names what would do' {
        (Start-WsTunnel 'ws://127.0.0.1:1/' -LocalAddress localhost).LocalEndPoint.Address | Should -Be ([ipaddress]::Loopback)
        { Start-WsTunnel 'ws://127.0.0.1:1/' -LocalAddress here } | Should -Throw "*'here' is no IP address. 127.0.0.1 or ::1*"
        { Start-WsEchoServer -Address here } | Should -Throw "*'here' is no IP address. 127.0.0.1 or ::1*"
    }

    It 'names tunnels, and completes the names' {
        (Start-WsTunnel 'ws://127.0.0.1:1/').TunnelName | Should -Be 'tunnel'
        (Start-WsTunnel 'ws://127.0.0.1:1/').TunnelName | Should -Be 'tunnel-2'
        $null = Start-WsTunnel 'ws://127.0.0.1:1/' -Name 'my own'
        (Get-Failure { Start-WsTunnel 'ws://127.0.0.1:1/' -Name 'MY OWN' }).FullyQualifiedErrorId | Should -BeLike 'TunnelNameInUse,*'
        foreach ($empty in '', ' ') {
            (Get-Failure { Start-WsTunnel 'ws://127.0.0.1:1/' -Name $empty }).FullyQualifiedErrorId |
                Should -BeLike 'ParameterArgumentValidationError,*'
        }
        Get-WsTunnel | Should -HaveCount 3
        foreach ($line in 'Stop-WsTunnel my', 'Get-WsTunnel my') {
            (TabExpansion2 -inputScript $line -cursorColumn $line.Length).CompletionMatches.CompletionText | Should -Be "'my own'"
        }
    }

    It 'says in LastError why a connection came to nothing, with its query left out of To' {
        $out = Start-WsTunnel "$(Get-Address -Path 'status/403')?token=secret"
        "$($out | Format-Table | Out-String -Width 300)" | Should -Not -BeLike '*secret*'
        try {
            $client = Connect-Tunnel $out
            $client.ReadByte() | Should -Be 'a reset'
        } catch {
            $_.Exception.GetBaseException().SocketErrorCode | Should -Be 'ConnectionReset'
        }
        Wait-Until { $out.ConnectionsFailed -eq 1 }
        $out.LastError | Should -BeLike '*403*'
        $out.LastError | Should -Not -BeLike '*secret*'
    }

    It 'ends with its runspace' {
        $target = Start-Service
        $manifest = Join-Path -Path $repository -ChildPath 'WebSocket.psd1'
        $shell = [powershell]::Create()
        $tunnel = $shell.AddScript("Import-Module '$manifest'; Start-WsTunnel -Target '$target'").Invoke()[0]
        $shell.HadErrors | Should -BeFalse
        $tunnel.State | Should -Be 'Listening'
        $shell.Runspace.Dispose()
        $shell.Dispose()
        Wait-Until { $tunnel.State -eq 'Stopped' }
    }
}

Describe 'Get-WsTunnel and Stop-WsTunnel' {
    AfterEach { Stop-WsTunnel }

    It 'list and stop what is named, and pass over what has stopped' {
        $one = Start-WsTunnel 'ws://127.0.0.1:1/' -Name one
        $two = Start-WsTunnel -Target '127.0.0.1:1' -Name two
        Get-WsTunnel | Should -Be $one, $two
        Get-WsTunnel -Name O* | Should -Be $one
        (Get-Failure { Get-WsTunnel three }).FullyQualifiedErrorId | Should -BeLike 'TunnelNotFound,*'
        Stop-WsTunnel two -WhatIf
        $two.State | Should -Be 'Listening'
        Stop-WsTunnel -Tunnel two -PassThru -Confirm:$false | Should -Be $two
        $two.State | Should -Be 'Stopped'
        Get-WsTunnel | Should -Be $one
        $one, $two | Stop-WsTunnel
        Get-WsTunnel | Should -BeNullOrEmpty
        Stop-WsTunnel
    }

    It 'take wildcards, and say of a name that none has' {
        $first, $second, $other = 'one', 'on', 'two' | ForEach-Object { Start-WsTunnel 'ws://127.0.0.1:1/' -Name $_ }
        Stop-WsTunnel -Name nowhere, o* -ErrorVariable failure -ErrorAction SilentlyContinue -PassThru | Should -Be $first, $second
        $failure.FullyQualifiedErrorId | Should -Be 'TunnelNotFound,MessageWebSockets.PowerShell.StopWsTunnelCommand'
        $failure[0].ErrorDetails.RecommendedAction | Should -BeLike '*two*'
        Stop-WsTunnel x* -ErrorAction Stop
        Get-WsTunnel | Should -Be $other
        foreach ($empty in '', ' ') {
            (Get-Failure { Stop-WsTunnel -Name two, $empty }).FullyQualifiedErrorId | Should -BeLike 'ParameterArgumentValidationError,*'
        }
        $other.State | Should -Be 'Listening'
        'tw?' | Stop-WsTunnel
        $other.State | Should -Be 'Stopped'
        { Stop-WsTunnel -Tunnel ([pscustomobject]@{ TunnelName = 'two' }) } | Should -Throw '*copy of a tunnel*'
    }

    It 'give objects that survive as copies' {
        $in = Start-WsTunnel -Target '127.0.0.1:1' -Name one
        $copy = [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($in))
        $copy.TunnelName, $copy.State, $copy.To, $copy.Connections | Should -Be 'one', 'Listening', '127.0.0.1:1', 0
        $copy | Format-Table | Out-String | Should -BeLike '*TunnelName*one*Listening*'
        ($in | ConvertTo-Json -Depth 3 | ConvertFrom-Json).To | Should -Be '127.0.0.1:1'
    }
}
