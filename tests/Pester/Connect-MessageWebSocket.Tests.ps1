#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $unixSocket = Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath "ws-$PID.sock"
    $server = Start-TestServer -ArgumentList '--raw', '--tls', '--proxy', '--unix', $unixSocket
    $root = [System.Security.Cryptography.X509Certificates.X509Certificate2]::CreateFromPem($server.caCertificatePem)
    $credential = [pscredential]::new('user', (ConvertTo-SecureString -String 'pass' -AsPlainText -Force))
    $token = ConvertTo-SecureString -String 'tok-9f27' -AsPlainText -Force

    # The request headers as the server saw them.
    function Get-SeenHeader {
        param([hashtable] $Parameters = @{})
        $socket = Connect-MessageWebSocket -Uri (Get-Address -Path 'headers') @Parameters
        Receive-WsMessage -Socket $socket -FromJson
        Close-MessageWebSocket -Socket $socket
    }
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket'
}

Describe 'Connect-MessageWebSocket' {
    AfterEach { Close-EverySocket }

    It 'emits an open socket that the session knows' {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
        $socket | Should -BeOfType 'MessageWebSockets.MessageWebSocket'
        $socket.State | Should -Be 'Open'
        $socket.Uri | Should -Be (Get-Address -Path 'echo')
        $WsSession.Current | Should -Be $socket
        $WsSession.Sockets | Should -Be $socket
    }

    It 'takes addresses from the pipeline' {
        $sockets = (Get-Address -Path 'echo'), (Get-Address -Path 'silent') | Connect-MessageWebSocket
        $sockets.State | Should -Be 'Open', 'Open'
    }

    It 'takes a table of endpoints, with empty cells' {
        $sockets = @"
Uri,Name,SubProtocol,Origin
$(Get-Address -Path 'subprotocol?supports=v2'),one,v2,https://page.example
$(Get-Address -Path 'echo'),,,
"@ | ConvertFrom-Csv | Connect-MessageWebSocket
        $sockets[0].Name | Should -Be 'one'
        $sockets[0].Protocol | Should -Be 'v2'
        $sockets[1].Name | Should -Be '127.0.0.1'
        $sockets[1].Protocol | Should -Be ''
    }

    It 'reports a bad address of a pipeline and goes on' {
        $sockets = 'http://nowhere.example', (Get-Address -Path 'echo') |
            Connect-MessageWebSocket -ErrorVariable problem -ErrorAction SilentlyContinue
        $sockets | Should -HaveCount 1
        $problem | Should -HaveCount 1
        $problem[0].FullyQualifiedErrorId | Should -BeExactly 'InvalidUri,MessageWebSockets.PowerShell.ConnectMessageWebSocketCommand'
    }

    Context 'addresses that cannot be' {
        It 'refuses <Address> and recommends <Advice>' -TestCases @(
            @{ Address = 'https://feed.example'; Advice = '*wss://feed.example.' }
            @{ Address = 'http://feed.example/a?b=c'; Advice = '*ws://feed.example/a?....' }
            @{ Address = 'localhost:8080/x'; Advice = '*ws://localhost:8080/x*' }
            @{ Address = '10.0.0.5:443'; Advice = '*wss://10.0.0.5:443*' }
            @{ Address = '[::1]:8080'; Advice = '*ws://*::1*:8080*' }
            @{ Address = 'feed.example/x'; Advice = '*wss://feed.example/x.' }
            @{ Address = 'ftp://feed.example'; Advice = '*ws://host/path*' }
            @{ Address = '/etc/passwd'; Advice = '*ws://host/path*' }
            @{ Address = 'ws://feed.example/#part'; Advice = '*%23*' }
            @{ Address = 'ws://feed.example:0/'; Advice = '*port*' }
            @{ Address = 'wss://user:hunter2@feed.example/'; Advice = '*-Credential*' }
            @{ Address = 'user:hunter2@feed.example:8080/x'; Advice = 'Try ws://feed.example:8080/x*-Credential.' }
            @{ Address = 'wss//user:hunter2@feed.example'; Advice = 'Try wss://feed.example, *-Credential.' }
            @{ Address = 'http://user:hunter2@feed.example'; Advice = 'Try ws://feed.example, *-Credential.' }
            @{ Address = 'ws:/feed.example/x'; Advice = 'Try ws://feed.example/x.' }
        ) {
            $failure = Get-Failure { Connect-MessageWebSocket $Address }
            $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidUri,*'
            $failure.CategoryInfo.Category | Should -Be 'InvalidArgument'
            $failure.ErrorDetails.RecommendedAction | Should -BeLike $Advice
            "$failure $($failure.TargetObject)" | Should -Not -BeLike '*hunter2*'
            $WsSession.Sockets | Should -BeNullOrEmpty
        }

        It 'does not repeat the password of a proxy that is no address' {
            $failure = Get-Failure { Connect-MessageWebSocket 'ws://feed.example' -Proxy 'http://user:hunter2@feed.example:99999' }
            "$failure" | Should -BeLike '*A proxy address begins with*'
            ($failure | Format-List * -Force | Out-String) -replace '(?m)^.*-Proxy.*$' | Should -Not -BeLike '*hunter2*'
        }

        It 'refuses a port that does not exist' {
            { Connect-MessageWebSocket 'ws://feed.example:65536/' -ErrorAction Stop } | Should -Throw
        }

        It 'refuses null' {
            { Connect-MessageWebSocket $null } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        }
    }

    Context 'servers that do not connect' {
        It 'reports <Fault> as <Id>' -TestCases @(
            @{ Fault = 'refused-port'; Id = 'CannotConnect'; Category = 'ConnectionError' }
            @{ Fault = 'unresolvable-name'; Id = 'HostNameNotResolved'; Category = 'ConnectionError' }
            @{ Fault = 'status-404'; Id = 'NotFound'; Category = 'ObjectNotFound' }
            @{ Fault = 'status-401'; Id = 'Unauthorized'; Category = 'AuthenticationError' }
            @{ Fault = 'status-403'; Id = 'Forbidden'; Category = 'PermissionDenied' }
            @{ Fault = 'status-503'; Id = 'ServiceUnavailable'; Category = 'ResourceUnavailable' }
            @{ Fault = 'garbage-bytes'; Id = 'ErrorHttpInvalidServerResponse'; Category = 'ProtocolError' }
            @{ Fault = 'reset-after-request'; Id = 'ConnectionReset'; Category = 'ConnectionError' }
            @{ Fault = 'certificate-expired'; Id = 'CertificateExpired'; Category = 'SecurityError' }
        ) {
            $address = $server.faults.$Fault
            $parameters = $address -like 'wss:*' ? @{ TrustedRoot = $root } : @{}
            $failure = Get-Failure { Connect-MessageWebSocket $address @parameters }
            $failure.FullyQualifiedErrorId | Should -BeExactly "$Id,MessageWebSockets.PowerShell.ConnectMessageWebSocketCommand"
            $failure.CategoryInfo.Category | Should -Be $Category
            $failure.TargetObject | Should -Be ([uri] $address)
            $failure.Exception | Should -BeOfType 'MessageWebSockets.MessageWebSocketException'
            $WsSession.Sockets | Should -BeNullOrEmpty
        }

        It 'ends within -ConnectionTimeoutSeconds' {
            $failure = Get-Failure { Connect-MessageWebSocket $server.faults.'says-nothing' -ConnectionTimeoutSeconds 1 }
            $failure.FullyQualifiedErrorId | Should -BeLike 'Timeout,*'
            $failure.CategoryInfo.Category | Should -Be 'OperationTimeout'
            $failure.ErrorDetails.RecommendedAction | Should -BeLike '*-ConnectionTimeoutSeconds*'
        }

        It 'keeps a token of the address out of the error' {
            $failure = Get-Failure { Connect-MessageWebSocket "$($server.faults.'refused-port')?access_token=s3cr3t&x=1" }
            "$failure" | Should -Not -BeLike '*s3cr3t*'
            $failure.TargetObject | Should -Not -BeLike '*s3cr3t*'
        }

        It 'advises by the names of parameters: <Name>' -TestCases @(
            @{
                Name = 'expired'; Fault = 'certificate-expired'; Private = $true
                Advice = 'To connect all the same: -IgnoreCertificateError Expired.'
            }
            @{
                Name = 'authority'; Fault = 'certificate-wrong-name'
                Advice = 'If a private authority issued it, *-TrustedRoot. *-IgnoreCertificateError *InvalidName*.'
            }
            @{
                Name = 'self-signed'; Fault = 'certificate-self-signed'
                Advice = 'If a private authority*-TrustedRoot. To connect all the same: -IgnoreCertificateError Untrusted.'
            }
            @{
                Name = 'silence'; Fault = 'says-nothing'; With = @{ ConnectionTimeoutSeconds = 1 }
                Advice = 'Raise -ConnectionTimeoutSeconds to wait longer.'
            }
            @{
                Name = 'redirect'; Fault = 'redirect-loop'
                Advice = '*connect to that address, or allow redirects with -MaximumRedirection.'
            }
            @{
                Name = 'redirects'; Fault = 'redirect-loop'; With = @{ MaximumRedirection = 2 }
                Advice = 'It redirects to itself; is this the address of a WebSocket endpoint?'
            }
            @{
                Name = 'a redirect too many'; Path = 'redirect?to=/redirect'; With = @{ MaximumRedirection = 1 }
                Advice = 'Raise -MaximumRedirection, or connect to the final address.'
            }
            @{
                Name = 'pin'; Fault = 'certificate-wrong-name'; Private = $true
                With = @{ IgnoreCertificateError = 'InvalidName'; PinnedCertificateSha256 = '00' * 32 }
                Advice = '*-PinnedCertificateSha256.'
            }
        ) {
            $parameters = $Private ? @{ TrustedRoot = $root } : @{}
            $parameters += $With ?? @{}
            $failure = Get-Failure { Connect-MessageWebSocket ($Path ? (Get-Address -Path $Path) : $server.faults.$Fault) @parameters }
            $failure.ErrorDetails.RecommendedAction | Should -BeLike $Advice
            # Said once: below the message.
            "$failure" | Should -Not -Match '-IgnoreCertificateError|-TrustedRoot|Raise|pin the new one|It points elsewhere'
        }

        It 'names parameters where the library names settings' {
            $failure = Get-Failure { Connect-MessageWebSocket $server.faults.'client-certificate-missing' -TrustedRoot $root }
            "$failure" | Should -BeLike '*give it as -Certificate.'
            "$(Get-Failure { Connect-MessageWebSocket (Get-Address -Path 'echo') -Headers @{ 'Sec-WebSocket-Protocol' = 'v2' } })" |
                Should -BeLike '*offered through -SubProtocol,*'
            "$(Get-Failure { Connect-MessageWebSocket (Get-Address -Path 'echo') -Proxy 'http://user:pass@127.0.0.1:1' })" |
                Should -BeLike '*give it as -ProxyCredential.'
        }
    }

    Context '-Name' {
        It 'is the host, made unique' {
            $names = 1..3 | ForEach-Object { (Connect-MessageWebSocket (Get-Address -Path 'echo')).Name }
            $names | Should -Be '127.0.0.1', '127.0.0.1-2', '127.0.0.1-3'
        }

        It 'is free again once its socket is closed' {
            Connect-MessageWebSocket (Get-Address -Path 'echo') -Name feed | Close-MessageWebSocket
            (Connect-MessageWebSocket (Get-Address -Path 'echo') -Name feed).Name | Should -Be 'feed'
        }

        It 'is refused where it is empty, before anything is done' {
            foreach ($making in { Connect-MessageWebSocket (Get-Address -Path 'echo') -Name $_ }, { New-MessageWebSocket -Name $_ }) {
                foreach ($empty in '', ' ', $null) {
                    $failure = Get-Failure { $empty | ForEach-Object $making }
                    $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidSetting,*'
                    "$failure" | Should -BeLike '-Name is empty.*'
                }
            }
            $WsSession.Sockets | Should -BeNullOrEmpty
        }

        It 'that is empty finds no socket without a name' {
            $prepared = New-MessageWebSocket
            (Get-Failure { Send-WsMessage 'x' -Socket '' }).FullyQualifiedErrorId | Should -BeLike 'ParameterArgumentTransformationError,*'
            Close-MessageWebSocket -Socket '' -WarningVariable warnings -WarningAction SilentlyContinue
            $warnings | Should -BeLike 'Nothing was closed: *'
            $prepared.State | Should -Be 'Created'
        }

        It 'is refused while another socket has it' {
            $null = Connect-MessageWebSocket (Get-Address -Path 'echo') -Name feed
            $failure = Get-Failure { Connect-MessageWebSocket (Get-Address -Path 'echo') -Name FEED }
            $failure.FullyQualifiedErrorId | Should -BeLike 'SocketNameInUse,*'
            $WsSession.Sockets | Should -HaveCount 1
        }
    }

    Context '-SubProtocol' {
        It 'offers in order and shows what was agreed' {
            (Connect-MessageWebSocket (Get-Address -Path 'subprotocol?supports=v1,v2') -SubProtocol v3, v2, v1).Protocol | Should -Be 'v2'
        }

        It 'is none when the server knows none of them' {
            (Connect-MessageWebSocket (Get-Address -Path 'subprotocol?supports=v9') -SubProtocol v1).Protocol | Should -Be ''
        }

        It 'refuses what is no name' {
            (Get-Failure { Connect-MessageWebSocket (Get-Address -Path 'echo') -SubProtocol 'not a name' }).FullyQualifiedErrorId |
                Should -BeLike 'InvalidSetting,*'
        }

        It 'passes over empty names and null' {
            (Connect-MessageWebSocket (Get-Address -Path 'subprotocol?supports=v1') -SubProtocol '', $null, 'v1').Protocol | Should -Be 'v1'
        }

        It 'completes well-known names' {
            (TabExpansion2 'Connect-MessageWebSocket ws://x -SubProtocol mq').CompletionMatches.CompletionText | Should -Contain 'mqtt'
        }

        It 'completes those that this session used, and no token of theirs' {
            $null = New-MessageWebSocket -Name names -SubProtocol 'v7.mine', 'access_token', 's3cret-behind-its-name'
            $null = New-MessageWebSocket -Name behind -SubProtocol 's3cret-behind-its-name', 'v8.mine'
            $null = New-MessageWebSocket -Name bearer -SubProtocol 'bearer.s3cretABC123', 'auth-s3cretABC123', 'eyJs3cret.eyJs3cret.s3cret'
            foreach ($line in 'Connect-MessageWebSocket ws://x -SubProtocol ', 'Start-WsEchoServer -SubProtocol ') {
                $offered = (TabExpansion2 $line $line.Length).CompletionMatches
                $offered.CompletionText | Should -Contain 'v7.mine'
                $offered.CompletionText | Should -Contain 'v8.mine'
                $offered.CompletionText | Should -Contain 'access_token'
                "$($offered.CompletionText) $($offered.ListItemText) $($offered.ToolTip)" | Should -Not -Match 's3cret'
            }
        }
    }

    Context 'request headers' {
        It 'sends -Headers, several values as a list' {
            $seen = Get-SeenHeader @{ Headers = @{ 'X-One' = 1; 'X-Two' = 'a', 'b'; 'X-None' = $null } }
            $seen.'X-One' | Should -Be '1'
            $seen.'X-Two' | Should -Be 'a, b'
            $seen.PSObject.Properties.Name | Should -Not -Contain 'X-None'
        }

        It 'sends the Headers of a row, from <Source>' -TestCases @(
            @{ Source = 'a hashtable'; Headers = @{ 'X-One' = 1 } }
            @{ Source = 'JSON'; Headers = '{ "X-One": 1, "X-Two": ["a", "b"] }' | ConvertFrom-Json }
            @{ Source = 'a copy of a hashtable'; Headers = [System.Management.Automation.PSSerializer]::Deserialize(
                [System.Management.Automation.PSSerializer]::Serialize(@{ 'X-One' = 1 })) }
        ) {
            $row = [pscustomobject] @{ Uri = Get-Address -Path 'headers'; Headers = $Headers }
            $row | Connect-MessageWebSocket | Out-Null
            (Receive-WsMessage -FromJson).'X-One' | Should -Be '1'
            ($row | Test-WsEndpoint -ExpectMatch 'X-One').Status | Should -Be 'Ok'
        }

        It 'connects with an empty cell of Headers' {
            $row = [pscustomobject] @{ Uri = Get-Address -Path 'headers'; Headers = '' }
            ($row | Connect-MessageWebSocket).State | Should -Be 'Open'
        }

        It 'connects without no header that a row has: <Given> is an error' -TestCases @(
            @{ Given = 'X-One=1' }
            @{ Given = 5 }
        ) {
            $row = [pscustomobject] @{ Uri = Get-Address -Path 'headers'; Headers = $Given }
            foreach ($cmdlet in 'Connect-MessageWebSocket', 'Test-WsEndpoint') {
                $found = $row | & $cmdlet -ErrorAction SilentlyContinue -ErrorVariable failed
                $found | Should -BeNullOrEmpty
                "$failed" | Should -BeLike '*is no set of headers: give a hashtable*'
            }
            Get-MessageWebSocket | Should -BeNullOrEmpty
        }

        It 'refuses a header <Name>' -TestCases @(
            @{ Name = 'with a line break'; Headers = @{ 'X-A' = "a`r`nX-B: b" } }
            @{ Name = 'of the handshake'; Headers = @{ 'Upgrade' = 'h2c' } }
            @{ Name = 'without a proper name'; Headers = @{ 'X A' = 'a' } }
        ) {
            (Get-Failure { Connect-MessageWebSocket (Get-Address -Path 'headers') -Headers $Headers }).FullyQualifiedErrorId |
                Should -BeLike 'InvalidHeader,*'
        }

        It 'sends -UserAgent and -Origin' {
            $seen = Get-SeenHeader @{ UserAgent = 'Probe/1.0'; Origin = 'https://page.example' }
            $seen.'User-Agent' | Should -Be 'Probe/1.0'
            $seen.Origin | Should -Be 'https://page.example'
        }

        It 'refuses a -UserAgent or -Origin with a line break' {
            (Get-Failure { Connect-MessageWebSocket (Get-Address -Path 'headers') -UserAgent "a`nb" }).FullyQualifiedErrorId |
                Should -BeLike 'InvalidHeader,*'
            (Get-Failure { Connect-MessageWebSocket (Get-Address -Path 'headers') -Origin "a`nb" }).FullyQualifiedErrorId |
                Should -BeLike 'InvalidHeader,*'
        }

        It 'sends -Cookies and keeps those the server sets' {
            $cookies = [System.Net.CookieContainer]::new()
            $cookies.Add([System.Net.Cookie]::new('mine', '1', '/', '127.0.0.1'))
            $socket = Connect-MessageWebSocket (Get-Address -Path 'cookie?name=theirs&value=2') -Cookies $cookies
            Receive-WsMessage -Socket $socket -Raw | Should -Be 'mine=1'
            $cookies.GetCookies($server.ws.Replace('ws://', 'http://'))['theirs'].Value | Should -Be '2'
        }

        It 'refuses no cookies at all' {
            { Connect-MessageWebSocket (Get-Address -Path 'cookie') -Cookies $null } |
                Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        }
    }

    Context 'authentication' {
        It 'answers a challenge with -Credential over wss' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'basic' -Secure) -Credential $credential -TrustedRoot $root
            $socket.State | Should -Be 'Open'
        }

        It 'reports wrong credentials, and never shows them' {
            $wrong = [pscredential]::new('user', (ConvertTo-SecureString -String 'wr0ng' -AsPlainText -Force))
            $failure = Get-Failure { Connect-MessageWebSocket (Get-Address -Path 'basic' -Secure) -Credential $wrong -TrustedRoot $root }
            $failure.FullyQualifiedErrorId | Should -BeLike 'Unauthorized,*'
            $failure.ErrorDetails.RecommendedAction | Should -BeLike '*-Credential*'
            ($failure | Format-List -Force | Out-String) | Should -Not -BeLike '*wr0ng*'
        }

        It 'sends -Authentication Basic with the first request' {
            $seen = Get-SeenHeader @{ Authentication = 'Basic'; Credential = $credential; AllowUnencryptedAuthentication = $true }
            $seen.Authorization | Should -Be "Basic $([Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes('user:pass')))"
        }

        It 'sends -Token as a bearer token, with or without -Authentication' -TestCases @(
            @{ More = @{} }
            @{ More = @{ Authentication = 'Bearer' } }
        ) {
            (Get-SeenHeader (@{ Token = $token; AllowUnencryptedAuthentication = $true } + $More)).Authorization |
                Should -Be 'Bearer tok-9f27'
        }

        It 'refuses <What> over plain ws' -TestCases @(
            @{ What = '-Credential'; Parameters = { @{ Credential = $credential } } }
            @{ What = '-Token'; Parameters = { @{ Token = $token } } }
            @{ What = '-UseDefaultCredentials'; Parameters = { @{ UseDefaultCredentials = $true } } }
        ) {
            $given = & $Parameters
            $failure = Get-Failure { Connect-MessageWebSocket (Get-Address -Path 'headers') @given }
            $failure.FullyQualifiedErrorId | Should -BeLike 'UnencryptedAuthentication,*'
            $failure.CategoryInfo.Category | Should -Be 'SecurityError'
            $failure.ErrorDetails.RecommendedAction | Should -BeLike '*-AllowUnencryptedAuthentication*'
        }

        It 'connects with -UseDefaultCredentials where it is allowed' {
            (Connect-MessageWebSocket (Get-Address -Path 'echo') -UseDefaultCredentials -AllowUnencryptedAuthentication).State |
                Should -Be 'Open'
        }

        It 'refuses <First> with <Second>' -TestCases @(
            @{ First = 'Credential'; Second = 'UseDefaultCredentials' }
            @{ First = 'Credential'; Second = 'Token' }
            @{ First = 'Token'; Second = 'UseDefaultCredentials' }
        ) {
            $values = @{ Credential = $credential; Token = $token; UseDefaultCredentials = $true }
            $given = @{ $First = $values[$First]; $Second = $values[$Second] }
            (Get-Failure { Connect-MessageWebSocket (Get-Address -Path 'headers') @given }).FullyQualifiedErrorId |
                Should -BeLike 'ParameterConflict,*'
        }

        It 'refuses -Authentication <Scheme> without its secret' -TestCases @(@{ Scheme = 'Basic' }, @{ Scheme = 'Bearer' }) {
            (Get-Failure { Connect-MessageWebSocket (Get-Address -Path 'headers') -Authentication $Scheme }).FullyQualifiedErrorId |
                Should -BeLike 'InvalidSetting,*'
        }

        It 'shows no secret on the verbose and debug streams' {
            $streams = Get-Streams {
                $address = "$(Get-Address -Path 'cookie?name=sid')&api_key=qu3ry"
                Connect-MessageWebSocket $address -Token $token -AllowUnencryptedAuthentication -Verbose -Debug
            }
            $said = ($streams.Verbose + $streams.Debug) -join "`n"
            $said | Should -BeLike '*Set-Cookie: `*`*`**'
            $said | Should -Not -Match 'tok-9f27|sid=yes|qu3ry'
        }
    }

    Context 'TLS' {
        It 'refuses a certificate of an unknown authority' {
            $failure = Get-Failure { Connect-MessageWebSocket (Get-Address -Path 'echo' -Secure) }
            $failure.FullyQualifiedErrorId | Should -BeLike 'CertificateIsInvalid,*'
            $failure.CategoryInfo.Category | Should -Be 'SecurityError'
        }

        It 'trusts a -TrustedRoot' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'echo' -Secure) -TrustedRoot $root
            $socket.Information.ServerCertificateErrors | Should -BeNullOrEmpty
        }

        It 'takes no text for a -TrustedRoot' {
            { Connect-MessageWebSocket (Get-Address -Path 'echo' -Secure) -TrustedRoot 42 } |
                Should -Throw -ErrorId 'CannotConvertArgument*'
        }

        It 'connects with -SkipCertificateCheck whatever the certificate' {
            $socket = Connect-MessageWebSocket $server.faults.'certificate-self-signed' -SkipCertificateCheck
            $socket.Information.ServerCertificateErrors | Should -Not -BeNullOrEmpty
        }

        It 'passes over the errors of -IgnoreCertificateError, and no other' {
            $address = $server.faults.'certificate-wrong-name'
            (Connect-MessageWebSocket $address -TrustedRoot $root -IgnoreCertificateError InvalidName).State | Should -Be 'Open'
            (Get-Failure { Connect-MessageWebSocket $address -TrustedRoot $root -IgnoreCertificateError Expired }).FullyQualifiedErrorId |
                Should -BeLike 'CertificateCommonNameIsIncorrect,*'
        }

        It 'refuses to ignore a revoked certificate' {
            (Get-Failure {
                Connect-MessageWebSocket (Get-Address -Path 'echo' -Secure) -IgnoreCertificateError Revoked
            }).FullyQualifiedErrorId |
                Should -BeLike 'CannotConvertArgumentNoMessage,*'
        }

        It 'demands a pinned certificate' {
            $address = Get-Address -Path 'echo' -Secure
            $certificate = (Connect-MessageWebSocket $address -TrustedRoot $root).Information.ServerCertificate
            $pin = $certificate.GetCertHashString('SHA256')
            (Connect-MessageWebSocket $address -TrustedRoot $root -PinnedCertificateSha256 ('00' * 32), $pin).State | Should -Be 'Open'
            (Get-Failure {
                Connect-MessageWebSocket $address -TrustedRoot $root -PinnedCertificateSha256 ('00' * 32)
            }).FullyQualifiedErrorId |
                Should -BeLike 'CertificateIsInvalid,*'
            (Get-Failure { Connect-MessageWebSocket $address -TrustedRoot $root -PinnedCertificateSha256 'abc' }).FullyQualifiedErrorId |
                Should -BeLike 'InvalidSetting,*'
        }

        It 'asks -CertificateValidation, in the runspace of the caller' {
            $seen = @{}
            $socket = Connect-MessageWebSocket (Get-Address -Path 'echo' -Secure) -TrustedRoot $root -CertificateValidation {
                param($Certificate, $Chain, $Errors)
                $seen.Subject = $Certificate.Subject
                $seen.Chain = $Chain.Count
                $seen.Errors = @($Errors).Count
                $seen.Same = $_.ServerCertificate.Thumbprint -eq $Certificate.Thumbprint
                $true
            }
            $socket.State | Should -Be 'Open'
            $seen.Subject | Should -Be 'CN=localhost'
            $seen.Chain | Should -BeGreaterThan 0
            $seen.Errors | Should -Be 0
            $seen.Same | Should -BeTrue
        }

        It 'connects when -CertificateValidation says nothing' {
            (Connect-MessageWebSocket (Get-Address -Path 'echo' -Secure) -TrustedRoot $root -CertificateValidation { }).State |
                Should -Be 'Open'
        }

        It 'says that -CertificateValidation closed the socket, by <Way>' -TestCases @(
            @{ Way = 'Close'; Close = { $created.Close() } }
            @{ Way = 'Close-MessageWebSocket'; Close = { Close-MessageWebSocket $created } }
        ) {
            $created = New-MessageWebSocket
            $failure = Get-Failure {
                Connect-MessageWebSocket (Get-Address -Path 'echo' -Secure) -Socket $created -TrustedRoot $root -CertificateValidation {
                    . $Close
                    $true
                }
            }
            $failure.FullyQualifiedErrorId | Should -BeLike 'ConnectionClosed,*'
            $created.State | Should -Be 'Closed'
        }

        It 'rejects when -CertificateValidation <Does>' -TestCases @(
            @{ Does = 'says $false'; Script = { $false } }
            @{ Does = 'throws'; Script = { throw 'not that one' } }
            @{ Does = 'says both'; Script = { $true; $false } }
            @{ Does = 'says $false in a list'; Script = { , @($true, $false) } }
            @{ Does = 'says $false as a switch'; Script = { [switch] $false } }
            @{ Does = 'reports an error'; Script = { Write-Error 'not that one' -ErrorAction Continue; $true } }
            @{ Does = 'reports an error that the session silences'; Script = { Get-Item './no such file'; $true } }
            @{ Does = 'leaves by break'; Script = { break } }
            @{ Does = 'leaves by exit'; Script = { exit 3 } }
        ) {
            if ($Does -like '*silences') {
                $ErrorActionPreference = 'SilentlyContinue'
            }

            $address = Get-Address -Path 'echo' -Secure
            $failure = try {
                Connect-MessageWebSocket $address -TrustedRoot $root -CertificateValidation $Script -ErrorAction SilentlyContinue `
                    -ErrorVariable problems
                $problems[-1]
            } catch {
                $_
            }
            $failure.FullyQualifiedErrorId | Should -BeLike 'CertificateIsInvalid,*'
            if ($Does -in 'throws', 'reports an error') {
                $failure.ErrorDetails.RecommendedAction | Should -BeLike '*not that one*'
            } elseif ($Does -like 'leaves*') {
                $failure.ErrorDetails.RecommendedAction | Should -BeLike '*ends with exit, or with break*Use return.'
            }
        }

        It 'restricts the TLS version with -SslProtocol' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'echo' -Secure) -TrustedRoot $root -SslProtocol Tls12
            $socket.Information.TlsProtocol | Should -Be 'Tls12'
            $failure = Get-Failure { Connect-MessageWebSocket (Get-Address -Path 'echo' -Secure) -SslProtocol Tls11 }
            $failure.FullyQualifiedErrorId | Should -BeLike 'CannotConvertArgument*'
            "$failure" | Should -BeLike '*Default, Tls12, Tls13*'
        }

        It 'presents a client -Certificate' {
            $certificate = [System.Security.Cryptography.X509Certificates.X509Certificate2]::CreateFromPem(
                $server.clientCertificatePem, $server.clientKeyPem)
            $socket = Connect-MessageWebSocket $server.faults.'client-certificate-missing' -TrustedRoot $root -Certificate $certificate
            $socket.State | Should -Be 'Open'
        }

        It 'refuses a -Certificate without its key' {
            (Get-Failure { Connect-MessageWebSocket (Get-Address -Path 'echo' -Secure) -Certificate $root }).FullyQualifiedErrorId |
                Should -BeLike 'InvalidSetting,*'
        }

        It 'presents the client certificate of a -CertificateThumbprint' {
            $made = [System.Security.Cryptography.X509Certificates.X509Certificate2]::CreateFromPem(
                $server.clientCertificatePem, $server.clientKeyPem)
            # A store keeps no key that is in memory only.
            $pfx = $made.Export([System.Security.Cryptography.X509Certificates.X509ContentType]::Pfx)
            $certificate = [System.Security.Cryptography.X509Certificates.X509CertificateLoader]::LoadPkcs12(
                $pfx, $null, 'UserKeySet, PersistKeySet')
            $store = [System.Security.Cryptography.X509Certificates.X509Store]::new('My', 'CurrentUser', 'ReadWrite')
            $store.Add($certificate)
            try {
                $parameters = @{ Uri = $server.faults.'client-certificate-missing'; TrustedRoot = $root }
                Connect-MessageWebSocket @parameters -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
                $socket = Connect-MessageWebSocket @parameters -CertificateThumbprint $certificate.Thumbprint.ToLowerInvariant()
                $socket.State | Should -Be 'Open'
                $socket.Control.ClientCertificate.Thumbprint | Should -Be $made.Thumbprint
            } finally {
                $store.Remove($certificate)
                $store.Dispose()
            }
        }

        It 'looks -CertificateThumbprint up' {
            (Get-Failure {
                Connect-MessageWebSocket (Get-Address -Path 'echo' -Secure) -CertificateThumbprint ('AB' * 20)
            }).FullyQualifiedErrorId |
                Should -BeLike 'CertificateNotFound,*'
            (Get-Failure {
                Connect-MessageWebSocket (Get-Address -Path 'echo' -Secure) -CertificateThumbprint 'AB' -Certificate $root
            }).FullyQualifiedErrorId |
                Should -BeLike 'ParameterConflict,*'
        }
    }

    Context 'the way to the server' {
        It 'goes through a -Proxy' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'echo') -Proxy $server.proxy
            $socket.Information.RemotePort | Should -Be ([uri] $server.proxy).Port
            Invoke-WsRequest 'through' -Socket $socket | Should -Be 'through'
        }

        It 'reports a -Proxy that is not there, and one that is none' {
            (Get-Failure { Connect-MessageWebSocket (Get-Address -Path 'echo') -Proxy 'http://127.0.0.1:1' }).FullyQualifiedErrorId |
                Should -BeLike 'CannotConnect,*'
            (Get-Failure { Connect-MessageWebSocket (Get-Address -Path 'echo') -Proxy 'ftp://127.0.0.1:1' }).FullyQualifiedErrorId |
                Should -BeLike 'InvalidSetting,*'
            (Get-Failure { Connect-MessageWebSocket "$(Get-Address -Path 'echo')" -Proxy 'ftp://127.0.0.1:1' }).TargetObject |
                Should -Be (Get-Address -Path 'echo')
        }

        It 'keeps a -ProxyCredential for the proxy' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'echo') -Proxy $server.proxy -ProxyCredential $credential
            $socket.Control.ProxyCredential.GetCredential($server.proxy, 'Basic').UserName | Should -Be 'user'
        }

        It 'uses no proxy with -NoProxy' {
            (Connect-MessageWebSocket (Get-Address -Path 'echo') -NoProxy).Control.UseProxy | Should -BeFalse
        }

        It 'refuses -NoProxy with <With>' -TestCases @(@{ With = 'Proxy' }, @{ With = 'ProxyCredential' }) {
            $given = @{ $With = $With -eq 'Proxy' ? $server.proxy : $credential }
            (Get-Failure { Connect-MessageWebSocket (Get-Address -Path 'echo') -NoProxy @given }).FullyQualifiedErrorId |
                Should -BeLike 'ParameterConflict,*'
        }

        It 'connects to a -UnixSocket' -Skip:$IsWindows {
            $socket = Connect-MessageWebSocket 'ws://localhost/echo' -UnixSocket $unixSocket
            Invoke-WsRequest 'local' -Socket $socket | Should -Be 'local'
        }

        It 'reports a -UnixSocket that is not there' {
            (Get-Failure { Connect-MessageWebSocket 'ws://localhost/echo' -UnixSocket "$unixSocket.none" }).FullyQualifiedErrorId |
                Should -BeLike 'CannotConnect,*'
        }

        It 'follows redirects as -MaximumRedirection allows' {
            (Get-Failure { Connect-MessageWebSocket (Get-Address -Path 'redirect?to=/echo') }).FullyQualifiedErrorId |
                Should -BeLike 'Found,*'
            (Connect-MessageWebSocket (Get-Address -Path 'redirect?to=/echo') -MaximumRedirection 1).State | Should -Be 'Open'
            $streams = Get-Streams { Connect-MessageWebSocket (Get-Address -Path 'redirect?to=/echo') -MaximumRedirection 1 -Verbose }
            $streams.Verbose.Message | Should -Contain "Redirected to $(Get-Address -Path 'echo')."
            $streams.Output[0].Information.ResponseUri | Should -Be (Get-Address -Path 'echo')
            (Get-Streams { Connect-MessageWebSocket (Get-Address -Path 'echo') -Verbose }).Verbose.Message -like 'Redirected*' |
                Should -BeNullOrEmpty
            { Connect-MessageWebSocket (Get-Address -Path 'echo') -MaximumRedirection -1 } |
                Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        }
    }

    Context 'limits and modes' {
        It 'takes 64 MiB as the largest message unless told otherwise' {
            (Connect-MessageWebSocket (Get-Address -Path 'echo')).Control.MaxMessageSize | Should -Be 64MB
        }

        It 'ends a connection that exceeds -MaxMessageSize' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'flood?count=1&size=2000') -MaxMessageSize 1000
            $failure = Get-Failure { Receive-WsMessage -Socket $socket }
            $failure.FullyQualifiedErrorId | Should -BeLike 'UnexpectedServerError,*'
            "$failure" | Should -BeLike '*2000 bytes and -MaxMessageSize is 1000.'
            $failure.ErrorDetails.RecommendedAction | Should -Be 'Raise -MaxMessageSize to receive it.'
        }

        It 'notices a dead peer by -KeepAliveIntervalSeconds and -KeepAliveTimeoutSeconds' {
            $socket = Connect-MessageWebSocket $server.faults.'never-answers-pings' -KeepAliveIntervalSeconds 1 -KeepAliveTimeoutSeconds 1
            (Get-Failure { Receive-WsMessage -Socket $socket -Follow }).FullyQualifiedErrorId | Should -BeLike 'Timeout,*'
        }

        It 'hands out chunks with -ReceiveMode PartialMessage' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'fragments?sizes=1,2,3') -ReceiveMode PartialMessage
            $text = ''
            do {
                $chunk = Receive-WsMessage -Socket $socket
                $text += $chunk.Text
            } until ($chunk.IsMessageComplete)
            $text | Should -BeExactly 'abbccc'
        }

        It 'agrees on -Compression' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'echo/deflate') -Compression
            $socket.Information.Compression | Should -Not -BeNullOrEmpty
            Invoke-WsRequest ('x' * 1000) -Socket $socket | Should -Be ('x' * 1000)
            $socket.Information.BytesSent | Should -BeLessThan 500
        }

        It 'drops the oldest messages with -InboxFullMode DropOldest at -InboxLimit' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'flood?count=1000&size=1000') -InboxLimit 10000 -InboxFullMode DropOldest
            while ($socket.Received -lt 1000) {
                $null = $socket.PingAsync().GetAwaiter().GetResult()
            }
            $socket.Information.MessagesDropped | Should -BeGreaterThan 900
            (Receive-WsMessage -Socket $socket -All)[-1].Text | Should -BeLike '0000000999*'
        }

        It 'brings -MessageType and -SendBufferSize to the Control' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'echo') -MessageType Utf8 -SendBufferSize 32768
            $socket.Control.MessageType | Should -Be 'Utf8'
            $socket.Control.OutboundBufferSizeInBytes | Should -Be 32768
        }

        It 'refuses -<Parameter> <Value>' -TestCases @(
            @{ Parameter = 'ConnectionTimeoutSeconds'; Value = -1 }
            @{ Parameter = 'KeepAliveIntervalSeconds'; Value = -1 }
            @{ Parameter = 'KeepAliveTimeoutSeconds'; Value = 3000000 }
            @{ Parameter = 'MaxMessageSize'; Value = 0 }
            @{ Parameter = 'SendBufferSize'; Value = 0 }
            @{ Parameter = 'InboxLimit'; Value = 0 }
            @{ Parameter = 'MaximumRetryCount'; Value = -1 }
            @{ Parameter = 'RetryIntervalSec'; Value = 0 }
            @{ Parameter = 'InboxFullMode'; Value = 'Explode' }
            @{ Parameter = 'ReceiveMode'; Value = 'Sometimes' }
            @{ Parameter = 'MessageType'; Value = 'Text' }
            @{ Parameter = 'Authentication'; Value = 'Digest5' }
            @{ Parameter = 'IgnoreCertificateError'; Value = 'Everything' }
            @{ Parameter = 'SessionVariable'; Value = '' }
            @{ Parameter = 'UnixSocket'; Value = '' }
            @{ Parameter = 'CertificateValidation'; Value = $null }
            @{ Parameter = 'Compression'; Value = 'lots' }
        ) {
            $given = @{ $Parameter = $Value }
            { Connect-MessageWebSocket (Get-Address -Path 'echo') @given } |
                Should -Throw -ErrorId '*Argument*,MessageWebSockets.PowerShell.ConnectMessageWebSocketCommand'
        }
    }

    Context 'one bad item of many' {
        It 'that is <What> is an error of its own, and the others are connected' -TestCases @(
            @{ What = 'no address'; Id = 'InvalidUri'; Bad = @{ Uri = 'ws://127.0.0.1:99999/x' } }
            @{ What = 'a broken address'; Id = 'InvalidUri'; Bad = @{ Uri = 'ws://[::1' } }
            @{ What = 'an empty address'; Id = 'InvalidUri'; Bad = @{ Uri = '' } }
            @{ What = 'a header outside ASCII'; Id = 'InvalidHeader'; Bad = @{ Uri = 'ws://127.0.0.1:1/'; Headers = @{ 'X-V' = 'é' } } }
            @{
                What = 'a header of the handshake'; Id = 'InvalidHeader'
                Bad = @{ Uri = 'ws://127.0.0.1:1/'; Headers = @{ 'Upgrade' = 'x' } }
            }
            @{ What = 'an origin with a line break'; Id = 'InvalidHeader'; Bad = @{ Uri = 'ws://127.0.0.1:1/'; Origin = "a`nb" } }
            @{ What = 'a subprotocol with a space'; Id = 'InvalidSetting'; Bad = @{ Uri = 'ws://127.0.0.1:1/'; SubProtocol = 'a b' } }
        ) {
            $good = @{ Uri = Get-Address -Path 'echo' }
            $sockets = [pscustomobject] $Bad, [pscustomobject] $good |
                Connect-MessageWebSocket -ErrorVariable problem -ErrorAction SilentlyContinue
            $sockets.State | Should -Be 'Open'
            $problem | Should -HaveCount 1
            $problem[0].FullyQualifiedErrorId | Should -BeExactly "$Id,MessageWebSockets.PowerShell.ConnectMessageWebSocketCommand"
        }

        It 'is non-terminating as a parameter as well' {
            $null = Connect-MessageWebSocket 'ws://127.0.0.1:99999/x' -ErrorVariable problem -ErrorAction SilentlyContinue
            $problem[0].FullyQualifiedErrorId | Should -BeLike 'InvalidUri,*'
            "$($problem[0])" | Should -BeLike '*port 99999*65535*'
        }
    }

    Context 'the user name of -Credential' {
        BeforeAll {
            $realm = [pscredential]::new('root@pam', (ConvertTo-SecureString -String 'pw' -AsPlainText -Force))
        }

        It 'goes out with Basic as it is' {
            $seen = Get-SeenHeader @{ Authentication = 'Basic'; Credential = $realm; AllowUnencryptedAuthentication = $true }
            [System.Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($seen.Authorization.Substring(6))) |
                Should -BeExactly 'root@pam:pw'
        }

        It 'answers a challenge as it is, and is a name and a domain for Windows authentication' {
            $asked = (New-MessageWebSocket -Credential $realm).Control.ServerCredential
            foreach ($scheme in 'Basic', 'Digest') {
                $asked.GetCredential('https://host.example', $scheme).UserName | Should -BeExactly 'root@pam'
                $asked.GetCredential('https://host.example', $scheme).Domain | Should -BeNullOrEmpty
            }
            $asked.GetCredential('https://host.example', 'NTLM').UserName | Should -BeExactly 'root'
            (New-MessageWebSocket -Proxy http://127.0.0.1:1 -ProxyCredential $realm).Control.ProxyCredential.GetCredential(
                'http://h', 'Basic').UserName | Should -BeExactly 'root@pam'
        }

        It 'with a colon is refused for Basic (RFC 7617), and nothing is sent' {
            $colon = [pscredential]::new('a:b', (ConvertTo-SecureString -String 'pw' -AsPlainText -Force))
            $failure = Get-Failure { Connect-MessageWebSocket (Get-Address -Path 'echo' -Secure) -Credential $colon -Authentication Basic }
            $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidSetting,*'
            "$failure" | Should -BeLike '*colon*RFC 7617*'
            (New-MessageWebSocket -Credential $colon).Control.ServerCredential.GetCredential('https://host.example', 'Basic') |
                Should -BeNullOrEmpty
        }
    }

    Context 'certificate files' {
        BeforeAll {
            $folder = Join-Path -Path $TestDrive -ChildPath 'certificates'
            $null = New-Item -ItemType Directory -Path $folder
            # A bundle: the second is the one.
            $other = [System.Security.Cryptography.X509Certificates.CertificateRequest]::new(
                'CN=other', [System.Security.Cryptography.RSA]::Create(2048), 'SHA256',
                [System.Security.Cryptography.RSASignaturePadding]::Pkcs1
            ).CreateSelfSigned([datetimeoffset]::Now.AddDays(-1), [datetimeoffset]::Now.AddDays(1))
            Set-Content -LiteralPath "$folder/ca.pem" -Value ($other.ExportCertificatePem() + "`n" + $server.caCertificatePem)
            [System.IO.File]::WriteAllBytes("$folder/ca.der", $root.RawData)
            [System.IO.File]::WriteAllBytes("$folder/client.pfx", $other.Export('Pfx'))
            $pbe = [System.Security.Cryptography.PbeParameters]::new('Aes256Cbc', 'SHA256', 1000)
            Set-Content -LiteralPath "$folder/client.crt" -Value $other.ExportCertificatePem()
            Set-Content -LiteralPath "$folder/client.key" -Value $other.PrivateKey.ExportPkcs8PrivateKeyPem()
            Set-Content -LiteralPath "$folder/locked.key" -Value $other.PrivateKey.ExportEncryptedPkcs8PrivateKeyPem('secret', $pbe)
            [System.IO.File]::WriteAllBytes("$folder/locked.pfx", $other.Export('Pfx', 'secret'))
            $pem = $other.ExportCertificatePem() + "`n" + $other.PrivateKey.ExportPkcs8PrivateKeyPem()
            Set-Content -LiteralPath "$folder/client.pem" -Value $pem
        }

        It 'of -TrustedRoot are found from PowerShell''s location: <Form>' -TestCases @(
            @{ Form = 'a bundle'; Given = { './ca.pem' } }
            @{ Form = 'DER'; Given = { 'ca.der' } }
            @{ Form = 'a file object'; Given = { Get-Item -LiteralPath ca.pem } }
            @{ Form = 'a path of a drive'; Given = { "TestDrive:$([System.IO.Path]::DirectorySeparatorChar)certificates/ca.pem" } }
            @{ Form = 'several kinds'; Given = { 'ca.pem', $other, (Get-Item -LiteralPath ca.der) } }
        ) {
            Push-Location -LiteralPath $folder
            try {
                (Connect-MessageWebSocket (Get-Address -Path 'echo' -Secure) -TrustedRoot (& $Given)).State | Should -Be 'Open'
            } finally {
                Pop-Location
            }
        }

        It 'of -Certificate are found so too: <File>' -TestCases @(@{ File = 'client.pfx' }, @{ File = 'client.pem' }) {
            Push-Location -LiteralPath $folder
            try {
                foreach ($given in $File, (Get-Item -LiteralPath $File)) {
                    $socket = New-MessageWebSocket -Certificate $given
                    $socket.Control.ClientCertificate.Thumbprint | Should -Be $other.Thumbprint
                    $socket.Control.ClientCertificate.HasPrivateKey | Should -BeTrue
                }
            } finally {
                Pop-Location
            }
        }

        It 'of -Certificate have their key in another file, or a password: <With>' -TestCases @(
            @{ With = 'the key in a file'; Given = @{ Certificate = 'client.crt'; CertificateKey = './client.key' } }
            @{ With = 'an encrypted key'; Given = @{
                Certificate = 'client.crt'; CertificateKey = 'locked.key'
                CertificatePassword = (ConvertTo-SecureString -String 'secret' -AsPlainText)
            } }
            @{
                With = 'PKCS#12 with a password'
                Given = @{ Certificate = 'locked.pfx'; CertificatePassword = (ConvertTo-SecureString -String 'secret' -AsPlainText) }
            }
        ) {
            Push-Location -LiteralPath $folder
            try {
                $socket = New-MessageWebSocket @Given
                $socket.Control.ClientCertificate.Thumbprint | Should -Be $other.Thumbprint
                $socket.Control.ClientCertificate.HasPrivateKey | Should -BeTrue
            } finally {
                Pop-Location
            }
        }

        It 'of -Certificate that cannot be read are said so: <With>' -TestCases @(
            @{ With = 'no key'; Given = @{ Certificate = 'client.crt' } }
            @{ With = 'the key of another'; Given = @{ Certificate = 'ca.der'; CertificateKey = 'client.key' } }
            @{ With = 'a key that is not there'; Given = @{ Certificate = 'client.crt'; CertificateKey = 'none.key' } }
            @{ With = 'no password'; Given = @{ Certificate = 'locked.pfx' } }
            @{ With = 'the wrong password'; Given = @{
                Certificate = 'client.crt'; CertificateKey = 'locked.key'
                CertificatePassword = (ConvertTo-SecureString -String 'wrong' -AsPlainText)
            } }
        ) {
            Push-Location -LiteralPath $folder
            try {
                $failure = Get-Failure { New-MessageWebSocket @Given }
                $failure.FullyQualifiedErrorId | Should -BeLike 'CertificateUnreadable,*'
                "$failure" | Should -BeLike "*$($Given.Certificate)*no certificate with a private key that can be read*"
                $failure.ErrorDetails.RecommendedAction | Should -BeLike '-CertificateKey*-CertificatePassword*'
            } finally {
                Pop-Location
            }
        }

        It 'are what a key and a password belong to' {
            (Get-Failure { New-MessageWebSocket -CertificateKey "$folder/client.key" }).FullyQualifiedErrorId |
                Should -BeLike 'InvalidSetting,*'
            (Get-Failure { New-MessageWebSocket -Certificate $other -CertificateKey "$folder/client.key" }).FullyQualifiedErrorId |
                Should -BeLike 'InvalidSetting,*'
        }

        It 'that are not there or no certificates are said so' {
            "$(Get-Failure { New-MessageWebSocket -TrustedRoot './nothing.pem' })" | Should -BeLike '*There is no file*nothing.pem*'
            Set-Content -LiteralPath "$folder/text.pem" -Value 'nothing'
            "$(Get-Failure { New-MessageWebSocket -TrustedRoot "$folder/text.pem" })" |
                Should -BeLike '*text.pem has no certificate that can be read*'
            "$(Get-Failure { New-MessageWebSocket -Certificate "$folder/ca.pem" })" | Should -BeLike '*no certificate with a private key*'
        }
    }

    Context '-SslProtocol' {
        It 'completes what it takes, in every cmdlet that has it, and takes what the library does' {
            $commands = (Get-Command -Module WebSocket).Where({ $_.Parameters.Keys -contains 'SslProtocol' }).Name
            $commands | Should -Contain 'Connect-MessageWebSocket'
            $commands | Should -Contain 'Measure-WsLoad'
            foreach ($command in $commands) {
                $line = "$command -SslProtocol "
                (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'Default', 'Tls12', 'Tls13'
                (TabExpansion2 "${line}Tls12, " "${line}Tls12, ".Length).CompletionMatches.CompletionText | Should -Contain 'Tls13'
            }

            $control = [MessageWebSockets.MessageWebSocket]::new().Control
            foreach ($value in [enum]::GetValues([System.Security.Authentication.SslProtocols])) {
                $control.SslProtocols = 'Tls13'
                try {
                    $control.SslProtocols = $value
                    (New-MessageWebSocket -SslProtocol $value).Control.SslProtocols | Should -Be $value
                } catch [System.Management.Automation.SetValueInvocationException] {
                    { New-MessageWebSocket -SslProtocol $value } | Should -Throw -ErrorId 'CannotConvertArgument*'
                }
            }

            (New-MessageWebSocket -SslProtocol Default).Control.SslProtocols | Should -Be 'None'
            (New-MessageWebSocket -SslProtocol Tls12, Tls13).Control.SslProtocols | Should -Be 'Tls12, Tls13'
        }
    }

    Context '-IgnoreCertificateError' {
        It 'completes what it takes, and takes what the library does' {
            $offered = (TabExpansion2 'Connect-MessageWebSocket wss://x -IgnoreCertificateError ').CompletionMatches.CompletionText
            $control = [MessageWebSockets.MessageWebSocket]::new().Control
            $takes = [enum]::GetValues([MessageWebSockets.ChainValidationResult]).Where({
                    try { $control.IgnorableServerCertificateErrors.Add($_); $true } catch { $false }
                })
            $offered | Sort-Object | Should -Be ($takes | Sort-Object { "$_" } | ForEach-Object { "$_" })
            (New-MessageWebSocket -IgnoreCertificateError $takes).Control.IgnorableServerCertificateErrors | Should -Be $takes
            (New-MessageWebSocket -SkipCertificateCheck).Control.IgnorableServerCertificateErrors | Sort-Object |
                Should -Be ($takes | Sort-Object)
        }
    }

    Context 'names' {
        It 'that hold wildcard characters are found and completed: <Name>' -TestCases @(
            @{ Name = '[::1]' }, @{ Name = '[a-c]' }, @{ Name = 'all*' }, @{ Name = 'what?' }, @{ Name = '[' }, @{ Name = 'a b' },
            @{ Name = "it's" }
        ) {
            $null = New-MessageWebSocket -Name 'allother'
            $socket = New-MessageWebSocket -Name $Name
            Get-MessageWebSocket -Name $Name | Should -Contain $socket
            foreach ($command in 'Get-MessageWebSocket -Name ', 'Close-MessageWebSocket -WhatIf -Socket ', 'Get-MessageWebSocket ') {
                foreach ($typed in '', $Name.Substring(0, 1)) {
                    $found = (TabExpansion2 ($command + $typed)).CompletionMatches | Where-Object ListItemText -EQ $Name
                    $found | Should -HaveCount 1 -Because "$command$typed"
                }
                if ($command -like 'Get*') {
                    Invoke-Expression ($command + $found.CompletionText) | Should -Be $socket
                } else {
                    { Invoke-Expression ($command + $found.CompletionText + ' -WarningAction Stop') } | Should -Not -Throw
                }
            }
        }
    }

    Context '-SessionVariable' {
        It 'keeps the socket in a variable of the caller' {
            $null = Connect-MessageWebSocket (Get-Address -Path 'echo') -SessionVariable kept
            $kept.State | Should -Be 'Open'
        }

        It 'refuses <Name>, which cannot be set, before it connects' -TestCases @(@{ Name = 'true' }, @{ Name = 'no-such-drive:x' }) {
            { Connect-MessageWebSocket (Get-Address -Path 'echo') -SessionVariable $Name } | Should -Throw
            Get-MessageWebSocket | Should -BeNullOrEmpty
        }
    }

    Context '-Socket' {
        It 'connects a socket of New-MessageWebSocket, from the pipeline too' {
            $prepared = New-MessageWebSocket -Name prepared
            $prepared | Connect-MessageWebSocket -Uri (Get-Address -Path 'echo') | Should -Be $prepared
            $prepared.State | Should -Be 'Open'
        }

        It 'takes its name' {
            $prepared = New-MessageWebSocket -Name prepared
            Connect-MessageWebSocket (Get-Address -Path 'echo') -Socket prepared | Should -Be $prepared
        }

        It 'refuses one that is connected' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
            (Get-Failure { Connect-MessageWebSocket (Get-Address -Path 'echo') -Socket $socket }).FullyQualifiedErrorId |
                Should -BeLike 'SocketAlreadyConnected,*'
        }

        It 'can be tried again with the same parameters' {
            $prepared = New-MessageWebSocket -TrustedRoot $root
            $parameters = @{
                Socket = $prepared; SubProtocol = 'v2'; IgnoreCertificateError = 'Expired'; CertificateValidation = { $true }
            }
            $null = Get-Failure { Connect-MessageWebSocket -Uri (Get-Address -Path 'status/503' -Secure) @parameters }
            $null = Connect-MessageWebSocket -Uri (Get-Address -Path 'subprotocol?supports=v2' -Secure) @parameters
            $prepared.Protocol | Should -Be 'v2'
        }

        It 'leaves its settings as they are, but for those that are given' {
            $prepared = New-MessageWebSocket -MaxMessageSize 1000 -KeepAliveTimeoutSeconds 7
            $null = Connect-MessageWebSocket (Get-Address -Path 'echo') -Socket $prepared -KeepAliveIntervalSeconds 9
            $prepared.Control.MaxMessageSize | Should -Be 1000
            $prepared.Control.KeepAliveTimeout.TotalSeconds | Should -Be 7
            $prepared.Control.DesiredUnsolicitedPongInterval.TotalSeconds | Should -Be 9
        }
    }

    Context 'reconnecting' {
        It 'goes on with a new connection when one is lost' {
            $reconnect = @{ AutoReconnect = $true; MaximumRetryCount = 3; RetryIntervalSec = 1 }
            $socket = Connect-MessageWebSocket $server.faults.'reset-after-messages' @reconnect -Name again
            $before = @(Receive-WsMessage -Socket $socket -All)
            $streams = Get-Streams { Receive-WsMessage -Socket $socket -Follow -Verbose | Select-Object -First 8 }
            $streams.Output | Should -HaveCount 8
            $streams.Warning[0] | Should -BeLike '*Lost the connection*'
            ($streams.Verbose -join "`n") | Should -BeLike '*Attempt 1 of 3*'
            (Get-MessageWebSocket).Name | Should -Be 'again'
            (Get-MessageWebSocket).Id | Should -BeGreaterThan $socket.Id
        }

        It 'does not reconnect without -AutoReconnect' {
            $socket = Connect-MessageWebSocket $server.faults.'reset-after-messages'
            $streams = Get-Streams { Receive-WsMessage -Socket $socket -Follow }
            $streams.Warning | Should -BeNullOrEmpty
            $streams.Error[0].FullyQualifiedErrorId | Should -BeLike 'ConnectionReset,*'
        }

        It 'does not reconnect after an orderly end' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'close?code=1000') -AutoReconnect
            (Get-Failure { Receive-WsMessage -Socket $socket }).FullyQualifiedErrorId | Should -BeLike 'ConnectionClosed,*'
        }

        It 'gives up after -MaximumRetryCount connections that were of no use' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'close?code=1012') -AutoReconnect -MaximumRetryCount 1
            $streams = Get-Streams { Receive-WsMessage -Socket $socket -Follow }

            # Each loss is told once, the last one by the error.
            $streams.Warning | Should -HaveCount 1
            $streams.Warning[0] | Should -BeLike '* Reconnecting.'
            $streams.Error | Should -HaveCount 1
            $streams.Error[0].FullyQualifiedErrorId | Should -BeLike 'ConnectionClosed,*'
            "$($streams.Error[0])" | Should -BeLike '* Given up after 1 attempt to reconnect, as many as -MaximumRetryCount allows.'
        }

        It 'sends on the new connection' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'close?code=1012') -AutoReconnect -MaximumRetryCount 1
            while ($socket.State -eq 'Open') {
                $null = [System.Threading.Thread]::Yield()
            }
            try {
                'late' | Send-WsMessage -Socket $socket -WarningVariable warning -WarningAction SilentlyContinue
            } catch {
                # The new connection is closed as well, perhaps before the message left.
                $_.FullyQualifiedErrorId | Should -BeLike 'ConnectionClosed,*'
            }
            $warning[0] | Should -BeLike '*Reconnecting*'
            (Get-MessageWebSocket).Id | Should -BeGreaterThan $socket.Id
        }

        It 'retries the first connect when -MaximumRetryCount is given' {
            $streams = Get-Streams {
                Connect-MessageWebSocket $server.faults.'refused-port' -MaximumRetryCount 1 -RetryIntervalSec 1 -Verbose
            }
            ($streams.Verbose -join "`n") | Should -BeLike '*Attempt 1 failed*Trying again*'
            $streams.Error | Should -HaveCount 1
        }

        It 'does not retry what cannot get better' {
            $streams = Get-Streams { Connect-MessageWebSocket $server.faults.'status-404' -MaximumRetryCount 5 -Verbose }
            ($streams.Verbose -join "`n") | Should -Not -BeLike '*Trying again*'
        }
    }

    Context 'streams' {
        It 'tells timings, protocol and certificate with -Verbose' {
            $said =
                (Get-Streams { Connect-MessageWebSocket (Get-Address -Path 'echo' -Secure) -TrustedRoot $root -Verbose }).Verbose -join "`n"
            $said | Should -Match 'TCP [\d.]+ ms, TLS [\d.]+ ms, upgrade [\d.]+ ms'
            $said | Should -Match 'Protocol: none\. Compression: none\.'
            $said | Should -Match 'TLS 1\.[23], CN=localhost, expires \d{4}-\d\d-\d\d \(\d+ days\)'
        }

        It 'is silent without -Verbose and -Debug' {
            $streams = Get-Streams { Connect-MessageWebSocket (Get-Address -Path 'echo') }
            $streams.Verbose.Count + $streams.Debug.Count + $streams.Warning.Count | Should -Be 0
        }

        It 'shows frames of later cmdlets with -Debug, without their payload' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
            $said = (Get-Streams { 'hidden' | Send-WsMessage -Socket $socket -Debug }).Debug -join "`n"
            $said | Should -BeLike '*sent text 6 B fin*'
            $said | Should -Not -BeLike '*hidden*'
            $said =
                (Get-Streams { Invoke-WsRequest 'secret' -Socket $socket -ReplyFilter { $_.Text -eq 'secret' } -Debug }).Debug -join "`n"
            $said | Should -BeLike '*received text 6 B fin*'
            $said | Should -Not -BeLike '*secret*'
            # What arrives before a cmdlet runs is not its affair.
            $pushing = Connect-MessageWebSocket (Get-Address -Path 'push?count=20&intervalMs=20')
            (Get-Streams { Receive-WsMessage -Socket $pushing -Count 20 -Debug }).Debug -join "`n" |
                Should -BeLike '*received text 2 B fin*'
        }
    }

    It 'ends at once when the pipeline is stopped' {
        $shell = [powershell]::Create().AddScript(
            'Import-Module $args[0]; Connect-MessageWebSocket $args[1] -ConnectionTimeoutSeconds 0 -Verbose').AddArgument(
                "$repository/WebSocket.psd1").AddArgument($server.faults.'says-nothing')
        $running = $shell.BeginInvoke()
        $clock = [System.Diagnostics.Stopwatch]::StartNew()
        while ($shell.Streams.Verbose.Count -eq 0 -and $clock.Elapsed -lt $patience) {
            $null = [System.Threading.Thread]::Yield()
        }
        $shell.Streams.Verbose[0] | Should -BeLike 'Connecting to*'
        $running.IsCompleted | Should -BeFalse
        $clock.Restart()
        $shell.Stop()
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 5
        $shell.Dispose()
    }
}
