#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# Servers that nobody of this project wrote, where the machine has them.
BeforeDiscovery {
    $repository = Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath '..' -Resolve

    # Debian's python3-websockets belongs to Debian's Python, which need not be the one on the PATH.
    $python = Get-Command -Name '/usr/bin/python3', 'python3', 'python' -CommandType Application -ErrorAction Ignore |
        Where-Object {
            $null = & $_.Source -c 'import websockets' *>&1
            $LASTEXITCODE -eq 0
        } | Select-Object -First 1
    $node = Get-Command -Name 'node' -CommandType Application -ErrorAction Ignore | Select-Object -First 1
    $nodeModules = @(
        (Join-Path -Path $repository -ChildPath 'artifacts/node/node_modules')
    ) + "$env:NODE_PATH".Split([System.IO.Path]::PathSeparator, [System.StringSplitOptions]::RemoveEmptyEntries)
    $wsPackage = $nodeModules.ForEach({ Join-Path -Path $_ -ChildPath 'ws/package.json' }).Where({ Test-Path -LiteralPath $_ }, 'First')
    $servers = @(
        @{
            Name      = 'Python websockets'
            Program   = "$($python.Source)"
            Arguments = @(Join-Path -Path $PSScriptRoot -ChildPath 'servers/echo.py')
            Set       = @{}
            Skip      = -not $python
            Reason    = 'Python with the websockets package is not installed (Debian: python3-websockets)'
        }
        @{
            Name      = 'Node ws'
            Program   = "$($node.Source)"
            Arguments = @(Join-Path -Path $PSScriptRoot -ChildPath 'servers/echo.mjs')
            Set       = @{ WS_FROM = "$wsPackage" }
            Skip      = -not $node -or $wsPackage.Count -eq 0
            Reason    = 'Node with the ws package is not installed (npm install --prefix artifacts/node ws@8)'
        }
    )
}

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
}

AfterAll { Remove-Module -Name 'WebSocket' }

Describe 'Talking to <Name>' -ForEach $servers.Where({ $_.Skip }) {
    It 'was not tried' { Set-ItResult -Skipped -Because $Reason }
}

Describe 'Talking to <Name>' -ForEach $servers.Where({ -not $_.Skip }) {
    BeforeAll {
        $peer = Start-LineServer -FilePath $Program -ArgumentList $Arguments -Environment $Set
        $address = "ws://127.0.0.1:$($peer.Line)/"
    }

    AfterEach { Close-EverySocket }

    AfterAll { Stop-LineServer -Server $peer }

    It 'connects with a subprotocol' {
        (Connect-MessageWebSocket $address -SubProtocol v3, v2).Protocol | Should -Be 'v2'
    }

    It 'sends and receives text, JSON and binary' {
        $null = Connect-MessageWebSocket $address
        (Invoke-WsRequest 'grüße 👋').Data | Should -BeExactly 'grüße 👋'
        (Invoke-WsRequest @{ a = @(1, 2) } -AsJson -FromJson).a | Should -Be 1, 2
        $reply = Invoke-WsRequest ([byte[]] (0, 255, 7))
        $reply.MessageType | Should -Be 'Binary'
        $reply.Bytes | Should -Be 0, 255, 7
        (Invoke-WsRequest '').Length | Should -Be 0
    }

    It 'sends and receives a message of 5 MB, in fragments and compressed' {
        $null = Connect-MessageWebSocket $address -Compression
        $text = 'The quick brown fox. ' * 250000
        Send-WsMessage $text -FragmentSize 100000
        (Receive-WsMessage).Text.Equals($text) | Should -BeTrue
        $WsSession.Current.Information.Compression | Should -Not -BeNullOrEmpty
        $WsSession.Current.Information.BytesSent | Should -BeLessThan ($text.Length / 10)
    }

    It 'keeps the order of 10,000 messages' {
        $null = Connect-MessageWebSocket $address
        $reading = 1..10000 | ForEach-Object { "$_" } | Send-WsMessage -PassThru
        (Receive-WsMessage -Count 10000).Text | Should -Be $reading
    }

    It 'closes with code and reason' {
        $socket = Connect-MessageWebSocket $address
        Close-MessageWebSocket -Code 4001 -Reason 'done here' -WarningAction Stop
        $socket.State | Should -Be 'Closed'
        $socket.CloseCode | Should -Be 4001
    }

    It 'closes with an empty close frame' {
        $socket = Connect-MessageWebSocket $address
        Close-MessageWebSocket -WarningAction Stop
        $socket.State | Should -Be 'Closed'
    }

    It 'is told the code and reason of the server' {
        $socket = Connect-MessageWebSocket $address
        Send-WsMessage 'close 4002 go away'
        "$(Get-Failure { Receive-WsMessage })" | Should -BeLike '*4002 "go away"*'
        $socket.CloseCode | Should -Be 4002
    }

    It 'answers pings' {
        (Connect-MessageWebSocket $address).PingAsync().GetAwaiter().GetResult() | Should -BeOfType 'timespan'
    }
}
