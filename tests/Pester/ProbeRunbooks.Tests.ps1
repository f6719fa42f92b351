#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# The runbooks of examples/ that probe, run as a job of CI or cron runs them.

BeforeDiscovery {
    # Debian keeps servers where only root's path looks.
    $nginx = Get-Command -Name 'nginx', '/usr/sbin/nginx' -CommandType Application -ErrorAction Ignore | Select-Object -First 1
}

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer -ArgumentList '--raw', '--tls'
    $examples = Join-Path -Path $repository -ChildPath 'examples'
    $authority = Join-Path -Path $TestDrive -ChildPath 'ca.pem'
    Set-Content -LiteralPath $authority -Value $server.caCertificatePem
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket'
}

Describe 'Test-Fleet.ps1' {
    BeforeAll {
        $fleet = Join-Path -Path $TestDrive -ChildPath 'fleet.csv'
        $report = Join-Path -Path $TestDrive -ChildPath 'probe.html'
        $found = Join-Path -Path $TestDrive -ChildPath 'results.csv'

        function Invoke-TestFleet {
            param([string[]] $Uri, [hashtable] $Parameters = @{})

            $Uri | ForEach-Object { [pscustomobject] @{ Name = 'x'; Uri = $_; SubProtocol = '' } } | Export-Csv -LiteralPath $fleet
            Remove-Item -LiteralPath $report, $found -ErrorAction Ignore
            $global:LASTEXITCODE = $null
            & "$examples/Test-Fleet.ps1" -Path $fleet -ReportPath $report -ResultPath $found -TrustedRootPath $authority @Parameters
        }
    }

    It 'writes report and results, lists what does not work, and fails' {
        $output = Invoke-TestFleet -Uri (Get-Address -Path 'echo'), (Get-Address -Path 'echo' -Secure), (Get-Address -Path 'status/503')
        $LASTEXITCODE | Should -Be 1
        $output[0] | Should -BeLike '2 of 3 endpoints work, 0 have*'
        $output[1].Status | Should -Be 'ServiceUnavailable'
        Get-Content -LiteralPath $report -Raw | Should -BeLike '*<h1>Endpoints of fleet.csv</h1>*2 of 3 work*'
        (Import-Csv -LiteralPath $found).Status | Sort-Object | Should -Be 'Ok', 'Ok', 'ServiceUnavailable'
    }

    It 'succeeds when every endpoint works' {
        $null = Invoke-TestFleet -Uri (Get-Address -Path 'echo'), (Get-Address -Path 'silent')
        $LASTEXITCODE | Should -Be 0
    }

    It 'warns of certificates that expire' {
        $output = Invoke-TestFleet -Uri (Get-Address -Path 'echo' -Secure) -Parameters @{ MinimumDays = 1000 }
        $LASTEXITCODE | Should -Be 2
        $output[0] | Should -BeLike '1 of 1 endpoints work, 1 have a certificate that expires within 1000 days.'
    }
}

Describe 'Watch-Certificate.ps1' {
    It 'tells the certificates, the first to expire first, though they are refused' {
        $output = @($server.faults.'certificate-expired', (Get-Address -Path 'echo' -Secure), (Get-Address -Path 'silent' -Secure) |
            & "$examples/Watch-Certificate.ps1")
        $LASTEXITCODE | Should -Be 2
        $output.State | Should -Be 'Critical', 'Ok'
        $output[0].DaysLeft | Should -BeLessThan 0
        $output[1].Subject | Should -Be 'CN=localhost'
        $output[1].Endpoints | Should -HaveCount 2
    }

    It 'has an exit code for each state: <Code>' -TestCases @(
        @{ Code = 0; Days = @(30, 7) }
        @{ Code = 1; Days = @(1000, 7) }
        @{ Code = 2; Days = @(2000, 1000) }
    ) {
        $null = & "$examples/Watch-Certificate.ps1" -Uri (Get-Address -Path 'echo' -Secure) -WarningDays $Days[0] -CriticalDays $Days[1]
        $LASTEXITCODE | Should -Be $Code
    }

    It 'says where there is no certificate, and why' {
        $output = @($server.faults.'refused-port'.Replace('ws:', 'wss:') | & "$examples/Watch-Certificate.ps1")
        $LASTEXITCODE | Should -Be 3
        $output[0].State | Should -Be 'Unknown'
        $output[0].Subject | Should -BeLike '*refused*'
    }
}

Describe 'Compare-Latency.ps1' -ForEach @(@{ Program = "$($nginx.Source)" }) {
    BeforeAll {
        $process = $null
        if (-not $Program) {
            return
        }

        $folder = Join-Path -Path $TestDrive -ChildPath 'nginx'
        $null = New-Item -Path $folder -ItemType Directory
        # Another program may take the port between our look and nginx's.
        foreach ($attempt in 1..5) {
            $listener = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
            $listener.Start()
            $port = $listener.LocalEndpoint.Port
            $listener.Stop()
            Set-Content -LiteralPath "$folder/nginx.conf" -Value @"
daemon off;
master_process off;
pid $folder/nginx.pid;
error_log stderr error;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path $folder/body;
    proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi;
    scgi_temp_path $folder/scgi;
    server {
        listen 127.0.0.1:$port;
        location / {
            proxy_pass http://$(([uri] $server.ws).Authority);
            proxy_http_version 1.1;
            proxy_set_header Upgrade `$http_upgrade;
            proxy_set_header Connection "upgrade";
        }
    }
}
"@
            $start = [System.Diagnostics.ProcessStartInfo]::new($Program, [string[]] ('-p', $folder, '-c', "$folder/nginx.conf"))
            $start.RedirectStandardError = $true
            $process = [System.Diagnostics.Process]::Start($start)
            $null = $process.StandardError.ReadToEndAsync()
            $clock = [System.Diagnostics.Stopwatch]::StartNew()
            # nginx does not say when it listens.
            do {
                $isUp = Test-WsEndpoint "ws://127.0.0.1:$port/echo" -Quiet
            } until ($isUp -or $process.HasExited -or $clock.Elapsed -gt $patience)
            if ($isUp) {
                break
            }
        }
    }

    AfterAll {
        if ($process) {
            if (-not $process.HasExited) {
                $process.Kill($true)
            }
            $process.WaitForExit()
            $process.Dispose()
        }
    }

    It 'measures directly and through nginx, by <Way>' -TestCases @(@{ Way = 'pings'; Echo = $false }, @{ Way = 'echoes'; Echo = $true }) {
        if (-not $Program) {
            Set-ItResult -Skipped -Because 'nginx is not installed'
            return
        }

        $ways = @{ Direct = Get-Address -Path 'echo'; Proxied = "ws://127.0.0.1:$port/echo" }
        $result = & "$examples/Compare-Latency.ps1" @ways -Rounds 3 -Count 5 -Echo:$Echo
        $result.DirectMs | Should -BeGreaterThan 0
        $result.ProxiedMs | Should -BeGreaterThan 0
        [math]::Abs($result.AddedMs - ($result.ProxiedMs - $result.DirectMs)) | Should -BeLessThan 0.002
        $result.Lost | Should -Be 0
        $result.Rounds | Should -Be 3
        Get-MessageWebSocket | Where-Object State -EQ 'Open' | Should -BeNullOrEmpty
    }

    It 'closes what it opened when the proxy is not there' {
        (Get-Failure {
            & "$examples/Compare-Latency.ps1" -Direct (Get-Address -Path 'echo') -Proxied $server.faults.'refused-port'
        }).FullyQualifiedErrorId |
            Should -BeLike 'CannotConnect,*'
        Get-MessageWebSocket | Where-Object State -EQ 'Open' | Should -BeNullOrEmpty
    }
}

Describe 'Test-ServerFleet.ps1' {
    BeforeAll {
        $fleet = Join-Path -Path $TestDrive -ChildPath 'servers.csv'
        $report = Join-Path -Path $TestDrive -ChildPath 'audit.html'
        $accepted = Join-Path -Path $TestDrive -ChildPath 'accepted.csv'
        $right = "$($server.raw)manners"
        $wrong = "$($server.raw)manners?mistake=$([uri]::EscapeDataString('takes frames without a mask'))"

        function Invoke-TestServerFleet {
            param([string[]] $Uri, [hashtable] $Parameters = @{})

            $Uri | ForEach-Object { [pscustomobject] @{ Name = 'x'; Uri = $_; SubProtocol = '' } } | Export-Csv -LiteralPath $fleet
            $global:LASTEXITCODE = $null
            & "$examples/Test-ServerFleet.ps1" -Path $fleet -ReportPath $report -TimeoutSeconds 30 @Parameters
        }
    }

    It 'writes the page, lists what is wrong, and fails' {
        $output = Invoke-TestServerFleet -Uri $right, $wrong, 'ws://127.0.0.1:1/'
        $LASTEXITCODE | Should -Be 1
        $output[0] | Should -Be '2 servers audited, 1 findings of severity medium or more, 1 in all, 1 servers not reached.'
        $output[1] | Should -BeLike 'not reached: *ws://127.0.0.1:1/*'
        $output[2].Check, $output[2].Uri | Should -Be 'frame-unmasked', $wrong
        Get-Content -LiteralPath $report -Raw | Should -BeLike '*<h1>Servers of servers.csv</h1>*frame-unmasked*'
    }

    It 'tells what matters less, and passes what was accepted' {
        $null = Invoke-TestServerFleet -Uri $wrong -Parameters @{ Severity = 'high' }
        $LASTEXITCODE | Should -Be 2
        [pscustomobject] @{ Uri = $wrong; Check = 'frame-unmasked' } | Export-Csv -LiteralPath $accepted
        $output = Invoke-TestServerFleet -Uri $wrong -Parameters @{ AcceptedPath = $accepted }
        $LASTEXITCODE | Should -Be 0
        $output | Should -Be '1 servers audited, 0 findings of severity medium or more, 0 in all, 0 servers not reached.'
    }
}

Describe 'Find-ServerKnee.ps1' {
    It 'doubles the rate while the server bears it' {
        $given = @{ Connections = 2; RatePerConnection = 4; BoundMilliseconds = 60000; MaximumSteps = 2; DurationSeconds = 0.3 }
        $steps = @(& "$examples/Find-ServerKnee.ps1" -Uri (Get-Address -Path 'echo') -Options @{ WarningAction = 'Ignore' } @given)
        $steps.Offered | Should -Be ($steps[0].IsGeneratorLimited ? @(8) : @(8, 16))
        $steps.IsBorne | ForEach-Object { $_ | Should -BeTrue }
    }

    It 'ends where the server is over the bound' {
        $stalled = Get-Address -Path 'stall?after=20&ms=1000'
        $given = @{ Connections = 1; RatePerConnection = 100; BoundMilliseconds = 100; DurationSeconds = 1 }
        $steps = @(& "$examples/Find-ServerKnee.ps1" -Uri $stalled -Options @{ WarningAction = 'Ignore' } @given)
        $steps.Count | Should -Be 1
        $steps.IsBorne | Should -BeFalse
        $steps.P99 | Should -BeGreaterThan 100
    }
}
