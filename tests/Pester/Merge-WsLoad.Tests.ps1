#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer
    $short = @{ DurationSeconds = 0.3; WarningAction = 'SilentlyContinue' }
    $one = Measure-WsLoad (Get-Address -Path 'echo') -Connections 2 @short
    $two = Measure-WsLoad (Get-Address -Path 'stall?after=1&ms=300') -Connections 3 @short
    $rated = Measure-WsLoad (Get-Address -Path 'echo') -Connections 1 -RatePerConnection 20 @short
    $refused = Measure-WsLoad (Get-Address -Path 'status/503') -Connections 4 @short
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket'
}

Describe 'Merge-WsLoad' {
    It 'adds up counts, and takes percentiles of all round trips together' {
        $sum = $one, $two, $refused | Merge-WsLoad
        $sum | Should -HaveCount 1
        $sum.Connections, $sum.Refused, $sum.Requested | Should -Be 5, 4, 9
        $sum.RefusedBy['ServiceUnavailable (503)'] | Should -Be 4
        $sum.RoundTrips | Should -Be ($one.RoundTrips + $two.RoundTrips)
        $sum.MessagesSent | Should -Be ($one.MessagesSent + $two.MessagesSent)
        $sum.Maximum | Should -Be ([math]::Max($one.Maximum, $two.Maximum))
        $sum.Minimum | Should -Be ([math]::Min($one.Minimum, $two.Minimum))
        $sum.IsCorrected | Should -BeFalse
        $sum.Loop | Should -Be 'closed'
        $sum.Hosts | Should -HaveCount 1
        ($sum.Timeline | Measure-Object Answered -Sum).Sum | Should -Be (($one.Timeline + $two.Timeline | Measure-Object Answered -Sum).Sum)
    }

    It 'of one summary has its times' {
        $sum = Merge-WsLoad -InputObject $one
        foreach ($name in 'RoundTrips', 'Minimum', 'Median', 'P90', 'P99', 'P999', 'Maximum', 'ConnectMedian',
            'ConnectMaximum', 'Histogram', 'GeneratorWaitMean', 'GeneratorWaitP99') {
            $sum.$name | Should -Be $one.$name -Because $name
        }
    }

    It 'takes an array as an argument' {
        (Merge-WsLoad $one, $two).Connections | Should -Be 5
    }

    It 'takes copies from <Way>' -TestCases @(
        @{ Way = 'Export-Clixml'; Copy = {
            Export-Clixml -LiteralPath 'TestDrive:/load.xml' -InputObject $args[0]
            Import-Clixml -LiteralPath 'TestDrive:/load.xml'
        } }
        @{ Way = 'ConvertTo-Json'; Copy = { $args[0] | ConvertTo-Json -Depth 4 | ConvertFrom-Json } }
        @{ Way = 'a job'; Copy = { Start-Job -ScriptBlock { $args[0] } -ArgumentList $args[0] | Receive-Job -Wait -AutoRemoveJob } }
    ) {
        $sum = (& $Copy $one), (& $Copy $refused) | Merge-WsLoad
        $sum.RoundTrips | Should -Be $one.RoundTrips
        $sum.P99 | Should -Be $one.P99
        foreach ($name in 'GeneratorWaitMean', 'GeneratorWaitP99') {
            $sum.$name | Should -Be ($one.$name, $refused.$name | Measure-Object -Maximum).Maximum
        }
        $sum.RefusedBy['ServiceUnavailable (503)'] | Should -Be 4
        $sum.Timeline.Count | Should -Be ([math]::Max($one.Timeline.Count, $refused.Timeline.Count))
        ($sum.Timeline | Measure-Object Answered -Sum).Sum | Should -Be $one.RoundTrips
    }

    It 'reports what is no summary, and adds up the others' {
        $broken = $one | ConvertTo-Json -Depth 4 | ConvertFrom-Json
        $broken.Histogram = 'AAAA'
        $huge = $one | ConvertTo-Json -Depth 4 | ConvertFrom-Json
        $huge.Histogram = 'A' * 2MB
        $sum = $one, 42, $null, $broken, $huge, $two | Merge-WsLoad -ErrorVariable failures -ErrorAction SilentlyContinue
        $sum.Connections | Should -Be 5
        $failures | Should -HaveCount 4
        $failures.FullyQualifiedErrorId | Should -BeLike 'UnsupportedInputObject,*'
        $failures.CategoryInfo.Category | Should -Be 'InvalidType', 'InvalidType', 'InvalidType', 'InvalidType'
    }

    It 'refuses a load of another kind, names both, and adds up the others' {
        $sends = Measure-WsLoad (Get-Address -Path 'sink') -Mode Send -Connections 1 -RatePerConnection 20 @short
        $sum = $one, $rated, $sends, $two | Merge-WsLoad -ErrorVariable failures -ErrorAction SilentlyContinue
        $sum.Connections | Should -Be 5
        $failures | Should -HaveCount 2
        $failures.FullyQualifiedErrorId | Should -BeLike 'LoadsDiffer,*'
        "$($failures[0])" | Should -BeLike '*the mode Echo with a rate is not added to one of the mode Echo without a rate:*'
        "$($failures[1])" | Should -BeLike '*the mode Send with a rate is not added to one of the mode Echo without a rate:*'
        $failures.TargetObject | Should -Be $rated, $sends
    }

    It 'adds up loads of different rates' {
        $sum = $rated, (Measure-WsLoad (Get-Address -Path 'echo') -Connections 1 -RatePerConnection 10 @short) | Merge-WsLoad
        $sum.Connections, $sum.Mode, $sum.Loop, $sum.IsCorrected | Should -Be 2, 'Echo', 'open', $true
        $sum.RatePerConnection | Should -BeNullOrEmpty
    }

    It 'refuses an -InputObject that is no summary' {
        (Get-Failure { Merge-WsLoad -InputObject 'text' }).FullyQualifiedErrorId | Should -BeLike 'UnsupportedInputObject,*'
    }

    It 'of nothing is nothing' {
        @() | Merge-WsLoad | Should -BeNullOrEmpty
    }
}
