#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# examples/Invoke-ThroughTunnel.ps1 against what people have behind gateways, where it is installed.
BeforeDiscovery {
    # Debian keeps servers where only root's path looks.
    $installed = @{}
    foreach ($name in 'sshd', 'ssh', 'ssh-keygen', 'websockify', 'redis-server', 'redis-cli') {
        $installed[$name] =
            "$((Get-Command -Name $name, "/usr/sbin/$name" -CommandType Application -ErrorAction Ignore | Select-Object -First 1).Source)"
    }
    $hasSsh = $installed.sshd -and $installed.ssh -and $installed.'ssh-keygen' -and $installed.websockify -and -not $IsWindows
    $hasRedis = $installed.'redis-server' -and $installed.'redis-cli' -and $installed.websockify
}

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $runbook = Join-Path -Path $repository -ChildPath 'examples' -AdditionalChildPath 'Invoke-ThroughTunnel.ps1'

    # Starts a program that cannot choose its port, and waits until it listens.
    function Start-Listening {
        param([string] $Path, [scriptblock] $Arguments)

        foreach ($attempt in 1..5) {
            $probe = [System.Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0)
            $probe.Start()
            $port = $probe.LocalEndpoint.Port
            $probe.Stop()
            $start = [System.Diagnostics.ProcessStartInfo]::new($Path, [string[]] (& $Arguments $port))
            $start.RedirectStandardOutput = $true
            $start.RedirectStandardError = $true
            $process = [System.Diagnostics.Process]::Start($start)
            $null = $process.StandardOutput.ReadToEndAsync(), $process.StandardError.ReadToEndAsync()
            $script:processes += $process
            Wait-Until {
                $process.HasExited -or $(try {
                        [System.Net.Sockets.TcpClient]::new('127.0.0.1', $port).Dispose()
                        $true
                    } catch {
                        $false
                    })
            }
            if (-not $process.HasExited) {
                return $port
            }
        }

        throw "$Path did not start."
    }
}

AfterAll {
    Remove-Module -Name 'WebSocket'
}

Describe 'Invoke-ThroughTunnel.ps1' {
    BeforeEach { $script:processes = @() }

    AfterEach {
        foreach ($process in $processes) {
            if (-not $process.HasExited) {
                $process.Kill($true)
                $process.WaitForExit()
            }
            $process.Dispose()
        }
        Stop-WsTunnel
    }

    It 'runs commands over SSH behind websockify' -Skip:(-not $hasSsh) -TestCases @(@{ Installed = $installed }) {
        # sshd wants this folder where root starts it, and the script of its service makes it.
        if ([Environment]::UserName -eq 'root' -and -not (Test-Path -LiteralPath '/run/sshd')) {
            $null = New-Item -ItemType Directory -Path '/run/sshd'
        }
        $folder = Join-Path -Path $TestDrive -ChildPath 'ssh'
        $null = New-Item -ItemType Directory -Path $folder
        foreach ($key in 'host', 'user') {
            & $Installed.'ssh-keygen' -q -t ed25519 -N '' -C $key -f "$folder/$key"
        }
        $sshd = Start-Listening -Path $Installed.sshd -Arguments {
            param($port)
            Set-Content -LiteralPath "$folder/sshd.conf" -Value @(
                "ListenAddress 127.0.0.1:$port", "HostKey $folder/host", "AuthorizedKeysFile $folder/user.pub"
                'PasswordAuthentication no', 'KbdInteractiveAuthentication no', 'PermitRootLogin yes', 'PidFile none',
                'StrictModes no', 'UsePAM no'
            )
            '-D', '-e', '-f', "$folder/sshd.conf"
        }
        $gateway = Start-Listening -Path $Installed.websockify -Arguments { param($port) "127.0.0.1:$port", "127.0.0.1:$sshd" }
        $key = (Get-Content -LiteralPath "$folder/host.pub").Split(' ')[0..1] -join ' '
        Set-Content -LiteralPath "$folder/known_hosts" -Value "build $key"
        $options = @('-F', '/dev/null', '-i', "$folder/user", '-o', 'BatchMode=yes', '-o', 'HostKeyAlias=build',
            '-o', "UserKnownHostsFile=$folder/known_hosts")
        $user = [Environment]::UserName

        $said = & $runbook "ws://127.0.0.1:$gateway/" {
            param($tunnel)
            & $Installed.ssh @options -p $tunnel.LocalEndPoint.Port -l $user 127.0.0.1 'echo through && wc -c < /dev/null' 2>&1
        }
        $said -join ' ' | Should -BeLike 'through*0'
    }

    It 'talks to Redis behind websockify' -Skip:(-not $hasRedis) -TestCases @(@{ Installed = $installed }) {
        $redis = Start-Listening -Path $Installed.'redis-server' -Arguments {
            param($port) '--port', $port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', "$TestDrive"
        }
        $gateway = Start-Listening -Path $Installed.websockify -Arguments { param($port) "127.0.0.1:$port", "127.0.0.1:$redis" }
        $said = & $runbook "ws://127.0.0.1:$gateway/" -Option @{ SubProtocol = 'binary' } {
            param($tunnel)
            $cli = '-h', '127.0.0.1', '-p', $tunnel.LocalEndPoint.Port
            & $Installed.'redis-cli' @cli SET answer 42
            & $Installed.'redis-cli' @cli INCR answer
        }
        $said | Should -Be 'OK', '43'
    }

    It 'goes from tunnel to tunnel, and says why a connection failed' {
        $listener = [System.Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0)
        $listener.Start()
        try {
            $far = Start-WsTunnel -Target "127.0.0.1:$($listener.LocalEndpoint.Port)"
            $said = & $runbook $far.Uri {
                param($tunnel)
                $client = [System.Net.Sockets.TcpClient]::new('127.0.0.1', $tunnel.LocalEndPoint.Port)
                $client.GetStream().WriteByte(42)
                $client.Client.Shutdown('Send')
                $served = $listener.AcceptTcpClient()
                $served.GetStream().ReadByte()
                $served.GetStream().ReadByte()
                $served.Dispose()
                # Its end is delivered before the tunnel stops.
                $client.Client.Receive([byte[]]::new(1))
                $client.Dispose()
            }
            $said | Should -Be 42, -1, 0
        } finally {
            $listener.Stop()
        }

        $failed = & $runbook $far.Uri -ErrorVariable reasons -ErrorAction SilentlyContinue {
            param($tunnel)
            try {
                $client = [System.Net.Sockets.TcpClient]::new('127.0.0.1', $tunnel.LocalEndPoint.Port)
                $client.GetStream().ReadByte()
            } catch {
                'reset'
            }
            Wait-Until { $tunnel.ConnectionsFailed }
        } 2>&1
        $failed[0] | Should -Be 'reset'
        "$($failed[-1])" | Should -BeLike '*502*'
    }
}
