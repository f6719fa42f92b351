#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# Paths do what those of Out-File and Get-Content do; what is received is in the file while more is waited for.

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer
    $name = "ws-files-$PID-$([guid]::NewGuid().ToString('N'))"
    $folder = (New-Item -ItemType Directory -Path (Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath $name)).FullName
}

AfterAll {
    Stop-LineServer -Server $server
    Get-ChildItem -LiteralPath $folder -Recurse -File | ForEach-Object { $_.IsReadOnly = $false }
    Remove-Item -LiteralPath $folder -Recurse
    Remove-Module -Name 'WebSocket'
}

Describe 'Receive-WsMessage -OutFile' {
    BeforeEach {
        $echo = Connect-MessageWebSocket (Get-Address -Path 'echo')
        Get-ChildItem -LiteralPath $folder | ForEach-Object { $_.IsReadOnly = $false; Remove-Item -LiteralPath $_.FullName -Recurse }
        Push-Location -LiteralPath $folder
    }

    AfterEach {
        Pop-Location
        Close-EverySocket
    }

    It 'has everything in the file whenever nothing further waits' {
        $following = Start-Script {
            param($Socket, $File) Receive-WsMessage -Socket $Socket -Follow -OutFile $File
        } $echo, "$folder/feed.txt"
        try {
            $expected = ''
            foreach ($text in 'one', 'two', 'three') {
                Send-WsMessage $text -Socket $echo
                $expected += ($expected ? "`n" : '') + $text
                Wait-Until {
                    (Test-Path -LiteralPath "$folder/feed.txt") -and (Get-Content -LiteralPath "$folder/feed.txt" -Raw) -ceq $expected
                }
            }
        } finally {
            Stop-Script $following
        }
    }

    It 'is relative to the location of PowerShell, through its drives' {
        $null = New-PSDrive -Name 'WsFiles' -PSProvider FileSystem -Root $folder
        try {
            'a', 'b', 'c' | Send-WsMessage
            Receive-WsMessage -OutFile './here.txt'
            Receive-WsMessage -OutFile 'WsFiles:/drive.txt'
            Receive-WsMessage -OutFile "FileSystem::$folder/provider.txt"
            Get-Content -LiteralPath "$folder/here.txt", "$folder/drive.txt", "$folder/provider.txt" | Should -Be 'a', 'b', 'c'
        } finally {
            Remove-PSDrive -Name 'WsFiles'
        }
    }

    It 'takes wildcards for one file that is there, and escaped ones for themselves' {
        Set-Content -LiteralPath 'data1.txt' -Value 'old'
        'a', 'b' | Send-WsMessage
        Receive-WsMessage -OutFile 'data[1].txt'
        Get-Content -LiteralPath 'data1.txt' | Should -Be 'a'
        Receive-WsMessage -OutFile 'data`[1`].txt'
        Get-Content -LiteralPath 'data[1].txt' | Should -Be 'b'
    }

    It 'refuses <What>, and loses no message' -ForEach @(
        @{ What = 'an item of another provider'; File = 'env:WS_TEST'; Text = '*provider Environment*'; Id = 'FileError' }
        @{ What = 'a folder'; File = '.'; Text = '*is a folder*'; Id = 'FileError' }
        @{ What = 'wildcards that stand for nothing'; File = 'none*.txt'; Text = '*no file that is there*'; Id = 'FileError' }
        @{ What = 'wildcards that stand for several files'; File = '*.dat'; Text = '*2 files*'; Id = 'FileError' }
        @{ What = 'a drive that is not there'; File = 'nodrive:/x'; Text = '*nodrive*'; Id = 'DriveNotFound' }
        @{ What = 'a character that no path has'; File = "a`0b"; Text = 'No path has a NUL character.'; Id = 'FileError' }
        @{ What = 'a folder that is not there'; File = 'none/x'; Text = '*none*'; Id = 'FileError' }
    ) {
        Set-Content -LiteralPath '1.dat', '2.dat' -Value 'old'
        Send-WsMessage 'kept'
        $failure = Get-Failure { Receive-WsMessage -OutFile $File }
        $failure.FullyQualifiedErrorId | Should -BeLike "$Id,*"
        "$failure" | Should -BeLike $Text
        (Receive-WsMessage).Text | Should -Be 'kept'
        Test-Path -LiteralPath 'WS_TEST' | Should -BeFalse
    }

    It 'leaves in the inbox, in order, what a full disk does not take' -Skip:(-not (Test-Path -LiteralPath '/dev/full')) {
        'a', 'b', 'c' | Send-WsMessage
        Wait-Queued -Socket $echo -Count 3
        foreach ($command in
            { Receive-WsMessage -Count 2 -OutFile '/dev/full' },
            { Receive-WsMessage -All -OutFile '/dev/full' },
            { Receive-WsMessage -OutFile '/dev/full' -Filter { $_.Text -eq 'b' } }) {
            $failure = Get-Failure $command
            $failure.FullyQualifiedErrorId | Should -BeLike 'FileError,*'
            "$failure" | Should -Match '[123] messages? (is|are) not in the file, but in the inbox again\.'
            $echo.Information.MessagesQueued | Should -Be 3
        }

        Receive-WsMessage -Count 3 -OutFile 'after.txt'
        Get-Content -LiteralPath 'after.txt' | Should -BeExactly 'a', 'b', 'c'
    }

    It 'keeps a file with -NoClobber' {
        Set-Content -LiteralPath 'there.txt' -Value 'old'
        Send-WsMessage 'new'
        $failure = Get-Failure { Receive-WsMessage -OutFile 'there.txt' -NoClobber }
        "$failure" | Should -BeLike '*-NoClobber*'
        $failure.CategoryInfo.Category | Should -Be 'ResourceExists'
        Receive-WsMessage -OutFile 'other.txt' -NoClobber
        Get-Content -LiteralPath 'there.txt', 'other.txt' | Should -Be 'old', 'new'
    }

    It 'is what it was before, or not there, where nothing comes: <When>' -ForEach @(
        @{ When = 'a timeout'; Given = @{ TimeoutSeconds = 0.01 } }
        @{ When = 'nothing is queued'; Given = @{ All = $true } }
        @{ When = 'a close'; Given = @{ Follow = $true }; Action = { Close-MessageWebSocket -Socket $echo } }
        @{ When = 'Ctrl+C'; Given = @{ Follow = $true }; Action = { Stop-Script $receiving } }
    ) {
        Set-Content -LiteralPath 'there.txt' -Value 'old' -NoNewline
        foreach ($with in @{ OutFile = "$folder/there.txt" }, @{ OutFile = "$folder/new.txt"; NoClobber = $true }) {
            $echo = Connect-MessageWebSocket (Get-Address -Path 'echo')
            Send-WsMessage 'left' -Socket $echo
            $asked = [System.Threading.ManualResetEventSlim]::new()
            $receiving = Start-Script {
                param($Socket, $Given, $With, $Asked)
                Receive-WsMessage -Socket $Socket -Filter { $Asked.Set(); $false } @Given @With
            } $echo, $Given, $with, $asked
            try {
                if ($Given.Follow) {
                    # The file is open by then.
                    $asked.Wait($patience) | Should -BeTrue
                    . $Action
                }
                Wait-Script $receiving
            } finally {
                $receiving.Shell.Dispose()
                $asked.Dispose()
            }
            Get-ChildItem | ForEach-Object Name | Should -Be 'there.txt'
            [System.IO.File]::ReadAllText("$folder/there.txt") | Should -BeExactly 'old'
        }
    }

    It 'gives way to the first message, an empty one too' {
        Set-Content -LiteralPath 'there.txt', 'other.txt' -Value 'much that is old'
        '', 'new' | Send-WsMessage
        Receive-WsMessage -OutFile 'there.txt'
        Receive-WsMessage -OutFile 'other.txt'
        [System.IO.File]::ReadAllText("$folder/there.txt") | Should -BeExactly ''
        [System.IO.File]::ReadAllText("$folder/other.txt") | Should -BeExactly 'new'
    }

    It 'adds to a file with -Append, text on a line of its own' {
        'a', 'b', 'c' | Send-WsMessage
        1..2 | ForEach-Object { Receive-WsMessage -OutFile 'log.txt' -Append }
        Get-Content -LiteralPath 'log.txt' -Raw | Should -BeExactly "a`nb"
        Add-Content -LiteralPath 'log.txt' -Value "`n" -NoNewline
        Receive-WsMessage -OutFile 'log.txt' -Append
        Get-Content -LiteralPath 'log.txt' -Raw | Should -BeExactly "a`nb`nc"
    }

    It 'writes to a read-only file with -Force alone, and leaves it read-only' -Skip:(
        [System.Environment]::UserName -eq 'root' -and $IsWindows) {
        Set-Content -LiteralPath 'ro.txt' -Value 'old'
        (Get-Item -LiteralPath 'ro.txt').IsReadOnly = $true
        Send-WsMessage 'new'
        Receive-WsMessage -OutFile 'ro.txt' -Force
        Get-Content -LiteralPath 'ro.txt' | Should -Be 'new'
        (Get-Item -LiteralPath 'ro.txt').IsReadOnly | Should -BeTrue
    }

    It 'is needed by -<_>' -ForEach 'Append', 'NoClobber', 'Force' {
        $given = @{ $_ = $true }
        (Get-Failure { Receive-WsMessage @given }).FullyQualifiedErrorId | Should -BeLike 'InvalidSetting,*'
    }
}

Describe 'Send-WsMessage' {
    BeforeEach {
        $echo = Connect-MessageWebSocket (Get-Address -Path 'echo')
        Push-Location -LiteralPath $folder
    }

    AfterEach {
        Pop-Location
        Close-EverySocket
    }

    It 'sends a file that says it has no length in full fragments' -Skip:(-not $IsLinux) {
        $content = [System.IO.File]::ReadAllBytes('/proc/cpuinfo')
        $said = (Get-Streams { Send-WsMessage -LiteralPath '/proc/kallsyms' -FragmentSize 100000 -Debug }).Debug -like 'sent *'
        $said[0] | Should -BeLike 'sent binary 100000 B*'
        (Receive-WsMessage).Length | Should -BeGreaterThan 100000
        Send-WsMessage -LiteralPath '/proc/version'
        (Receive-WsMessage).Text | Should -BeExactly ([System.IO.File]::ReadAllText('/proc/version'))
    }

    It 'says that a file was cut off in the middle of its message, and that the connection was closed for it' {
        $sink = Connect-MessageWebSocket (Get-Address -Path 'sink') -Name sink
        $stream = [System.IO.FileStream]::new("$folder/cut.bin", 'Create', 'ReadWrite', 'ReadWrite')
        try {
            # More than what waits on the way: a frame is told before the last of them is read.
            $stream.SetLength(64MB)
            $given = @{ LiteralPath = 'cut.bin'; Socket = $sink; FragmentSize = 1MB; ErrorAction = 'SilentlyContinue' }
            Send-WsMessage @given -Debug -ErrorVariable problem 5>&1 | ForEach-Object {
                if ($stream.Length -gt 0) {
                    $stream.SetLength(0)
                }
            }
        } finally {
            $stream.Dispose()
        }
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'FileError,*'
        "$($problem[0])" | Should -BeLike ('It was cut off while it was read: of 67108864 bytes * were there. * bytes of this message ' +
            'were sent before. A message cannot be taken back half sent, so the connection was closed; connect again.')
        $sink.State | Should -Not -Be 'Open'
    }

    It 'sends what comes through a named pipe, as text too, and nothing of what is no text' -Skip:(-not $IsLinux) {
        $pipe = Join-Path -Path $TestDrive -ChildPath 'pipe'
        foreach ($type in 'Binary', 'Utf8', 'Refused') {
            $null = mkfifo $pipe
            $written = $type -eq 'Refused' ? [byte[]] (0x61, 0xFF) : [System.Text.Encoding]::UTF8.GetBytes('grüße')
            $writing = Start-Script { [System.IO.File]::WriteAllBytes($args[0], $args[1]) } -ArgumentList $pipe, $written
            try {
                if ($type -eq 'Refused') {
                    $problem = Get-Failure { Send-WsMessage -LiteralPath $pipe -MessageType Utf8 }
                    $problem.FullyQualifiedErrorId | Should -BeLike 'InvalidMessage,*'
                    $echo.Information.MessagesSent | Should -Be 2
                } else {
                    Send-WsMessage -LiteralPath $pipe -MessageType $type
                    $message = Receive-WsMessage
                    $message.MessageType | Should -Be $type
                    $message.Text | Should -BeExactly 'grüße'
                }
                Wait-Script $writing
            } finally {
                if (-not $writing.Running.IsCompleted) {
                    # Whoever writes waits until somebody opens the other end.
                    [System.IO.File]::Open($pipe, 'Open', 'ReadWrite', 'ReadWrite').Dispose()
                }
                Remove-Item -LiteralPath $pipe
                $writing.Shell.Dispose()
            }
        }
    }

    It 'sends the content of an item of another provider with -<_>' -ForEach 'Path', 'LiteralPath' {
        $env:WS_FILES_TEST = 'grüße'
        $global:wsFilesTest = 'a', 'b'
        try {
            $given = @{ $_ = 'env:WS_FILES_TEST', 'variable:wsFilesTest' }
            Send-WsMessage @given
            $received = Receive-WsMessage -Count 2
            $received.Text | Should -Be 'grüße', "a`nb"
            $received.MessageType | Should -Be 'Utf8', 'Utf8'
        } finally {
            Remove-Item -LiteralPath 'env:WS_FILES_TEST', 'variable:wsFilesTest'
        }
    }

    It 'reports each path of -<Parameter> that is wrong and sends the others: <Bad>' -ForEach @(
        @{ Parameter = 'Path'; Bad = 'nodrive:/x'; Id = 'DriveNotFound' }
        @{ Parameter = 'LiteralPath'; Bad = 'nodrive:/x'; Id = 'DriveNotFound' }
        @{ Parameter = 'Path'; Bad = 'noprovider::/x'; Id = 'ProviderNotFound' }
        @{ Parameter = 'Path'; Bad = 'missing.txt'; Id = 'PathNotFound' }
        @{ Parameter = 'LiteralPath'; Bad = 'missing.txt'; Id = 'FileError' }
        @{ Parameter = 'LiteralPath'; Bad = '.'; Id = 'FileError' }
        @{ Parameter = 'LiteralPath'; Bad = "a`0b"; Id = 'FileError' }
        @{ Parameter = 'Path'; Bad = 'env:NO_SUCH_VARIABLE'; Id = 'PathNotFound' }
        @{ Parameter = 'LiteralPath'; Bad = 'env:NO_SUCH_VARIABLE'; Id = 'FileError' }
    ) {
        Set-Content -LiteralPath 'good.txt' -Value 'good' -NoNewline
        $given = @{ $Parameter = $Bad, 'good.txt' }
        Send-WsMessage @given -ErrorVariable problem -ErrorAction SilentlyContinue
        (Receive-WsMessage).Text | Should -Be 'good'
        $problem[0].FullyQualifiedErrorId | Should -BeLike "$Id,*"
    }

    It 'says nothing of wildcards that stand for nothing, as Get-Content' {
        Send-WsMessage -Path 'none*.txt' -ErrorAction Stop
        $echo.Sent | Should -Be 0
    }

    It 'sends a file that another program writes to' {
        $stream = [System.IO.FileStream]::new("$folder/open.txt", 'Create', 'Write', 'ReadWrite')
        try {
            $stream.Write([byte[]] (104, 105), 0, 2)
            $stream.Flush()
            Send-WsMessage -LiteralPath 'open.txt'
            (Receive-WsMessage).Text | Should -Be 'hi'
        } finally {
            $stream.Dispose()
        }
    }
}

Describe 'Integers' {
    BeforeEach { $echo = Connect-MessageWebSocket (Get-Address -Path 'echo') }

    AfterEach { Close-EverySocket }

    It 'are bytes from 0 to 255: <_>' -ForEach @(
        '(0xC0, 0)', '@(1L, [byte] 2, [uint16] 255)', '[int[]] (1, 2)', '[System.Collections.Generic.List[object]] (1, 2)',
        '[System.Collections.ArrayList] (0, 255)'
    ) {
        $value = Invoke-Expression $_
        $expected = [byte[]] $value
        (Invoke-WsRequest -InputObject $value).Bytes | Should -Be $expected
        Send-WsMessage -InputObject $value
        $message = Receive-WsMessage
        $message.Bytes | Should -Be $expected
        $message.MessageType | Should -Be 'Binary'
    }

    It 'are collected by -AsByteStream' {
        0xC0, 0, [byte] 1, 255L | Send-WsMessage -AsByteStream
        (Receive-WsMessage).Bytes | Should -Be 192, 0, 1, 255
    }

    It 'are none beyond, and nothing else is: <_>' -ForEach @(
        '(256, 0)', '(-1, 0)', '(1.5, 0)', '("1", 0)', '([char] "a", 0)', '([System.DayOfWeek]::Friday, 0)', '(1, $null)', '@()', '5'
    ) {
        $value = Invoke-Expression $_
        (Get-Failure { Invoke-WsRequest -InputObject $value }).FullyQualifiedErrorId | Should -BeLike 'UnsupportedInputObject,*'
        (Get-Failure { Send-WsMessage -InputObject $value }).FullyQualifiedErrorId | Should -BeLike 'UnsupportedInputObject,*'
    }
}

Describe 'A message' {
    BeforeAll {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo') -Name 'of-message'
        Send-WsMessage '{"a":1}'
        $message = Receive-WsMessage
    }

    AfterAll { Close-EverySocket }

    It 'goes into JSON as itself, without the settings of its socket' {
        foreach ($json in ($message | ConvertTo-Json -WarningVariable warning),
            (ConvertTo-Json -InputObject $message -WarningVariable +warning)) {
            $copy = $json | ConvertFrom-Json
            $copy.Text | Should -BeExactly '{"a":1}'
            $copy.Length | Should -Be 7
            $copy.PSObject.Properties.Name | Should -Not -Contain 'Socket'
            $json.Length | Should -BeLessThan 1000
        }
        $warning | Should -BeNullOrEmpty
        $message.Socket | Should -Be $socket
        $message.SocketName | Should -Be 'of-message'
    }

    It 'has the columns of its views as properties, a copy as well' {
        $file = Join-Path -Path $folder -ChildPath 'message.xml'
        $message | Export-Clixml -LiteralPath $file
        foreach ($one in $message, (Import-Clixml -LiteralPath $file)) {
            $one | Where-Object Type -EQ 'Utf8' | Should -HaveCount 1
            $one.Received | Should -Be $message.ReceivedAt
            $one.Complete | Should -BeTrue
            $one | Select-Object -ExpandProperty Type | Should -Be 'Utf8'
            $one.SocketName | Should -Be 'of-message'
        }
    }

    It 'has the columns of a round trip as properties' {
        $summary = Measure-WsRoundTrip -Count 2 -IntervalMilliseconds 0
        $summary.Min | Should -Be $summary.Minimum
        $summary.Max | Should -Be $summary.Maximum
    }
}
