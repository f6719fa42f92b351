#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# examples/Test-FleetFromHosts.ps1 through real SSH: two servers of sshd on loopback ports, with PowerShell as their subsystem. Keys and
# configuration are made for the test. One of the two hosts has a proxy set that nobody runs, so that it sees other than the first.
BeforeDiscovery {
    # Debian keeps servers where only root's path looks.
    $programs = Get-Command -Name 'sshd', '/usr/sbin/sshd' -CommandType Application -ErrorAction Ignore | Select-Object -First 1
    $client = Get-Command -Name 'ssh' -CommandType Application -ErrorAction Ignore | Select-Object -First 1
    $case = @{ Sshd = "$($programs.Source)"; Ssh = "$($client.Source)" }
}

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')

    # Starts sshd on a port that nobody has; it cannot be told to choose.
    function Start-Sshd {
        param([string] $Program, [string] $Folder, [string[]] $Extra)

        foreach ($attempt in 1..5) {
            $listener = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
            $listener.Start()
            $port = $listener.LocalEndpoint.Port
            $listener.Stop()
            $configuration = Join-Path -Path $Folder -ChildPath "sshd-$port.conf"
            Set-Content -LiteralPath $configuration -Value (@(
                    "ListenAddress 127.0.0.1:$port"
                    "HostKey $Folder/host"
                    "AuthorizedKeysFile $Folder/user.pub"
                    "Subsystem powershell $($pwsh.Program) $($pwsh.Arguments) -sshs"
                    'PasswordAuthentication no', 'KbdInteractiveAuthentication no', 'PermitRootLogin yes'
                    'PidFile none', 'StrictModes no', 'UsePAM no'
                ) + $Extra)
            $start = [System.Diagnostics.ProcessStartInfo]::new($Program, [string[]] ('-D', '-e', '-f', $configuration))
            $start.RedirectStandardError = $true
            $process = [System.Diagnostics.Process]::Start($start)
            $log = do {
                $line = $process.StandardError.ReadLine()
                $line
            } until ($null -eq $line -or $line -like 'Server listening on*')
            if ($line) {
                $null = $process.StandardError.ReadToEndAsync()
                return [pscustomobject] @{ Process = $process; Port = $port }
            }

            $process.WaitForExit()
            $process.Dispose()
        }

        throw "sshd did not start: $log"
    }
}

Describe 'Test-FleetFromHosts.ps1, from two hosts over SSH' -ForEach @($case) {
    BeforeAll {
        $isMissing = -not $Sshd -or -not $Ssh -or $IsWindows
        if ($isMissing) {
            return
        }

        # sshd wants this folder where root starts it, and the script of its service makes it.
        $separation = '/run/sshd'
        $madeSeparation = [Environment]::UserName -eq 'root' -and -not (Test-Path -LiteralPath $separation)
        if ($madeSeparation) {
            $null = New-Item -ItemType Directory -Path $separation
        }

        $pwsh = & (Join-Path -Path $repository -ChildPath 'tools' -AdditionalChildPath 'Get-PowerShellCommand.ps1')
        $folder = Join-Path -Path $TestDrive -ChildPath 'ssh'
        $null = New-Item -ItemType Directory -Path $folder
        foreach ($key in 'host', 'user') {
            & ssh-keygen -q -t ed25519 -N '' -C $key -f "$folder/$key"
        }

        $hosts = @(
            Start-Sshd -Program $Sshd -Folder $folder
            Start-Sshd -Program $Sshd -Folder $folder -Extra 'SetEnv http_proxy=http://127.0.0.1:1/'
        )
        $hostKey = (Get-Content -LiteralPath "$folder/host.pub").Split(' ')[0..1] -join ' '
        Set-Content -LiteralPath "$folder/known_hosts" -Value $hosts.ForEach({ "[127.0.0.1]:$($_.Port) $hostKey" })
        Set-Content -LiteralPath "$folder/config" -Value @"
Host *
HostName 127.0.0.1
IdentityFile $folder/user
IdentitiesOnly yes
UserKnownHostsFile $folder/known_hosts
BatchMode yes
Host paris
Port $($hosts[0].Port)
Host tokyo
Port $($hosts[1].Port)
Host gone
Port 1
"@
        # What a user has in ~/.ssh/config: ssh does not look for that below HOME.
        $bin = New-Item -ItemType Directory -Path "$folder/bin"
        Set-Content -LiteralPath "$bin/ssh" -Value "#!/bin/sh`nexec '$Ssh' -F '$folder/config' `"`$@`""
        & chmod +x "$bin/ssh"

        $server = Start-TestServer
        $up, $down = (Get-Address -Path 'echo'), 'ws://127.0.0.1:1/'
        $example = Join-Path -Path $repository -ChildPath 'examples' -AdditionalChildPath 'Test-FleetFromHosts.ps1'

        # Runs the example, with the ssh above, in a PowerShell of its own, and gives what it emits and what it reports.
        function Invoke-FromHosts {
            param([string[]] $HostName)

            $script = {
                $example, $module, $hostName, $addresses = $args[0..1] + , $args[2].Split(',') + , $args[3].Split(',')
                $results = $addresses | & $example -HostName $hostName -Module $module -TimeoutSeconds 30 -ErrorVariable problems 2>$null
                @{ Results = @($results); Problems = @($problems | ForEach-Object { "$_" }) } | ConvertTo-Json -Depth 4 -Compress
            }
            $path = $env:PATH
            try {
                $env:PATH = "${bin}:$path"
                $given = $example, "$repository/WebSocket.psd1", ($HostName -join ','), "$up,$down"
                $said = $null | & $pwsh.Program @($pwsh.Arguments) -CommandWithArgs $script.ToString() @given
            } finally {
                $env:PATH = $path
            }

            $said | Select-Object -Last 1 | ConvertFrom-Json
        }
    }

    AfterAll {
        if (-not $isMissing) {
            Stop-LineServer -Server $server
            foreach ($started in $hosts) {
                $started.Process.Kill($true)
                $started.Process.WaitForExit()
                $started.Process.Dispose()
            }
            if ($madeSeparation) {
                Remove-Item -LiteralPath $separation
            }
        }
    }

    BeforeEach {
        if ($isMissing) {
            Set-ItResult -Skipped -Because 'ssh and sshd are not installed'
        }
    }

    It 'sees from one host what is up and what is down' {
        $seen = Invoke-FromHosts -HostName 'paris'
        $seen.Problems | Should -BeNullOrEmpty
        $seen.Results.Uri | Should -Be $up, $down
        $seen.Results.Verdict | Should -Be 'up', 'down'
        $seen.Results[0].SlowestMs | Should -BeGreaterThan 0
        $seen.Results[1].Failing | Should -Be 'paris: CannotConnect'
    }

    It 'tells what only some hosts reach, and which do not' {
        $seen = Invoke-FromHosts -HostName 'paris', 'tokyo'
        $seen.Problems | Should -BeNullOrEmpty
        $seen.Results.Verdict | Should -Be 'partly', 'down'
        $seen.Results[0].Reached | Should -Be 1
        $seen.Results[0].Hosts | Should -Be 2
        $seen.Results[0].Failing | Should -BeLike 'tokyo: *'
    }

    It 'reports a host that cannot be reached, and counts it nowhere' {
        $seen = Invoke-FromHosts -HostName 'paris', 'gone'
        $seen.Results.Hosts | Should -Be 1, 1
        $seen.Results.Verdict | Should -Be 'up', 'down'
        "$($seen.Problems)" | Should -BeLike '*gone*'
    }
}
