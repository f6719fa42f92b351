#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# JSON is what PowerShell says it is: -FromJson and -AsJson beside ConvertFrom-Json and ConvertTo-Json, and JSON-RPC.

BeforeDiscovery {
    $texts = @(
        '', ' ', 'null', 'true', '1', '1.0', '1e2', '-1e-7', '1e400', '01', '0x10', '12345678901234567890', '123456789012345678.5', 'NaN',
        '-Infinity', 'undefined'
        '"text"', '"cut \ud83d"', '{"t":"cut \ud83d"}', '"\ud83d\ude00"', '"\u0000"', "'single'", '{a:1}', "{'a':1}",
            '/* so */ 1', '"a" // so'
        '"2026-11-22T10:00:00Z"', '"2026-11-22T10:00:00+02:00"', '"2026-11-22"', '"0001-01-01T00:00:00+14:00"', '"/Date(1)/"',
            '"/Date(9999999999999999)/"'
        '[]', '[1,]', '[,]', '[[1],[2]]', '[{"a":1},{"a":2}]', '[1', '[1]x', '1 2', 'new Date(1)', '-'
        '{}', '{"a":1,}', '{"a":1,"a":2}', '{"a":1,"A":2}', '{"":1}', '{"a":{"":1}}', '{"psobject":1}', '{"Count":1,"Length":2,"Keys":3}',
            '{"$ref":"1"}', '{"a":1', '{"a":1}}'
        (('[' * 100) + (']' * 100)), (('[' * 1025) + (']' * 1025)), (('{"a":' * 500) + '1' + ('}' * 500)), "$([char] 0xFEFF){}",
            ('9' * 380), ('9' * 381)
    ).ForEach({ @{ Json = $_; Shown = $_.Length -gt 40 ? $_.Substring(0, 40) : $_ } })

    Add-Type -TypeDefinition @'
namespace JsonTests {
    public class Item
    {
        public string Name { get; set; } = "x";
        public int Field = 4;
        public System.DayOfWeek Day { get; set; } = System.DayOfWeek.Friday;
        public string Broken => throw new System.InvalidOperationException();
    }
}
'@
    $circle = @{ name = 'circle' }
    $circle.self = $circle
    $values = @(
        @{ What = 'null'; Value = $null }
        @{ What = 'a string with all that is escaped'; Value = "a`"\/`b`f`n`r`t`0<>&'é$([char] 0xD83D)$([char] 0x2028)" }
        @{ What = 'numbers'; Value = 1, -2.5, 1e300, ([decimal] '1.10'), ([bigint] '123456789012345678901234567890'), [double]::NaN,
            [double]::PositiveInfinity, ([byte] 7), [long]::MinValue }
        @{
            What = 'dates'
            Value = [datetime]::new(2026, 1, 2, 3, 4, 5, [System.DateTimeKind]::Utc),
                [datetime]::new(2026, 1, 2, 3, 4, 5, [System.DateTimeKind]::Unspecified),
                [datetimeoffset]::new(2026, 1, 2, 3, 4, 5, [timespan]::FromHours(2)), [timespan]::FromSeconds(1.5)
        }
        @{ What = 'enums'; Value = [System.DayOfWeek]::Friday, [System.IO.FileAccess]::ReadWrite }
        @{ What = 'a guid, an address and a version'; Value = [guid]::Empty, [uri] 'http://a/b?c=d', [version] '1.2' }
        @{ What = 'a switch and a character'; Value = [switch] $true, [char] 'x' }
        @{ What = 'a hashtable'; Value = [ordered] @{ a = 1; B = @{ c = @(1, $null) } } }
        @{
            What = 'an object with properties of PowerShell'
            Value = [pscustomobject] @{ a = 1; b = 'x' } | Add-Member -NotePropertyName 'c' -NotePropertyValue 2 -PassThru |
                Add-Member -MemberType ScriptProperty -Name 'd' -Value { $this.a + 1 } -PassThru
        }
        @{ What = 'an object of .NET'; Value = [JsonTests.Item]::new() }
        @{
            What = 'an object of .NET with properties of PowerShell'
            Value = [JsonTests.Item]::new() | Add-Member -NotePropertyName 'Extra' -NotePropertyValue 1 -PassThru
        }
        @{
            What = 'a string with properties of PowerShell'
            Value = 'x' | Add-Member -NotePropertyName 'Extra' -NotePropertyValue 1 -PassThru
        }
        @{ What = 'a file'; Value = Get-Item -LiteralPath $PSCommandPath }
        @{ What = 'what goes too deep'; Value = $circle }
        @{ What = 'a byte array'; Value = [byte[]] (1, 2) }
        @{ What = 'an empty array'; Value = @() }
        @{ What = 'a script block'; Value = { Get-Date } }
        @{ What = 'DBNull'; Value = [System.DBNull]::Value }
        @{ What = 'keys that are no strings'; Value = @{ 1 = 'a' } }
    )
}

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer

    # What a command emits, with types, or that it fails.
    function Get-Outcome {
        param([scriptblock] $Command)

        try {
            $values = @(& $Command)
        } catch {
            return "error $($_.FullyQualifiedErrorId -replace ',.*')"
        }

        $types = foreach ($value in $values) {
            $null -eq $value ? 'null' : "$($value.GetType())"
        }
        "$($values.Count) $types $($values | ConvertTo-Json -Depth 100 -Compress -WarningAction Ignore)"
    }
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket'
}

Describe '-FromJson' {
    BeforeAll { $null = Connect-MessageWebSocket (Get-Address -Path 'echo') }

    AfterAll { Close-EverySocket }

    It 'is what ConvertFrom-Json is for <Shown>' -ForEach $texts {
        $expected = Get-Outcome { ConvertFrom-Json -InputObject $Json }
        $expectedTable = Get-Outcome { ConvertFrom-Json -InputObject $Json -AsHashtable }
        $expected, $expectedTable = $expected, $expectedTable -replace '^error .*', 'error InvalidJson'
        1..4 | ForEach-Object { Send-WsMessage $Json }
        Get-Outcome { Receive-WsMessage -FromJson -ErrorAction Stop } | Should -BeExactly $expected
        Get-Outcome { Receive-WsMessage -AsHashtable -ErrorAction Stop } | Should -BeExactly $expectedTable
        $null = Receive-WsMessage -Count 2
        Get-Outcome { Invoke-WsRequest $Json -FromJson -ErrorAction Stop } | Should -BeExactly $expected
        Get-Outcome { Invoke-WsRequest $Json -FromJson -AsHashtable -ErrorAction Stop } | Should -BeExactly $expectedTable
    }

    It 'reports <What> with the message, and goes on' -ForEach @(
        @{ What = 'bytes that are not UTF-8'; Message = [byte[]] (0x7B, 0x22, 0x74, 0x22, 0x3A, 0x22, 0x63, 0x61, 0x66, 0xE9, 0x22, 0x7D) }
        @{ What = 'half a character at the end'; Message = [byte[]] (0x22, 0xC3) }
        @{ What = 'a date beyond all dates'; Message = [System.Text.Encoding]::ASCII.GetBytes('"/Date(9999999999999999)/"') }
        @{ What = 'a reserved name'; Message = [System.Text.Encoding]::ASCII.GetBytes('{"psobject":1}') }
        @{ What = 'a number of 4 million digits'; Message = [System.Text.Encoding]::ASCII.GetBytes('9' * 4000000) }
    ) {
        Send-WsMessage '{"n":1}'
        Send-WsMessage -InputObject $Message
        Send-WsMessage '{"n":2}'
        $good = Receive-WsMessage -Count 3 -FromJson -ErrorVariable problem -ErrorAction SilentlyContinue
        $good.n | Should -Be 1, 2
        $problem | Should -HaveCount 1
        $problem[0].FullyQualifiedErrorId | Should -BeExactly 'InvalidJson,MessageWebSockets.PowerShell.ReceiveWsMessageCommand'
        $problem[0].TargetObject.Length | Should -Be $Message.Length
        "$($problem[0])".Length | Should -BeLessThan 1000
    }

    It 'says of names that differ in case only what ConvertFrom-Json says' {
        Send-WsMessage '{"a":1,"A":2}'
        "$(Get-Failure { Receive-WsMessage -FromJson })" | Should -BeLike '*-AsHashTable*'
    }

    It 'lets a -ReplyFilter pass over what cannot be read' {
        Send-WsMessage -InputObject ([byte[]] (0x22, 0xE9, 0x22))
        Send-WsMessage '{"t":"cut \ud83d"}'
        (Invoke-WsRequest '{"id":1}' -FromJson -ReplyFilter { $_.id -eq 1 } -TimeoutSeconds 20).id | Should -Be 1
        (Receive-WsMessage -All).Count | Should -Be 2
    }

    It 'gives -ReplyFilter a hashtable with -AsHashtable' {
        $reply = Invoke-WsRequest '{"id":1,"ID":2}' -AsHashtable -ReplyFilter { $_['ID'] -eq 2 } -TimeoutSeconds 20
        $reply | Should -BeOfType 'System.Collections.Hashtable'
        $reply['id'] | Should -Be 1
    }

    It 'cannot go with -Raw or -OutFile' {
        (Get-Failure { Receive-WsMessage -AsHashtable -Raw }).FullyQualifiedErrorId | Should -BeLike 'ParameterConflict,*'
        (Get-Failure { Receive-WsMessage -AsHashtable -OutFile 'x' }).FullyQualifiedErrorId | Should -BeLike 'ParameterConflict,*'
    }
}

Describe '-AsJson' {
    BeforeAll { $null = Connect-MessageWebSocket (Get-Address -Path 'echo') }

    AfterAll { Close-EverySocket }

    It 'is what ConvertTo-Json -Compress is for <What>' -ForEach $values {
        $expected = try {
            $common = @{ WarningVariable = 'expectedWarnings'; WarningAction = 'SilentlyContinue'; ErrorAction = 'Stop' }
            ConvertTo-Json -InputObject $Value -Compress -Depth 3 @common
        } catch {
            $null
        }
        if ($null -eq $expected) {
            $failure = Get-Failure { Send-WsMessage -InputObject $Value -AsJson -Depth 3 }
            $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidMessage,*'
            (Get-Failure { Invoke-WsRequest -InputObject $Value -AsJson -Depth 3 }).FullyQualifiedErrorId |
                Should -BeLike 'InvalidMessage,*'
            (Get-Failure { Invoke-WsRequest -JsonRpc 'x' -Params $Value -Depth 3 }).FullyQualifiedErrorId |
                Should -BeLike 'InvalidMessage,*'
            return
        }

        # Half a surrogate pair has no UTF-8 form.
        $isText = $expected -notmatch '[\uD800-\uDFFF]'
        if ($isText) {
            Send-WsMessage -InputObject $Value -AsJson -Depth 3 -WarningVariable warnings -WarningAction SilentlyContinue
            (Receive-WsMessage).Text | Should -BeExactly $expected
            "$warnings" | Should -BeExactly "$expectedWarnings"
            (Invoke-WsRequest -InputObject $Value -AsJson -Depth 3 -WarningAction SilentlyContinue).Text | Should -BeExactly $expected
        } else {
            (Get-Failure { Send-WsMessage -InputObject $Value -AsJson }).FullyQualifiedErrorId | Should -BeLike 'InvalidMessage,*'
        }
    }

    It 'is what ConvertTo-Json -Compress is for what comes through the pipeline' {
        $values = @(Get-Item -LiteralPath $PSCommandPath), @([pscustomobject] @{ a = 1 }),
            @('x' | Add-Member -NotePropertyName 'n' -NotePropertyValue 1 -PassThru)
        foreach ($value in $values) {
            $value | Send-WsMessage -AsJson -Depth 1 -WarningAction SilentlyContinue
            (Receive-WsMessage).Text | Should -BeExactly ($value | ConvertTo-Json -Compress -Depth 1 -WarningAction SilentlyContinue)
        }
    }

    It 'warns of what goes too deep as -WarningAction says, and sends nothing when that ends it' {
        $socket = Get-MessageWebSocket
        $sent = $socket.Sent
        { Send-WsMessage @{ a = @{ b = 1 } } -AsJson -Depth 0 -WarningAction Stop } | Should -Throw
        $socket.Sent | Should -Be $sent
    }

    It 'sends the others when one object of a pipeline has no JSON' {
        'a', @{ 1 = 'x' }, 'b' | Send-WsMessage -AsJson -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem | Should -HaveCount 1
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'InvalidMessage,*'
        (Receive-WsMessage -Count 2).Text | Should -Be '"a"', '"b"'
    }
}

Describe 'JSON-RPC' {
    BeforeAll {
        # Answers each request with the texts that its parameters have, the request's id in place of ID.
        $echo = Start-WsEchoServer -Handler {
            $request = $_.Text | ConvertFrom-Json
            $request.params.ForEach({ $_.Replace('ID', "$($request.id)") })
        }
        $socket = Connect-MessageWebSocket $echo.Uri
    }

    AfterAll {
        Close-EverySocket
        Stop-WsEchoServer -Server $echo
    }

    It 'takes a result nested <Depth> deep' -ForEach @{ Depth = 64 }, @{ Depth = 500 } {
        $reply = '{"id":ID,"result":' + ('{"a":' * $Depth) + '1' + ('}' * $Depth) + '}'
        $result = Invoke-WsRequest -JsonRpc 'deep' -Params @($reply) -TimeoutSeconds 20 -ErrorAction Stop
        foreach ($level in 1..$Depth) {
            $result = $result.a
        }
        $result | Should -Be 1
    }

    It 'compares ids as JSON values: <Reply>' -ForEach @(
        @{ Reply = '{"id":ID.0,"result":"yes"}' }
        @{ Reply = '{"id":IDe0,"result":"yes"}' }
        @{ Reply = '{"\u0069d":ID,"result":"yes"}' }
        @{ Reply = ' { "result" : "yes" , "id" : ID } ' }
        @{ Reply = '{"id":ID,"result":"yes","method":null,"error":null}' }
        @{ Reply = '{"id":ID,"\ud83d":1,"result":"yes"}' }
        @{ Reply = '{"id":-1,"id":ID,"result":"yes"}' }
        @{ Reply = '{"id":ID,"result":"yes","Error":1,"METHOD":"x","Id":7}' }
    ) {
        Invoke-WsRequest -JsonRpc 'x' -Params @($Reply) -TimeoutSeconds 20 -ErrorAction Stop | Should -BeExactly 'yes'
    }

    It 'takes no other message for the reply: <Other>' -ForEach @(
        @{ Other = '{"id":"ID","result":1}' }
        @{ Other = '{"id":ID.5,"result":1}' }
        @{ Other = '{"id":ID,"method":"x"}' }
        @{ Other = '{"ID":ID,"result":1}' }
        @{ Other = '{"Id":ID,"result":1}' }
        @{ Other = '{"id":null,"result":1}' }
        @{ Other = '{"result":1}' }
        @{ Other = '[{"id":ID,"result":1}]' }
        @{ Other = 'ID' }
        @{ Other = '{"id":ID,"result":1' }
        @{ Other = '{"id":ID,"result":1} 2' }
        @{ Other = '{"id":ID,"\ud83d":\ud83d}' }
    ) {
        Invoke-WsRequest -JsonRpc 'x' -Params @($Other, '{"id":ID,"result":"yes"}') -TimeoutSeconds 20 -ErrorAction Stop |
            Should -BeExactly 'yes'
        (Receive-WsMessage -All).Count | Should -Be 1
    }

    It 'takes an error without an id for the one request that waits: <Reply>' -ForEach @(
        @{ Reply = '{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"},"id":null}' }
        @{ Reply = '{"error":{"code":-32700,"message":"Parse error"}}' }
    ) {
        $failure = Get-Failure { Invoke-WsRequest -JsonRpc 'x' -Params @($Reply) -TimeoutSeconds 20 }
        $failure.FullyQualifiedErrorId | Should -BeLike 'JsonRpcError,*'
        "$failure" | Should -BeLike "*'x'*-32700: Parse error*"
        $failure.TargetObject.code | Should -Be -32700
    }

    It 'leaves an error without an id in the inbox while two requests wait' {
        $held = Start-WsEchoServer -Handler {
            # The first request is answered with the second, behind an error of neither.
            $request = $_.Text | ConvertFrom-Json
            if ($request.method -eq 'second') {
                '{"error":{"code":1},"id":null}'
                1..2 | ForEach-Object { "{""id"":$_,""result"":$_}" }
            }
        }
        $both = Connect-MessageWebSocket $held.Uri -Name 'both'
        try {
            $first = Start-Script { param($Socket) Invoke-WsRequest -JsonRpc 'first' -Socket $Socket -TimeoutSeconds 50 } $both
            Wait-Until { $both.Sent -eq 1 }
            Invoke-WsRequest -JsonRpc 'second' -Socket $both -TimeoutSeconds 50 -ErrorAction Stop | Should -Be 2
            Wait-Script $first
            $first.Output | Should -Be 1
            (Receive-WsMessage -Socket $both -All).Text | Should -BeLike '*"code":1*'
        } finally {
            Close-MessageWebSocket $both
            Stop-WsEchoServer -Server $held
        }
    }

    It 'has all of an error: <Reply>' -ForEach @(
        @{
            Reply = '{"id":ID,"error":{"code":-32000,"message":"Error","data":"file not found"}}'
            Text = "*with error -32000: Error Data: file not found"
        }
        @{ Reply = '{"id":ID,"error":{"code":-32000,"message":"Error","data":{"path":"/a"}}}'; Text = '*-32000: Error Data: {"path":"/a"}' }
        @{ Reply = '{"id":ID,"error":{"code":-32000,"message":"Error","data":null}}'; Text = '*-32000: Error' }
        @{ Reply = '{"id":ID,"error":{"message":"no code"}}'; Text = '*with error no code' }
        @{ Reply = '{"id":ID,"error":"plain"}'; Text = '*with error "plain"' }
        @{ Reply = '{"id":ID,"error":false,"result":1}'; Text = '*with error false' }
        @{ Reply = '{"id":ID,"error":{"code":1,"message":"\u001b[31mred"}}'; Text = '*1: \e`[31mred' }
        @{ Reply = '{"id":ID,"error":{"code":1,"message":"m","data":"\u001b[31mred"}}'; Text = '*1: m Data: \e`[31mred' }
        @{ Reply = '{"id":ID,"error":{"code":1,"message":"m","data":{"x":"\u001b[31mred"}}}'; Text = '*1: m Data: *' }
    ) {
        $failure = Get-Failure { Invoke-WsRequest -JsonRpc 'x' -Params @($Reply) -TimeoutSeconds 20 }
        $failure.FullyQualifiedErrorId | Should -BeLike 'JsonRpcError,*'
        "$failure" | Should -BeLike $Text
        ($failure | Get-Error | Out-String) | Should -Not -Match "`e\[31mred"
        ($failure.TargetObject | ConvertTo-Json -Compress) |
            Should -BeExactly (($Reply -replace 'ID', '1' | ConvertFrom-Json).error | ConvertTo-Json -Compress)
    }

    It 'shows nothing of an error raw, however deep it is, and keeps what was sent: <Data>' -ForEach @(
        @{ Data = '["ESC",["ESC",[["b"]]],{"x":"ESC"},{"x":["ESC"]}]' }
        @{ Data = '{"x":{"y":"ESC"},"z":[{"y":"ESC","n":1}],"ESC":1}' }
    ) {
        # No colour, which is taken out of a text without colours.
        $json = $Data.Replace('ESC', '\u001b]0;red')
        $parts = """code"":$json,""message"":""m"",""data"":$json"
        foreach ($form in @{}, @{ AsHashtable = $true }) {
            # The whole error is a list for the hashtable, which is no JSON-RPC.
            $problem = $form.Count ? "[{$parts}]" : "{$parts}"
            $failure = Get-Failure {
                Invoke-WsRequest -JsonRpc 'x' -Params @("{""id"":ID,""error"":$problem}") -TimeoutSeconds 20 @form
            }
            $failure.FullyQualifiedErrorId | Should -BeLike 'JsonRpcError,*'
            $views = @(
                $failure, $failure.Exception | Format-List * -Force
                $failure.Exception.ErrorData, $failure.Exception.Code | Format-List
                Get-Error -InputObject $failure
                "$failure", "$($failure.TargetObject)", "$($failure.Exception.ErrorData)"
            ) | Out-String
            $views | Should -BeLike '*u001b]0;red*'
            $views | Should -Not -Match "`e\]"
            if (-not $form.Count) {
                $failure.Exception.PSBase.ErrorData, $failure.Exception.PSBase.Code |
                    ForEach-Object { ConvertTo-Json -InputObject $_ -Compress -Depth 9 } |
                    Should -BeExactly @(@($json | ConvertFrom-Json -NoEnumerate | ConvertTo-Json -Compress -Depth 9) * 2)
            }
        }
    }

    It 'has the parts of an error as they were sent where no text in them needs an escape: <Data>' -ForEach @(
        @{ Data = '[["b"]]' }
        @{ Data = '[]' }
        @{ Data = '{"x":{"y":"a\nb"},"z":[{}]}' }
    ) {
        $failure = Get-Failure { Invoke-WsRequest -JsonRpc 'x' -Params @("{""id"":ID,""error"":{""data"":$Data}}") -TimeoutSeconds 20 }
        [object]::ReferenceEquals($failure.Exception.ErrorData, $failure.Exception.PSBase.ErrorData) | Should -BeTrue
        ConvertTo-Json -InputObject $failure.Exception.ErrorData -Compress -Depth 9 | Should -BeExactly $Data
    }

    It 'emits a result whose names differ in case only with -AsHashtable, and says so without' {
        $reply = '{"id":ID,"result":{"a":1,"A":2}}'
        $failure = Get-Failure { Invoke-WsRequest -JsonRpc 'x' -Params @($reply) -TimeoutSeconds 20 }
        $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidJson,*'
        $failure.TargetObject.Text | Should -BeLike '*"A":2*'
        (Invoke-WsRequest -JsonRpc 'x' -Params @($reply) -TimeoutSeconds 20 -AsHashtable)['A'] | Should -Be 2
    }

    It 'says in a timeout how many messages wait, and how many were no JSON' {
        $failure = Get-Failure { Invoke-WsRequest -JsonRpc 'x' -Params 'plain text', '{"method":"event"}' -TimeoutSeconds 1.5 }
        $failure.FullyQualifiedErrorId | Should -BeLike 'ReplyTimeout,*'
        "$failure" | Should -BeLike '*within 1.5 s*2 messages wait in the inbox. Of what came meanwhile, 1 was no JSON.'
        $null = Receive-WsMessage -All
        "$(Get-Failure { Invoke-WsRequest '{"params":[]}' -TimeoutSeconds 0.2 })" | Should -BeLike '*Nothing else came.'
    }
}

Describe 'A PowerShell that has other methods for JSON' {
    It 'is told in words: <Type>' -ForEach @(
        @{ Type = $null; Text = '*no Microsoft.PowerShell.Commands.JsonObject in Microsoft.PowerShell.Commands.Utility*' }
        @{ Type = [string]; Text = '*JsonObject.ConvertToJsonContext of the form*' }
    ) {
        $binder = [MessageWebSockets.PowerShell.WsSession].Assembly.GetType(
            'MessageWebSockets.PowerShell.Messages.PowerShellJson').GetMethod('Bind', [System.Reflection.BindingFlags] 'NonPublic, Static')
        $failure = Get-Failure { $binder.Invoke($null, @($Type)) }
        $failure.Exception.GetBaseException() | Should -BeOfType 'System.NotSupportedException'
        $failure.Exception.GetBaseException().Message | Should -BeLike $Text
    }
}
