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

Describe 'A token as a subprotocol' {
    It 'is shortened where it is shown: <Form>' -TestCases @(
        @{
            Form = 'Kubernetes'; Offered = @('base64url.bearer.authorization.k8s.io.dG9rLTlmMjc', 'v4.channel.k8s.io')
            Shown = 'base64url.bearer.authorization.k8s.io.***, v4.channel.k8s.io'
        }
        @{
            Form = 'OpenAI'; Offered = @('realtime', 'openai-insecure-api-key.sk-tok-9f27'); Shown = 'realtime, openai-insecure-api-key.***'
        }
        @{ Form = 'announced by a name'; Offered = @('access_token', 'tok-9f27'); Shown = 'access_token, ***' }
        @{ Form = 'JWT'; Offered = @('eyJhbGciOiJub25lIn0.eyJzdWIiOiJ0b2stOWYyNyJ9.x'); Shown = '***' }
        @{ Form = 'very long'; Offered = @('a' * 200); Shown = ('a' * 8) + '***' }
        @{ Form = 'JWT behind a word'; Offered = @('v1.eyJhbGciOiJub25lIn0.eyJzdWIiOiJ0b2stOWYyNyJ9.x'); Shown = 'v1.eyJhbGci***' }
        @{ Form = 'of 40 characters'; Offered = @('9f27c0de' * 5); Shown = '9f27c0de***' }
        @{
            Form = 'none'; Offered = @('graphql-transport-ws', 'v12.stomp', 'json.webpubsub.azure.v1', 'mqtt')
            Shown = 'graphql-transport-ws, v12.stomp, json.webpubsub.azure.v1, mqtt'
        }
    ) {
        $verbose = Connect-MessageWebSocket (Get-Address -Path 'echo') -SubProtocol $Offered -Verbose 4>&1 |
            Where-Object { $_ -is [System.Management.Automation.VerboseRecord] }
        "$($verbose[0])" | Should -BeLike "Connecting to *, offering $($Shown.Replace('*', '`*'))."
        Get-MessageWebSocket | Close-MessageWebSocket
    }

    It 'is shortened where the server chose it' {
        $secret = 'openai-insecure-api-key.sk-tok-9f27'
        $address = "$(Get-Address -Path 'subprotocol')?supports=$secret"
        $socket = Connect-MessageWebSocket $address -SubProtocol $secret -Verbose 4>&1 -OutVariable all |
            Where-Object { $_ -is [MessageWebSockets.MessageWebSocket] }
        $socket.Information.Protocol | Should -BeExactly $secret
        $socket.Protocol | Should -BeExactly 'openai-insecure-api-key.***'
        $shown = ($all | Out-String -Width 500) + ($socket | Format-List | Out-String) + ($socket | Format-List * | Out-String)
        # Here the address of the test's server has it too.
        $shown.Split("`n") -notmatch '^Uri' -match 'tok-9f27' | Should -BeNullOrEmpty
        Close-MessageWebSocket $socket
    }
}

Describe 'A token that the server agreed to' {
    It 'is in no stream and no default view: <Form>' -TestCases @(
        @{ Form = 'by its name'; Offered = @('base64url.bearer.authorization.k8s.io.tok-9f27') }
        @{ Form = 'as one announced'; Offered = @('access_token', 'tok-9f27') }
    ) {
        # The query of the address has it too, and names what the test's server supports.
        $address = "$(Get-Address -Path 'subprotocol')?supports=$($Offered[-1])"
        $all = Connect-MessageWebSocket $address -SubProtocol $Offered -Verbose -Debug *>&1
        $socket = $all | Where-Object { $_ -is [MessageWebSockets.MessageWebSocket] }
        $socket.Information.Protocol | Should -BeExactly $Offered[-1]
        $records = $all | Where-Object { $_ -isnot [MessageWebSockets.MessageWebSocket] }
        # Not by Should, which would print all of it.
        $said = ($records | Out-String -Width 500) + ($socket.Information | Out-String -Width 500) +
            ($socket.Control | Out-String -Width 500) + ($socket | Out-String -Width 500) + ($socket | Format-List | Out-String -Width 500)
        $said | Should -BeLike '*Response header Sec-WebSocket-Protocol: *`*`*`**'
        $said | Should -BeLike '*HandshakeHeaders*Sec-WebSocket-Protocol: *`*`*`**'
        $said.Contains('tok-9f27') | Should -BeFalse
        $probe = Test-WsEndpoint $address -SubProtocol $Offered -Detailed
        $probe.Protocol | Should -BeLike '*`*`*`*'
        "$($probe.ResponseHeaders['Sec-WebSocket-Protocol'])" | Should -BeLike '*`*`*`*'
        Close-MessageWebSocket $socket
    }

    It 'is in no view of a client of the server' {
        $echo = Start-WsEchoServer -SubProtocol 'bearer.tok-9f27'
        $parameters = @{
            SubProtocol = 'bearer.tok-9f27'; Headers = @{ 'X-Api-Key' = 'tok-9f27' }
            Token       = ConvertTo-SecureString -String 'tok-9f27' -AsPlainText -Force
        }
        $socket = Connect-MessageWebSocket "$($echo.Uri)?id=tok-9f27" @parameters -AllowUnencryptedAuthentication
        Wait-Until { $echo.Clients.Count }
        $client = $echo.Clients[0]
        $shown = ($client | Out-String -Width 300) + ($client | Format-List | Out-String -Width 300)
        $shown | Should -BeLike '*Authorization: `*`*`**'
        $shown | Should -BeLike '*bearer.`*`*`**'
        $shown.Contains('tok-9f27') | Should -BeFalse
        Close-MessageWebSocket $socket
        $echo | Stop-WsEchoServer
    }
}

Describe 'The query of an address' {
    It 'is shown nowhere' {
        # In a variable: an error quotes the line of the script it comes from.
        $query = 's3cr3t'
        $socket = [MessageWebSockets.MessageWebSocket]::new()
        $all = Connect-MessageWebSocket "$(Get-Address -Path 'close')?code=1000&id=$query" -Socket $socket -Verbose *>&1
        $socket.Name = ''
        "$socket" | Should -BeExactly "$(Get-Address -Path 'close')?..."
        $null = $socket.ReceiveAsync().AsTask().Wait($patience)
        $all += Receive-WsMessage -Socket $socket *>&1
        $all += try { Send-WsMessage x -Socket $socket *>&1 } catch { $_ }
        $all += Close-MessageWebSocket -Socket $socket -Verbose *>&1
        $all += Connect-MessageWebSocket "$($server.faults.'refused-port')?id=$query" -Verbose *>&1
        $all += Connect-MessageWebSocket "https://host.example/?id=$query#$query" *>&1
        $records = $all | Where-Object { $_ -isnot [MessageWebSockets.MessageWebSocket] }
        $records.Count | Should -BeGreaterThan 5
        # Not by Should, which would print all of it.
        ($records | Out-String -Width 400).Contains('s3cr3t') | Should -BeFalse
        ($socket | Out-String -Width 400).Contains('s3cr3t') | Should -BeFalse
        @($records | Where-Object { $_ -is [System.Management.Automation.ErrorRecord] } |
            Where-Object { "$($_.TargetObject)" -like '*s3cr3t*' }) | Should -BeNullOrEmpty
    }
}

Describe 'A transcript of all streams' {
    It 'shows no password, token, cookie or key' {
        $transcript = Join-Path -Path $TestDrive -ChildPath 'transcript.txt'
        $program = {
            param($Manifest, $Echo, $Cookie, $Basic, $Refused, $Transcript)
            $VerbosePreference = $DebugPreference = 'Continue'
            $PSStyle.OutputRendering = 'PlainText'
            $null = Start-Transcript -LiteralPath $Transcript
            Import-Module $Manifest
            # In variables: an error quotes the line of the script it comes from.
            $tokenText, $password, $query = 'tok-9f27', 'wr0ng-pass', 'qu3ry-7'
            $token = ConvertTo-SecureString -String $tokenText -AsPlainText -Force
            $credential = [pscredential]::new('user', (ConvertTo-SecureString -String $password -AsPlainText -Force))
            Set-WsRequestHeader 'X-Api-Key' 'k3y-5511'
            Connect-MessageWebSocket "$Echo`?access_token=$query" -Token $token -AllowUnencryptedAuthentication -Name echo
            Connect-MessageWebSocket $Cookie -Headers @{ Cookie = 'sid=c00kie-3' } -Name cookie
            Connect-MessageWebSocket $Basic -Credential $credential -SkipCertificateCheck -Name basic
            Connect-MessageWebSocket $Basic -Credential $credential -Authentication Basic -SkipCertificateCheck -Name basic
            Connect-MessageWebSocket "$Refused`?token=$query" -Token $token -AllowUnencryptedAuthentication
            Connect-MessageWebSocket "ws://user:$password@localhost/"
            Set-WsRequestHeader 'Authorization' "Bearer $tokenText`n"
            Get-MessageWebSocket | Format-List
            'hello' | Send-WsMessage -Socket echo
            Receive-WsMessage -Socket echo
            Get-MessageWebSocket | Close-MessageWebSocket
            $Error | Format-List * -Force
            $null = Stop-Transcript
        }
        $arguments = "$repository/WebSocket.psd1", (Get-Address -Path 'echo'), (Get-Address -Path 'cookie'),
            (Get-Address -Path 'basic' -Secure), $server.faults.'refused-port', $transcript
        # From a file, so that a host shows and records its output.
        $script = Join-Path -Path $TestDrive -ChildPath 'session.ps1'
        Set-Content -LiteralPath $script -Value $program.ToString()
        $screen = (pwsh -NoProfile -NonInteractive -File $script @arguments *>&1 | Out-String)
        $said = [System.IO.File]::ReadAllText($transcript)
        # Not by Should, which would print all of it.
        foreach ($word in 'hello', 'Unauthorized', 'Connected to', 'Response header Set-Cookie: ***') {
            $said.Contains($word) | Should -BeTrue -Because "'$word' has to be in it"
        }
        foreach ($secret in 'tok-9f27', 'k3y-5511', 'qu3ry-7', 'wr0ng-pass', 'c00kie-3') {
            ($said + $screen).Contains($secret) | Should -BeFalse -Because "$secret is a secret"
        }
        $base64 = [Convert]::ToBase64String([System.Text.Encoding]::UTF8.GetBytes('user:wr0ng-pass'))
        ($said + $screen).Contains($base64) | Should -BeFalse
    }
}

Describe 'A redirect to another host' {
    It 'gets no credentials, headers or cookies' {
        $other = "ws://localhost:$(([uri] $server.ws).Port)/headers"
        $cookies = [System.Net.CookieContainer]::new()
        $cookies.Add([System.Net.Cookie]::new('mine', 'c00kie-3', '/', '127.0.0.1'))
        $parameters = @{
            Token                          = ConvertTo-SecureString -String 'tok-9f27' -AsPlainText -Force
            AllowUnencryptedAuthentication = $true
            Headers                        = @{ 'X-Api-Key' = 'k3y-5511' }
            Cookies                        = $cookies
            MaximumRedirection             = 1
        }
        $socket = Connect-MessageWebSocket "$(Get-Address -Path 'redirect')?to=$([uri]::EscapeDataString($other))" @parameters
        $seen = Receive-WsMessage -Socket $socket -Raw
        $seen | Should -BeLike '*Sec-WebSocket-Key*'
        $seen | Should -Not -Match 'Authorization|tok-9f27|k3y-5511|c00kie-3'
        Close-MessageWebSocket -Socket $socket
        # The same host does get them.
        $socket = Connect-MessageWebSocket "$(Get-Address -Path 'redirect')?to=/headers" @parameters
        Receive-WsMessage -Socket $socket -Raw | Should -Match 'Bearer tok-9f27'
        Close-MessageWebSocket -Socket $socket
    }
}
