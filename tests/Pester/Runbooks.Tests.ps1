#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# The runbooks of examples/, each against the server it is for, where the machine has it.
BeforeDiscovery {
    $browser = Get-Command -Name 'chromium', 'chromium-browser', 'google-chrome' -CommandType Application -ErrorAction Ignore |
        Select-Object -First 1
    # Debian keeps servers where only root's path looks.
    $broker = Get-Command -Name 'mosquitto', '/usr/sbin/mosquitto' -CommandType Application -ErrorAction Ignore | Select-Object -First 1
    $passwords = Get-Command -Name 'mosquitto_passwd' -CommandType Application -ErrorAction Ignore | Select-Object -First 1
}

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $examples = Join-Path -Path $repository -ChildPath 'examples'

    # Ports that nobody has at the moment; the broker cannot be told to choose.
    function Get-FreePort {
        param([int] $Count)

        $listeners = 1..$Count | ForEach-Object { [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0) }
        $listeners.ForEach({ $_.Start() })
        $listeners.ForEach({ $_.LocalEndpoint.Port })
        $listeners.ForEach({ $_.Stop() })
    }
}

AfterAll { Remove-Module -Name 'WebSocket' }

Describe 'Send-MqttMessage.ps1' -ForEach @(@{ Program = "$($broker.Source)"; Passwords = "$($passwords.Source)" }) {
    BeforeAll {
        $isMissing = -not $Program
        if ($isMissing) {
            return
        }

        $passwordFile = Join-Path -Path $TestDrive -ChildPath 'passwords'
        if ($Passwords) {
            & $Passwords -b -c $passwordFile 'door' 'grüße:1'
        }

        # Another program may take the port between our look and the broker's.
        foreach ($attempt in 1..5) {
            $ports = Get-FreePort -Count 2
            $configuration = Join-Path -Path $TestDrive -ChildPath 'mosquitto.conf'
            # Version 2.0.11 wants a plain listener too, and without socket_domain it listens for WebSockets on every address.
            Set-Content -LiteralPath $configuration -Value @"
persistence false
allow_anonymous true
log_dest stderr
listener $($ports[0]) 127.0.0.1
listener $($ports[1]) 127.0.0.1
protocol websockets
socket_domain ipv4
$(if ($Passwords) { "password_file $passwordFile" })
$(if ([Environment]::UserName -eq 'root') { 'user root' })
"@
            $start = [System.Diagnostics.ProcessStartInfo]::new($Program, [string[]] ('-c', $configuration))
            $start.RedirectStandardError = $true
            $process = [System.Diagnostics.Process]::Start($start)
            $log = do {
                $line = $process.StandardError.ReadLine()
                $line
            } until ($null -eq $line -or $line -like '* running')
            if ($line) {
                $null = $process.StandardError.ReadToEndAsync()
                break
            }
        }

        if (-not $line) {
            throw "mosquitto did not start: $log"
        }

        $address = "ws://127.0.0.1:$($ports[1])/mqtt"
    }

    AfterAll {
        if (-not $isMissing) {
            $process.Kill()
            $process.WaitForExit()
            $process.Dispose()
        }
    }

    BeforeEach {
        if ($isMissing) {
            Set-ItResult -Skipped -Because 'mosquitto is not installed'
        }
    }

    It 'publishes <What> and gets it back' -TestCases @(
        @{ What = 'a text'; Message = 'grüße 👋' }
        @{ What = 'nothing'; Message = '' }
        # Longer than one group of seven bits, and than two.
        @{ What = '200 letters'; Message = 'x' * 200 }
        @{ What = '20,000 letters'; Message = 'y' * 20000 }
    ) {
        $received = & "$examples/Send-MqttMessage.ps1" -Uri $address -Topic 'site/döör' -Message $Message
        $received.Topic | Should -BeExactly 'site/döör'
        $received.Message | Should -BeExactly $Message
        Get-MessageWebSocket | Should -BeNullOrEmpty
    }

    It 'logs in with user and password, and says that they were refused' {
        if (-not $Passwords) {
            Set-ItResult -Skipped -Because 'mosquitto_passwd is not installed'
        }

        $right, $wrong = 'grüße:1', 'wrong' |
            ForEach-Object { [pscredential]::new('door', (ConvertTo-SecureString -String $_ -AsPlainText)) }
        (& "$examples/Send-MqttMessage.ps1" -Uri $address -Topic 'site/door' -Message 'open' -Credential $right).Message | Should -Be 'open'
        { & "$examples/Send-MqttMessage.ps1" -Uri $address -Topic 'site/door' -Message 'open' -Credential $wrong } |
            Should -Throw 'The broker refused the connection: code [45], user and password.'
        Get-MessageWebSocket | Should -BeNullOrEmpty
    }

    It 'reports what the broker does not take' {
        (Get-Failure { & "$examples/Send-MqttMessage.ps1" -Uri $address -Topic 'a/#' -Message 'wildcard' }).FullyQualifiedErrorId |
            Should -BeLike 'Connection*,*ReceiveWsMessageCommand'
        Get-MessageWebSocket | Should -BeNullOrEmpty
    }
}

Describe 'Save-WebPage.ps1' -ForEach @(@{ Program = "$($browser.Source)" }) {
    BeforeAll {
        $isMissing = -not $Program
        $temporary = [System.IO.Path]::GetTempPath()
        # What a container may lack: a sandbox for root, and room for shared memory.
        $parameters = @{ Browser = $Program; BrowserArgument = $IsLinux ? @('--no-sandbox', '--disable-dev-shm-usage') : @() }
        $picture = Join-Path -Path $TestDrive -ChildPath 'page.png'

        # Width, height, and the colour of the corner at the top left.
        function Get-PngFact {
            param([string] $Path)

            $bytes = [System.IO.File]::ReadAllBytes($Path)
            $reader = [MessageWebSockets.DataReader]::FromBuffer($bytes)
            [Convert]::ToHexString($reader.ReadBuffer(8).ToArray()) | Should -Be '89504E470D0A1A0A'
            $pixels = [System.IO.MemoryStream]::new()
            while ($reader.UnconsumedBufferLength) {
                $length = $reader.ReadUInt32()
                $type = $reader.ReadString(4)
                $data = $reader.ReadBuffer($length).ToArray()
                $null = $reader.ReadUInt32()
                if ($type -eq 'IHDR') {
                    $header = [MessageWebSockets.DataReader]::FromBuffer($data)
                    $width, $height = $header.ReadUInt32(), $header.ReadUInt32()
                } elseif ($type -eq 'IDAT') {
                    $pixels.Write($data)
                }
            }
            $pixels.Position = 0
            $inflated = [System.IO.Compression.ZLibStream]::new($pixels, [System.IO.Compression.CompressionMode]::Decompress)
            # A row begins with its filter, and for the first pixel of the first row every filter leaves the colour as it is.
            $first = [byte[]]::new(4)
            $inflated.ReadExactly($first)
            [pscustomobject] @{ Width = $width; Height = $height; Corner = $first[1..3] }
        }

        function Get-ProfileFolder {
            @(Get-ChildItem -Path $temporary -Directory -Filter 'chromium-*-*-*-*-*').FullName
        }
    }

    BeforeEach {
        if ($isMissing) {
            Set-ItResult -Skipped -Because 'neither Chromium nor Chrome is installed'
        }
    }

    It 'opens a page, reads its title and saves a picture of it' {
        $page = Join-Path -Path $TestDrive -ChildPath 'page.html'
        Set-Content -LiteralPath $page -Value ('<!doctype html><meta charset="utf-8"><title>Grüße aus dem Browser</title>' +
            '<body style="background: rgb(10, 20, 30)">')
        $before = Get-ProfileFolder
        $result = & "$examples/Save-WebPage.ps1" -Uri ([uri]::new($page)) -OutFile $picture @parameters
        $result.Title | Should -BeExactly 'Grüße aus dem Browser'
        $result.Picture.FullName | Should -Be $picture
        $fact = Get-PngFact -Path $picture
        $fact.Width | Should -BeGreaterThan 300
        $fact.Height | Should -BeGreaterThan 200
        $fact.Corner | Should -Be 10, 20, 30
        Get-ProfileFolder | Should -Be $before
        Get-MessageWebSocket | Should -BeNullOrEmpty
    }

    It 'says why a page could not be opened, and leaves nothing behind' {
        $before = Get-ProfileFolder
        $none = "file://$($TestDrive.Replace('\', '/'))/none.html"
        "$(Get-Failure { & "$examples/Save-WebPage.ps1" -Uri $none -OutFile $picture @parameters })" |
            Should -BeLike '*could not be opened: net::ERR_FILE_NOT_FOUND*'
        Get-ProfileFolder | Should -Be $before
        Get-MessageWebSocket | Should -BeNullOrEmpty
    }
}
