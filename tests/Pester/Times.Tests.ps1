#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# Every parameter that is a time is a number with fractions, and refuses what is no time.

BeforeDiscovery {
    $root = Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath '..' -Resolve
    Import-Module -Name (Join-Path -Path $root -ChildPath 'WebSocket.psd1')
    $times = foreach ($cmdlet in Get-Command -Module 'WebSocket' -CommandType Cmdlet) {
        foreach ($parameter in $cmdlet.Parameters.Values.Where({ $_.Name -match '(Seconds|Sec|Milliseconds)$' })) {
            @{ Cmdlet = $cmdlet.Name; Parameter = $parameter.Name; Metadata = $parameter }
        }
    }
}

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket'
}

Describe '<Cmdlet> -<Parameter>' -ForEach $times {
    It 'is a number with fractions' {
        $Metadata.ParameterType | Should -Be ([double])
    }

    It 'refuses <Value>, which is <Problem>' -ForEach @(
        @{ Value = -0.5; Problem = 'negative' }
        @{ Value = [double]::NegativeInfinity; Problem = 'negative' }
        @{ Value = [double]::NaN; Problem = 'no time' }
        @{ Value = 1e10; Problem = 'too long' }
        @{ Value = [double]::PositiveInfinity; Problem = 'too long' }
    ) {
        $given = @{ $Parameter = $Value }
        $failure = Get-Failure { & $Cmdlet @given }
        $failure.FullyQualifiedErrorId | Should -BeLike 'ParameterArgumentValidationError,*'
        $failure.Exception.ParameterName | Should -Be $Parameter
        "$failure" | Should -BeLike "* is $Problem*. Give a number of *seconds*"
    }
}

Describe 'A time below a second' {
    AfterEach { Close-EverySocket }

    It 'limits Receive-WsMessage' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'silent')
        $failure = Get-Failure { Receive-WsMessage -TimeoutSeconds 0.5 }
        $failure.FullyQualifiedErrorId | Should -BeLike 'ReceiveTimeout,*'
        "$failure" | Should -BeLike '* within 0.5 s*'
    }

    It 'limits Invoke-WsRequest, and is no "no limit" however small it is' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'silent')
        $failure = Get-Failure { Invoke-WsRequest 'hello' -TimeoutSeconds 1e-9 }
        $failure.FullyQualifiedErrorId | Should -BeLike 'ReplyTimeout,*'
        "$failure" | Should -BeLike '* within 0.001 s*'
    }

    It 'limits a connect, and is no "no limit" however small it is' {
        $listener = [System.Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0)
        $listener.Start()
        try {
            foreach ($seconds in 0.25, 1e-9) {
                $failure = Get-Failure {
                    Connect-MessageWebSocket "ws://127.0.0.1:$($listener.LocalEndpoint.Port)/" -ConnectionTimeoutSeconds $seconds
                }
                $failure.FullyQualifiedErrorId | Should -BeLike 'Timeout,*'
            }
        } finally {
            $listener.Stop()
        }
    }

    It 'is between two round trips of Measure-WsRoundTrip' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'echo')
        (Measure-WsRoundTrip -Count 3 -IntervalMilliseconds 0.5 -TimeoutSeconds 20.5).Lost | Should -Be 0
    }
}
