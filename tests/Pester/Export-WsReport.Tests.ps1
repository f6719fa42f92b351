#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

BeforeDiscovery {
    $browser = Get-Command -Name 'chromium', 'chromium-browser', 'google-chrome' -CommandType Application -ErrorAction Ignore |
        Select-Object -First 1
}

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer -ArgumentList '--raw', '--tls'
    $root = [System.Security.Cryptography.X509Certificates.X509Certificate2]::CreateFromPem($server.caCertificatePem)
    $report = Join-Path -Path $TestDrive -ChildPath 'report.html'

    # A row as Import-Csv or a job brings it back.
    function New-Row {
        param([string] $Uri = 'ws://host.example/', [string] $Status = 'Ok', [hashtable] $More = @{})

        [pscustomobject] (@{ Uri = $Uri; Success = $Status -eq 'Ok'; Status = $Status } + $More)
    }

    function Get-Report {
        param([Parameter(ValueFromPipeline)] $InputObject, [hashtable] $Parameters = @{})

        end {
            $input | Export-WsReport -Path $report @Parameters
            Get-Content -LiteralPath $report -Raw
        }
    }

    # Thousands of results with a third of them broken, without probing any.
    function New-Fleet {
        param([int] $Count)

        $now = [datetime]::Now
        foreach ($number in 1..$Count) {
            $isBroken = $number % 3 -eq 0
            $status = $isBroken ? ('Forbidden', 'CannotConnect', 'Timeout')[$number % 9 / 3] : 'Ok'
            New-Row -Uri "wss://host-$($number % 40).example/feed/$number" -Status $status -More @{
                TotalMs = 20 + $number % 300; NameResolutionMs = 2; TcpMs = 5; TlsMs = 10; UpgradeMs = 3 + $number % 300
                RoundTripMs = $isBroken ? $null : 1 + $number % 97; HttpStatusCode = $isBroken -and $number % 9 -eq 0 ? 403 : $null
                CertificateSubject = "CN=host-$($number % 40).example"
                CertificateExpires = $now.AddDays($number % 40); CertificateDaysLeft = $number % 40
                Error = $isBroken ? "It failed for a reason that takes a few words to tell, number $number." : $null
                TestedAt = $now
            }
        }
    }
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket'
}

Describe 'Export-WsReport' {
    Context 'the page' {
        It 'says of a fleet what works, what does not, and why' {
            $page = (Get-Address -Path 'echo' -Secure), (Get-Address -Path 'echo'), (Get-Address -Path 'status/403'),
                $server.faults.'certificate-expired', $server.faults.'refused-port' |
                Test-WsEndpoint -TrustedRoot $root | Get-Report
            $page | Should -BeLike '*<b class="">40.0 %</b><span>2 of 5 work</span>*'
            $page | Should -BeLike '*<b class="bad">3</b><span>do not work</span>*'
            foreach ($text in 'Forbidden (403)', 'CertificateExpired', 'CannotConnect', 'connection refused', 'Errors by kind', 'Latency',
                'Round trip of a ping', 'Where the time goes', 'Certificates by days left', 'CN=localhost') {
                $page.Contains($text) | Should -BeTrue -Because $text
            }
        }

        It 'needs nothing from elsewhere, and allows nothing' {
            $page = New-Fleet 30 | Get-Report
            $page | Should -BeLike '*Content-Security-Policy" content="default-src ''none''; style-src ''unsafe-inline''"*'
            $page | Should -Not -Match '<script|<link|<img|<iframe|@import|url\(|\ssrc=|\shref='
            $page | Should -Not -Match 'https?://'
            $page | Should -BeLike '*<svg*'
            $page | Should -BeLike '*prefers-color-scheme:dark*'
        }

        It 'is a document whose elements are all closed' {
            $page = New-Fleet 700 | Get-Report
            $body = [regex]::Match($page, '(?s)<body>.*</body>').Value
            { [xml] $body } | Should -Not -Throw
        }

        It 'keeps what a server sent a text: <Where>' -TestCases @(
            @{ Where = 'Uri'; Row = { New-Row -Uri 'ws://x/<script>alert(1)</script>"&' } }
            @{ Where = 'Status'; Row = { New-Row -Status '<script>alert(1)</script>"&' } }
            @{ Where = 'Error'; Row = { New-Row -Status 'Timeout' -More @{ Error = '<script>alert(1)</script>"&' } } }
            @{
                Where = 'CertificateSubject'
                Row = { New-Row -More @{ CertificateSubject = '<script>alert(1)</script>"&'; CertificateDaysLeft = 3 } }
            }
            @{ Where = 'a slow address'; Row = { New-Row -Uri 'ws://x/<script>alert(1)</script>"&' -More @{ TotalMs = 5; TcpMs = 3 } } }
            @{ Where = 'a host'; Row = {
                1..2 | ForEach-Object { New-Row -Uri '<script>alert(1)</script>"&' -Status 'Timeout' }
                1..2 | ForEach-Object { New-Row -Status 'Timeout' }
            } }
            @{ Where = 'HttpStatusCode'; Row = { New-Row -Status 'Forbidden' -More @{ HttpStatusCode = '<script>alert(1)</script>"&' } } }
        ) {
            $page = & $Row | Get-Report
            $page | Should -Not -BeLike '*<script*'
            $page | Should -BeLike '*&lt;script&gt;alert(1)&lt;/script&gt;&quot;&amp;*'
            { [xml] [regex]::Match($page, '(?s)<body>.*</body>').Value } | Should -Not -Throw
        }

        It 'makes control and direction characters visible' {
            $page = New-Row -Status 'Timeout' -More @{ Error = "a$([char] 27)[2Jb$([char] 0x202e)c$([char] 0)" } | Get-Report
            $page | Should -BeLike '*a\e`[2Jb\u202ec\0*'
            $page | Should -Not -Match '[\x00-\x08\x0b\x0c\x0e-\x1f\u202e]'
        }

        It 'hides tokens of addresses' {
            New-Row -Uri 'wss://me:pw@host.example/x?token=s3cr3t' | Get-Report | Should -Not -Match 's3cr3t|me:pw'
        }

        It 'stays small and says what it leaves out' {
            $page = New-Fleet 5000 | Get-Report
            $page.Length | Should -BeLessThan 500KB
            $page | Should -BeLike '*5,000 endpoints*'
            $page | Should -BeLike '*20 of 1,666, some of each kind:*<summary>480 more</summary>*1,166 further ones are not listed here*'
            $page | Should -BeLike '*The slowest 200 of 3,334*'
            $page | Should -BeLike '*The 10 with the most of 40*'
            # The tables are folded; of problems only the first are not.
            $unfolded = [regex]::Replace($page, '(?s)<details.*?</details>', '')
            [regex]::Matches($unfolded, '<tr>').Count | Should -BeLessThan 50
            foreach ($kind in 'Forbidden \(403\)', 'CannotConnect', 'Timeout') {
                $unfolded | Should -Match "<td class=""short bad"">$kind</td>"
            }
        }

        It 'says of a path that none can be that it is none' {
            (Get-Failure { Export-WsReport -Path "a`0b" -InputObject $null }).FullyQualifiedErrorId | Should -BeLike 'FileError,*'
        }

        It 'is a page too where there is nothing to say' {
            @() | Get-Report | Should -BeLike '*There were no results.*'
            New-Row | Get-Report | Should -BeLike '*100 %*1 of 1 work*'
        }

        It 'sorts certificates into their ages, each once' {
            $page = @(-3, 0, 13, 14, 29, 30, 89, 90, 400) | ForEach-Object {
                New-Row -More @{
                    CertificateSubject = "CN=c$_"; CertificateExpires = [datetime]::Today.AddDays($_); CertificateDaysLeft = $_
                }
            } | Get-Report
            foreach ($age in @{
                'expired' = 1; 'below 14 days' = 2; '14 to 29 days' = 2; '30 to 89 days' = 2; '90 days or more' = 2
            }.GetEnumerator()) {
                $page | Should -Match ('<div class="label">{0}</div><svg[^\n]*</svg><div class="value">{1}</div>' -f $age.Key, $age.Value)
            }
            $page | Should -Match '9 certificates of 9 endpoints'
        }

        It 'draws every time in one bar: <Values>' -TestCases @(
            @{ Values = @(5) }
            @{ Values = @(0.001, 60000) }
            @{ Values = @(1, 1, 1) }
            @{ Values = @(10, 100, 1000) }
            @{ Values = @(0) }
        ) {
            $page = $Values | ForEach-Object { New-Row -More @{ RoundTripMs = $_ } } | Get-Report
            $bars = [regex]::Matches($page, 'ms: (\d+)</title>').ForEach({ [int] $_.Groups[1].Value })
            ($bars | Measure-Object -Sum).Sum | Should -Be $Values.Count
        }
    }

    Context 'copies of results' {
        BeforeAll {
            $results = (Get-Address -Path 'echo' -Secure), (Get-Address -Path 'status/403') | Test-WsEndpoint -TrustedRoot $root
            # The minute it was made in is the page's own.
            $original = ($results | Get-Report) -replace '(?<=Made )[-\d]+ [:\d]+'
        }

        It 'make the same page when they come through <Way>' -TestCases @(
            @{
                Way = 'Export-Clixml'
                Copy = { $file = "$TestDrive/r.xml"; $results | Export-Clixml -LiteralPath $file; Import-Clixml -LiteralPath $file }
            }
            @{
                Way = 'Export-Csv'
                Copy = { $file = "$TestDrive/r.csv"; $results | Export-Csv -LiteralPath $file; Import-Csv -LiteralPath $file }
            }
            @{ Way = 'ConvertTo-Json'; Copy = { $results | ConvertTo-Json | ConvertFrom-Json } }
            @{ Way = 'a job'; Copy = { Start-Job { $using:results } | Receive-Job -Wait -AutoRemoveJob } }
        ) {
            (& $Copy | Get-Report) -replace '(?<=Made )[-\d]+ [:\d]+' | Should -BeExactly $original
        }

        It 'are numbers also where a session writes them with a comma' {
            $culture = [cultureinfo]::CurrentCulture
            try {
                [cultureinfo]::CurrentCulture = [cultureinfo]::GetCultureInfo('de-DE')
                $page = '12,5', '13.5' |
                    ForEach-Object { [pscustomobject] @{ Uri = 'ws://x/'; Success = 'True'; Status = 'Ok'; RoundTripMs = $_ } } | Get-Report
            } finally {
                [cultureinfo]::CurrentCulture = $culture
            }
            $page | Should -BeLike '*minimum</span> 12.5 ms*maximum</span> 13.5 ms*'
        }
    }

    It 'reads numbers of a file that another culture wrote' {
        $page = '12,5', '13,5', "14$([char] 0x066B)5" |
            ForEach-Object { [pscustomobject] @{ Uri = 'ws://x/'; Success = 'True'; Status = 'Ok'; RoundTripMs = $_ } } | Get-Report
        $page | Should -BeLike '*minimum</span> 12.5 ms*maximum</span> 14.5 ms*'
    }

    It 'reads dates of a file that another culture wrote: <Text>' -TestCases @(
        @{ Text = '03.11.2026 14:05:00'; Shown = '2026-11-03' }
        @{ Text = '3.11.2026 14.05.00'; Shown = '2026-11-03' }
        @{ Text = '2026-11-03T14:05:00.0000000Z'; Shown = '2026-11-03' }
        @{ Text = '11/03/2026 14:05:00'; Shown = '2026-11-03' }
    ) {
        $culture = [cultureinfo]::CurrentCulture
        try {
            [cultureinfo]::CurrentCulture = [cultureinfo]::GetCultureInfo('en-US')
            $page = New-Row -More @{ TestedAt = $Text } | Get-Report -Parameters @{ WarningVariable = 'warned' }
        } finally {
            [cultureinfo]::CurrentCulture = $culture
        }
        $page | Should -BeLike "*tested $Shown*"
    }

    It 'says that day and month may be exchanged where one of the dates has another order: <Text> in <Culture>' -TestCases @(
        @{ Text = '27/11/2026 15:00:00'; Culture = 'en-US'; Says = 'Dates of 1 result are left out, *Day and month of other dates may be*' }
        @{ Text = '11/27/2026 15:00:00'; Culture = 'en-GB'; Says = 'Day and month of other dates may be exchanged: ''11/27/2026 15*' }
        @{ Text = '11/27/2026 15:00:00'; Culture = 'en-US'; Says = '' }
        @{ Text = '27/11/2026 15:00:00'; Culture = 'en-GB'; Says = '' }
        @{ Text = '2026-11-27T15:00:00Z'; Culture = 'en-GB'; Says = '' }
        @{ Text = '27.11.2026 15:00:00'; Culture = 'en-US'; Says = '' }
    ) {
        $before = [cultureinfo]::CurrentCulture
        try {
            [cultureinfo]::CurrentCulture = [cultureinfo]::GetCultureInfo($Culture)
            $null = '05/11/2026 15:00:00', $Text | ForEach-Object { New-Row -More @{ TestedAt = $_ } } |
                Get-Report -Parameters @{ WarningVariable = 'script:warned'; WarningAction = 'SilentlyContinue' }
        } finally {
            [cultureinfo]::CurrentCulture = $before
        }
        "$warned" | Should -BeLike $Says
    }

    It 'leaves out years of another calendar than the one of this culture, and keeps the last of all: <Text> in <Culture>' -TestCases @(
        @{ Text = '1405-09-06 15:00:00'; Culture = 'en-US'; Shown = $null }
        @{ Text = '27/11/2569 15:00:00'; Culture = 'en-GB'; Shown = $null }
        @{ Text = '27.11.2569 15:00:00'; Culture = 'de-DE'; Shown = $null }
        @{ Text = '27/11/2026 15:00:00'; Culture = 'th-TH'; Shown = $null }
        @{ Text = '2026-11-27 15:00:00'; Culture = 'th-TH'; Shown = '2026-11-27' }
        @{ Text = '9999-12-31T12:00:00'; Culture = 'en-US'; Shown = '9999-12-31' }
    ) {
        $before = [cultureinfo]::CurrentCulture
        try {
            [cultureinfo]::CurrentCulture = [cultureinfo]::GetCultureInfo($Culture)
            $page = New-Row -More @{ TestedAt = $Text } |
                Get-Report -Parameters @{ WarningVariable = 'script:warned'; WarningAction = 'SilentlyContinue' }
        } finally {
            [cultureinfo]::CurrentCulture = $before
        }
        if ($Shown) {
            $page | Should -BeLike "*tested $Shown*"
        } else {
            "$warned" | Should -BeLike "Dates of 1 result are left out, such as '$Text'*"
        }
    }

    It 'says which dates it leaves out' {
        $rows = @{ TestedAt = 'the day before' }, @{ CertificateExpires = '31/31/2026' }, @{ TestedAt = '' } |
            ForEach-Object { New-Row -More $_ }
        $null = $rows | Get-Report -Parameters @{ WarningVariable = 'script:warned'; WarningAction = 'SilentlyContinue' }
        $warned | Should -HaveCount 1
        "$warned" | Should -BeLike "Dates of 2 results are left out, such as 'the day before'*"
    }

    Context 'results of other cmdlets' {
        BeforeAll {
            # A row as a job or a file brings it back.
            function New-Finding {
                param([string] $Result, [string] $Severity, [string] $Evidence = 'this was sent and that came')

                [pscustomobject] @{
                    Uri = 'ws://host.example/?token=tok-9f27'
                    Name = 'one'; Check = 'frame-unmasked'; Result = $Result; Severity = $Severity
                    Evidence = $Evidence; Reference = 'RFC 6455 5.1'; Remedy = 'End the connection.'
                }
            }
        }

        It 'shows findings by severity, with evidence, reference and remedy' {
            $page = (New-Finding 'Warning' 'low'), (New-Finding 'Failed' 'high'), (New-Finding 'Passed' ''),
                (New-Finding 'Inconclusive' '') | Get-Report
            $page | Should -BeLike ('*4 checks of 1 server*High severity*frame-unmasked*RFC 6455 5.1*End the connection.*Failed*' +
                'one: ws://host.example/*this was sent*Low severity*Warning*Inconclusive*Passed*')
            $page | Should -Not -BeLike '*tok-9f27*'
            { [xml] ($page -replace '^<!DOCTYPE html>' -replace '<meta[^>]*>') } | Should -Not -Throw
        }

        It 'keeps evidence a text' {
            $page = New-Finding 'Failed' 'high' "<script>alert(1)</script>`e[31m" | Get-Report
            $page | Should -BeLike '*&lt;script&gt;alert(1)*'
            $page | Should -Not -BeLike '*<script*'
            $page | Should -Not -Match "`e"
        }

        It 'draws the course of a load and its latencies, live and copied' {
            $load = Measure-WsLoad (Get-Address -Path 'echo') -Connections 2 -DurationSeconds 0.3 -WarningAction Ignore
            foreach ($item in $load, ($load | ConvertTo-Json -Depth 4 | ConvertFrom-Json)) {
                $page = $item | Get-Report
                $page | Should -BeLike ('*1 load*Load on ws://*connections*Messages received, by second*<rect*' +
                    'Latency by percentile*p99.9*maximum*')
                { [xml] ($page -replace '^<!DOCTYPE html>' -replace '<meta[^>]*>') } | Should -Not -Throw
            }
        }

        It 'draws of a load in the mode <Mode> what it has: <Shown>' -TestCases @(
            @{ Mode = 'Echo'; Has = @{ Received = 5; Answered = 3; Sent = 4 }; Shown = 'Messages received'; Most = 5 }
            @{ Mode = 'Receive'; Has = @{ Received = 5 }; Shown = 'Messages received'; Most = 5 }
            @{ Mode = 'Send'; Has = @{ Sent = 7; Received = 1 }; Shown = 'Messages sent'; Most = 7 }
            @{ Mode = 'Ping'; Has = @{ Sent = 9; Answered = 8; Received = 1 }; Shown = 'Pings answered'; Most = 8 }
            @{ Mode = 'Connect'; Has = @{ Answered = 6 }; Shown = 'Connects'; Most = 6 }
            @{ Mode = 'Connect, Ping'; Has = @{ Sent = 4; Answered = 6 }; Shown = 'Answers'; Most = 6 }
            @{ Mode = 'Echo, Send'; Has = @{ Sent = 4; Received = 2; Answered = 2 }; Shown = 'Messages received'; Most = 2 }
        ) {
            $second = @{ Second = 0; DurationSeconds = 1; Received = 0; Sent = 0; Answered = 0 }
            $Has.Keys | ForEach-Object { $second[$_] = $Has[$_] }
            $load = [pscustomobject] @{
                Uri = 'ws://host.example/'; Connections = 1; MessagesPerSecond = 1; Loop = 'closed'; Mode = $Mode
                Timeline = @([pscustomobject] $second)
            }
            $page = $load | Get-Report
            $page | Should -BeLike "*<h3>$Shown, by second</h3>*height=""30""/>*At most $Most a second*"
            ($page -like '*waited for its answers*') | Should -Be ($Mode -notin 'Send', 'Receive')
        }

        It 'makes one page of all' {
            $page = (New-Row), (New-Finding 'Failed' 'medium') | Get-Report
            $page | Should -BeLike '*1 endpoint; 1 check of 1 server*1 of 1 work*Medium severity*Test-WsEndpoint, Test-WsServer*'
        }
    }

    Context 'its parameters' {
        It 'take an -InputObject, and refuse what is no result' {
            Export-WsReport -InputObject (New-Row) -Path $report
            $report | Should -Exist
            foreach ($item in 42, 'text', $null, [pscustomobject] @{ Uri = 'ws://x'; Status = 'Ok'; Success = 'perhaps' }) {
                (Get-Failure { Export-WsReport -InputObject $item -Path $report }).FullyQualifiedErrorId |
                    Should -BeLike 'UnsupportedInputObject,*'
            }
            # An array as the pipeline would have it: each of it is one.
            Export-WsReport -InputObject @((New-Row), (New-Row -Status 'Timeout')) -Path $report
            Get-Content -LiteralPath $report -Raw | Should -BeLike '*1 of 2 work*'
            Export-WsReport -InputObject @((New-Row), 42) -Path $report -ErrorAction SilentlyContinue -ErrorVariable problem
            $problem.FullyQualifiedErrorId | Should -BeLike 'UnsupportedInputObject,*'
            Get-Content -LiteralPath $report -Raw | Should -BeLike '*1 of 1 work*'
            Export-WsReport -InputObject @() -Path $report
            Get-Content -LiteralPath $report -Raw | Should -BeLike '*There were no results.*'
            # The others are in the page all the same.
            $page = & { New-Row; 42; New-Row } | Export-WsReport -Path $report -ErrorAction SilentlyContinue -ErrorVariable problem
            $problem | Should -HaveCount 1
            Get-Content -LiteralPath $report -Raw | Should -BeLike '*2 of 2 work*'
        }

        It 'write to a -Path relative to the location, and report a folder that is not there' {
            Push-Location -LiteralPath $TestDrive
            try {
                New-Row | Export-WsReport 'relative.html'
                Join-Path -Path $TestDrive -ChildPath 'relative.html' | Should -Exist
            } finally {
                Pop-Location
            }
            $failure = Get-Failure {
                New-Row | Export-WsReport -Path (Join-Path -Path $TestDrive -ChildPath 'none' -AdditionalChildPath 'x.html')
            }
            $failure.FullyQualifiedErrorId | Should -BeLike 'FileError,*'
            $failure.CategoryInfo.Category | Should -Be 'ObjectNotFound'
            { New-Row | Export-WsReport -Path '' } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        }

        It 'head the page with -Title' {
            $page = New-Row | Get-Report -Parameters @{ Title = 'Feeds <all>' }
            $page | Should -BeLike '*<title>Feeds &lt;all&gt;</title>*<h1>Feeds &lt;all&gt;</h1>*'
            { New-Row | Export-WsReport $report -Title '' } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        }

        It 'replace a file, but not with -NoClobber, before anything is probed' {
            New-Row | Export-WsReport $report
            $began = [System.Collections.Generic.List[int]]::new()
            $failure = Get-Failure { 1 | ForEach-Object { $began.Add($_); New-Row } | Export-WsReport $report -NoClobber }
            $failure.FullyQualifiedErrorId | Should -BeLike 'FileError,*'
            $failure.CategoryInfo.Category | Should -Be 'ResourceExists'
            $began | Should -HaveCount 0
            { New-Row | Export-WsReport $report -NoClobber:'maybe' } | Should -Throw -ErrorId 'CannotConvertArgument*'
        }

        It 'replace a read-only file with -Force only' -Skip:(-not $IsWindows -and (id -u) -eq 0) {
            New-Row | Export-WsReport $report
            Set-ItemProperty -LiteralPath $report -Name IsReadOnly -Value $true
            (Get-Failure { New-Row | Export-WsReport $report }).FullyQualifiedErrorId | Should -BeLike 'FileError,*'
            New-Row | Export-WsReport $report -Force
        }

        It 'take -Force where nothing is in the way' {
            New-Row | Export-WsReport $report -Force
            Set-ItemProperty -LiteralPath $report -Name IsReadOnly -Value $true
            New-Row -Uri 'ws://other.example/' -Status 'Timeout' | Export-WsReport $report -Force
            Get-Content -LiteralPath $report -Raw | Should -BeLike '*other.example*'
            { New-Row | Export-WsReport $report -Force:'maybe' } | Should -Throw -ErrorId 'CannotConvertArgument*'
        }

        It 'emit the file with -PassThru, and nothing without' {
            $file = New-Row | Export-WsReport $report -PassThru
            $file | Should -BeOfType 'System.IO.FileInfo'
            $file.FullName | Should -Be $report
            New-Row | Export-WsReport $report | Should -BeNullOrEmpty
            { New-Row | Export-WsReport $report -PassThru:'maybe' } | Should -Throw -ErrorId 'CannotConvertArgument*'
        }

        It 'write nothing with -WhatIf, and ask with -Confirm' {
            $none = Join-Path -Path $TestDrive -ChildPath 'whatif.html'
            New-Row | Export-WsReport $none -WhatIf
            $none | Should -Not -Exist
            New-Row | Export-WsReport $none -Confirm:$false
            $none | Should -Exist
        }

        It 'open the page with -Show' -Skip:(-not $IsLinux) {
            # Stands in for the desktop's program.
            $folder = Join-Path -Path $TestDrive -ChildPath 'desktop'
            $null = New-Item -Path $folder -ItemType Directory
            $shown = Join-Path -Path $folder -ChildPath 'shown'
            $null = mkfifo $shown
            Set-Content -LiteralPath "$folder/xdg-open" -Value "#!/bin/sh`nprintf '%s' ""`$1"" >'$shown'"
            chmod +x "$folder/xdg-open"
            $path = $env:PATH
            try {
                $env:PATH = "${folder}:$path"
                New-Row | Export-WsReport $report -Show
                cat $shown | Should -Be $report
            } finally {
                $env:PATH = $path
            }
            { New-Row | Export-WsReport $report -Show:'maybe' } | Should -Throw -ErrorId 'CannotConvertArgument*'
        }
    }

    Context 'in a browser' -ForEach @(@{ Program = "$($browser.Source)" }) {
        It 'is drawn at <Width> pixels, without an error' -TestCases @(@{ Width = 1100 }, @{ Width = 500 }) {
            if (-not $Program) {
                Set-ItResult -Skipped -Because 'no Chromium is installed'
                return
            }

            New-Fleet 300 | Export-WsReport $report
            $picture = Join-Path -Path $TestDrive -ChildPath "report-$Width.png"
            # A profile of its own, whose removal must not fail the test while the browser's last process still writes.
            $userData = Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath "ws-report-$PID-$Width"
            $start = [System.Diagnostics.ProcessStartInfo]::new($Program)
            $arguments = @(
                '--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', "--user-data-dir=$userData",
                "--window-size=$Width,1200"
                '--enable-logging=stderr', "--screenshot=$picture", "file:///$($report.Replace('\', '/').TrimStart('/'))"
            )
            $arguments.ForEach({ $start.ArgumentList.Add($_) })
            $start.RedirectStandardError = $true
            $process = [System.Diagnostics.Process]::Start($start)
            try {
                $log = $process.StandardError.ReadToEndAsync()
                $process.WaitForExit(2 * $patience) | Should -BeTrue
                $picture | Should -Exist
                (Get-Item -LiteralPath $picture).Length | Should -BeGreaterThan 10KB
                $log.Wait($patience) | Should -BeTrue
                # What a page says on its console is logged so.
                $log.Result | Should -Not -BeLike '*:CONSOLE*'
            } finally {
                if (-not $process.HasExited) {
                    $process.Kill($true)
                }
                $process.Dispose()
                Remove-Item -LiteralPath $userData -Recurse -Force -ErrorAction Ignore
            }
        }
    }
}
