#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# The runbooks of examples/ for several hosts, through real SSH: two servers of sshd on loopback ports, with PowerShell as their subsystem.
# Keys and configuration are made for the test. One of the two hosts has a proxy set that nobody runs, so that it sees other than the first.
BeforeDiscovery {
    # Debian keeps servers where only root's path looks.
    $programs = Get-Command -Name 'sshd', '/usr/sbin/sshd' -CommandType Application -ErrorAction Ignore | Select-Object -First 1
    $client = Get-Command -Name 'ssh' -CommandType Application -ErrorAction Ignore | Select-Object -First 1
    $case = @{ Sshd = "$($programs.Source)"; Ssh = "$($client.Source)" }
}

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')

    # Adds up histograms of the format V2 of HdrHistogram: in a header of 8 bytes zlib, in that one of 40 and the counts, each a zigzag
    # LEB128, where a negative one is so many zeros. The result has the counts by index.
    function Get-SummedCount {
        param([string[]] $Histogram)

        $sum = [System.Collections.Generic.SortedDictionary[int, long]]::new()
        foreach ($text in $Histogram) {
            $packed = [System.IO.MemoryStream]::new([Convert]::FromBase64String($text))
            $packed.Position = 8
            $plain = [System.IO.MemoryStream]::new()
            [System.IO.Compression.ZLibStream]::new($packed, [System.IO.Compression.CompressionMode]::Decompress).CopyTo($plain)
            $plain.Position = 40
            $index = 0
            while ($plain.Position -lt $plain.Length) {
                $number, $shift = 0L, 0
                do {
                    $byte = $plain.ReadByte()
                    $number = $number -bor ([long] ($byte -band 0x7F) -shl $shift)
                    $shift += 7
                } while ($byte -band 0x80)
                $count = $number -band 1 ? -(($number + 1) -shr 1) : $number -shr 1
                if ($count -lt 0) {
                    $index -= $count
                } else {
                    $sum[$index] += $count
                    $index++
                }
            }
        }
        , $sum
    }

    # The least and the largest microseconds that stand for a percentile: of three digits, 1,024 steps to each doubling.
    function Get-Percentile {
        param([System.Collections.Generic.SortedDictionary[int, long]] $Count, [double] $Part)

        $wanted = [Math]::Max(1, [Math]::Floor($Part * ($Count.Values | Measure-Object -Sum).Sum + 0.5))
        foreach ($entry in $Count.GetEnumerator()) {
            $wanted -= $entry.Value
            if ($wanted -le 0) {
                $doubling = [Math]::Max(0, ($entry.Key -shr 10) - 1)
                $step = $entry.Key -lt 1024 ? $entry.Key : ($entry.Key -band 1023) + 1024
                return ($step -shl $doubling), ((($step + 1) -shl $doubling) - 1)
            }
        }
    }

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

        # What PowerShell says of a host that is not there; without a name where its ssh ended before it was asked.
        $lostHost = 'gone|remote session might have ended'
        $server = Start-TestServer
        $up, $down = (Get-Address -Path 'echo'), 'ws://127.0.0.1:1/'
        $example = Join-Path -Path $repository -ChildPath 'examples' -AdditionalChildPath 'Test-FleetFromHosts.ps1'

        # Runs a script, with the ssh above, in a PowerShell of its own, and gives what it says in JSON.
        function Invoke-WithSsh {
            param([scriptblock] $Script, [string[]] $ArgumentList)

            $path = $env:PATH
            try {
                $env:PATH = "${bin}:$path"
                $said = $null | & $pwsh.Program @($pwsh.Arguments) -CommandWithArgs $Script.ToString() @ArgumentList
            } finally {
                $env:PATH = $path
            }

            $said | Select-Object -Last 1 | ConvertFrom-Json
        }

        # What the example emits and what it reports.
        function Invoke-FromHosts {
            param([string[]] $HostName)

            $script = {
                $example, $module, $hostName, $addresses = $args[0..1] + , $args[2].Split(',') + , $args[3].Split(',')
                $results = $addresses | & $example -HostName $hostName -Module $module -TimeoutSeconds 30 -ErrorVariable problems 2>$null
                @{ Results = @($results); Problems = @($problems | ForEach-Object { "$_" }) } | ConvertTo-Json -Depth 4 -Compress
            }
            Invoke-WithSsh -Script $script -ArgumentList $example, "$repository/WebSocket.psd1", ($HostName -join ','), "$up,$down"
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
        "$($seen.Problems)" | Should -Match $lostHost
    }

    It 'adds up a load from two hosts, whose percentiles are those of the histograms put together' {
        $script = {
            $load = @{ Connections = 2; DurationSeconds = 0.3; NoProxy = $true; WarningAction = 'Ignore' }
            $given = @{ Uri = $args[1]; HostName = 'paris', 'tokyo', 'gone'; Load = $load; Module = $args[2]; PartPath = $args[3] }
            & $args[0] @given -ErrorVariable problems 2>$null |
                Select-Object -Property *, @{ Name = 'Problems'; Expression = { "$problems" } } | ConvertTo-Json -Depth 4 -Compress
        }
        $measure = Join-Path -Path $repository -ChildPath 'examples' -AdditionalChildPath 'Measure-LoadFromHosts.ps1'
        $sum = Invoke-WithSsh -Script $script -ArgumentList $measure, $up, "$repository/WebSocket.psd1", "$TestDrive/parts.json"
        $sum.Problems | Should -Match $lostHost
        $parts = Get-Content -LiteralPath "$TestDrive/parts.json" -Raw | ConvertFrom-Json
        $parts.Count | Should -Be 2
        $sum.Connections, $sum.Errors | Should -Be 4, 0
        $sum.RoundTrips | Should -Be ($parts.RoundTrips | Measure-Object -Sum).Sum
        $sum.Maximum | Should -Be ($parts.Maximum | Measure-Object -Maximum).Maximum
        $sum.P99 | Should -BeGreaterOrEqual ($parts.P99 | Measure-Object -Minimum).Minimum
        $sum.P99 | Should -BeLessOrEqual ($parts.P99 | Measure-Object -Maximum).Maximum

        # Decoded here, and not by the module.
        $counts = Get-SummedCount -Histogram $parts.Histogram
        foreach ($percentile in @{ P99 = 0.99; P999 = 0.999; Median = 0.5 }.GetEnumerator()) {
            $low, $high = Get-Percentile -Count $counts -Part $percentile.Value
            $sum.($percentile.Key) * 1000 | Should -BeGreaterOrEqual ($low - 0.001)
            $sum.($percentile.Key) * 1000 | Should -BeLessOrEqual ($high + 0.001)
        }
    }
}
