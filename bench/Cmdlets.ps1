<#
.SYNOPSIS
    Measures one thing of the module in this PowerShell for each number that comes in, that many times over, and prints
    {"seconds":…,"processor":…} each time; the Cmdlets benchmarks run it, one process for each of the things that they compare.

.DESCRIPTION
    The clock runs from before the connect when receiving, because the server starts as soon as it is connected, and until the
    server has counted all messages when sending. "processor" is what this process spent from the connect to the close, in seconds.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [ValidateSet(
        'Receive', 'ReceiveScript', 'Send', 'SendScript', 'Pipeline', 'Probe', 'ProbeScript', 'Import', 'NewEmptyModule',
        'Request', 'SendReceive', 'RequestScript', 'FromJson', 'ConvertFromJson', 'AsJson', 'ConvertToJson')]
    [string] $Measurement,

    # The module to import, or for NewEmptyModule the folder to make.
    [Parameter(Mandatory)]
    [string] $Path,

    # The raw port of the test server.
    [Parameter(Mandatory)]
    [uri] $Server,

    [int] $Size = 100
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

function Test-Total {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)]
        [long] $Actual,

        [Parameter(Mandatory)]
        [long] $Expected
    )

    if ($Actual -ne $Expected) {
        throw "$Actual of $Expected messages arrived."
    }
}

function Measure-Pipeline {
    [CmdletBinding()]
    [OutputType([double])]
    param(
        [Parameter(Mandatory)]
        [long] $Count
    )

    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $null = 1..$Count | Measure-Object
    $clock.Elapsed.TotalSeconds
}

function Measure-Receive {
    [CmdletBinding()]
    [OutputType([double])]
    param(
        [Parameter(Mandatory)]
        [long] $Count
    )

    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $socket = Connect-MessageWebSocket -Uri "${Server}flood?count=$Count&size=$Size" -NoProxy
    $received = Receive-WsMessage -Socket $socket -Count $Count | Measure-Object
    $seconds = $clock.Elapsed.TotalSeconds
    Close-MessageWebSocket -Socket $socket
    Test-Total -Actual $received.Count -Expected $Count
    $seconds
}

function Measure-Send {
    [CmdletBinding()]
    [OutputType([double])]
    param(
        [Parameter(Mandatory)]
        [long] $Count
    )

    # As lazy as 1..N: an array full of references to a young string would be looked through by every garbage collection.
    $messages = [System.Linq.Enumerable]::Repeat('x' * $Size, $Count)
    $socket = Connect-MessageWebSocket -Uri "${Server}sink" -NoProxy
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $messages | Send-WsMessage -Socket $socket
    Send-WsMessage -Socket $socket -InputObject 'count'
    $answer = Receive-WsMessage -Socket $socket -FromJson
    $seconds = $clock.Elapsed.TotalSeconds
    Close-MessageWebSocket -Socket $socket
    Test-Total -Actual $answer.messages -Expected $Count
    $seconds
}

function Measure-Probe {
    [CmdletBinding()]
    [OutputType([double])]
    param(
        [Parameter(Mandatory)]
        [long] $Count
    )

    $endpoints = [uri[]]::new($Count)
    [array]::Fill($endpoints, [uri] "${Server}echo")
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $succeeded = $endpoints | Test-WsEndpoint -NoProxy | Where-Object -Property Success | Measure-Object
    $seconds = $clock.Elapsed.TotalSeconds
    Test-Total -Actual $succeeded.Count -Expected $Count
    $seconds
}

# Connect and close; it has no ping to send. As many at once as Test-WsEndpoint.
function Measure-ProbeScript {
    [CmdletBinding()]
    [OutputType([double])]
    param(
        [Parameter(Mandatory)]
        [long] $Count
    )

    $endpoints = [uri[]]::new($Count)
    [array]::Fill($endpoints, [uri] "${Server}echo")
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $succeeded = $endpoints | ForEach-Object -ThrottleLimit 32 -Parallel {
        $cancellation = [System.Threading.CancellationToken]::None
        $socket = [System.Net.WebSockets.ClientWebSocket]::new()
        $task = $socket.ConnectAsync($_, $cancellation)
        while (-not $task.AsyncWaitHandle.WaitOne(200)) { }
        $null = $task.GetAwaiter().GetResult()
        $task = $socket.CloseAsync('NormalClosure', '', $cancellation)
        while (-not $task.AsyncWaitHandle.WaitOne(200)) { }
        $socket.Dispose()
        $_
    } | Measure-Object
    $seconds = $clock.Elapsed.TotalSeconds
    Test-Total -Actual $succeeded.Count -Expected $Count
    $seconds
}

# The two below are what the usual samples do, and nothing to make them slower or faster.

function Measure-ReceiveScript {
    [CmdletBinding()]
    [OutputType([double])]
    param(
        [Parameter(Mandatory)]
        [long] $Count
    )

    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $cancellation = [System.Threading.CancellationToken]::None
    $socket = [System.Net.WebSockets.ClientWebSocket]::new()
    $task = $socket.ConnectAsync("${Server}flood?count=$Count&size=$Size", $cancellation)
    while (-not $task.AsyncWaitHandle.WaitOne(200)) { }
    $null = $task.GetAwaiter().GetResult()

    $buffer = [byte[]]::new(4096)
    $segment = [ArraySegment[byte]]::new($buffer)
    $received = & {
        for ($i = 0; $i -lt $Count; $i++) {
            $text = ''
            do {
                $task = $socket.ReceiveAsync($segment, $cancellation)
                while (-not $task.AsyncWaitHandle.WaitOne(200)) { }
                $result = $task.GetAwaiter().GetResult()
                $text += [System.Text.Encoding]::UTF8.GetString($buffer, 0, $result.Count)
            } until ($result.EndOfMessage)

            $text
        }
    } | Measure-Object
    $seconds = $clock.Elapsed.TotalSeconds

    $task = $socket.CloseAsync('NormalClosure', '', $cancellation)
    while (-not $task.AsyncWaitHandle.WaitOne(200)) { }
    $socket.Dispose()
    Test-Total -Actual $received.Count -Expected $Count
    $seconds
}

function Measure-SendScript {
    [CmdletBinding()]
    [OutputType([double])]
    param(
        [Parameter(Mandatory)]
        [long] $Count
    )

    $message = 'x' * $Size
    $cancellation = [System.Threading.CancellationToken]::None
    $socket = [System.Net.WebSockets.ClientWebSocket]::new()
    $task = $socket.ConnectAsync("${Server}sink", $cancellation)
    while (-not $task.AsyncWaitHandle.WaitOne(200)) { }
    $null = $task.GetAwaiter().GetResult()

    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    for ($i = 0; $i -le $Count; $i++) {
        $text = if ($i -lt $Count) { $message } else { 'count' }
        $segment = [ArraySegment[byte]]::new([System.Text.Encoding]::UTF8.GetBytes($text))
        $task = $socket.SendAsync($segment, [System.Net.WebSockets.WebSocketMessageType]::Text, $true, $cancellation)
        while (-not $task.AsyncWaitHandle.WaitOne(200)) { }
        $null = $task.GetAwaiter().GetResult()
    }

    $buffer = [byte[]]::new(4096)
    $task = $socket.ReceiveAsync([ArraySegment[byte]]::new($buffer), $cancellation)
    while (-not $task.AsyncWaitHandle.WaitOne(200)) { }
    $result = $task.GetAwaiter().GetResult()
    $answer = [System.Text.Encoding]::UTF8.GetString($buffer, 0, $result.Count) | ConvertFrom-Json
    $seconds = $clock.Elapsed.TotalSeconds

    $task = $socket.CloseAsync('NormalClosure', '', $cancellation)
    while (-not $task.AsyncWaitHandle.WaitOne(200)) { }
    $socket.Dispose()
    Test-Total -Actual $answer.messages -Expected $Count
    $seconds
}

function Measure-Request {
    [CmdletBinding()]
    [OutputType([double])]
    param(
        [Parameter(Mandatory)]
        [long] $Count
    )

    $message = 'x' * $Size
    $socket = Connect-MessageWebSocket -Uri "${Server}echo" -NoProxy
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    for ($i = 0; $i -lt $Count; $i++) {
        $reply = Invoke-WsRequest $message -Socket $socket
    }
    $seconds = $clock.Elapsed.TotalSeconds
    Close-MessageWebSocket -Socket $socket
    Test-Total -Actual $reply.Data.Length -Expected $Size
    $seconds
}

function Measure-SendReceive {
    [CmdletBinding()]
    [OutputType([double])]
    param(
        [Parameter(Mandatory)]
        [long] $Count
    )

    $message = 'x' * $Size
    $socket = Connect-MessageWebSocket -Uri "${Server}echo" -NoProxy
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    for ($i = 0; $i -lt $Count; $i++) {
        Send-WsMessage $message -Socket $socket
        $reply = Receive-WsMessage -Raw -Socket $socket
    }
    $seconds = $clock.Elapsed.TotalSeconds
    Close-MessageWebSocket -Socket $socket
    Test-Total -Actual $reply.Length -Expected $Size
    $seconds
}

function Measure-RequestScript {
    [CmdletBinding()]
    [OutputType([double])]
    param(
        [Parameter(Mandatory)]
        [long] $Count
    )

    $message = 'x' * $Size
    $cancellation = [System.Threading.CancellationToken]::None
    $socket = [System.Net.WebSockets.ClientWebSocket]::new()
    $task = $socket.ConnectAsync("${Server}echo", $cancellation)
    while (-not $task.AsyncWaitHandle.WaitOne(200)) { }
    $null = $task.GetAwaiter().GetResult()

    $buffer = [ArraySegment[byte]]::new([byte[]]::new(4096))
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    for ($i = 0; $i -lt $Count; $i++) {
        $segment = [ArraySegment[byte]]::new([System.Text.Encoding]::UTF8.GetBytes($message))
        $task = $socket.SendAsync($segment, [System.Net.WebSockets.WebSocketMessageType]::Text, $true, $cancellation)
        while (-not $task.AsyncWaitHandle.WaitOne(200)) { }
        $null = $task.GetAwaiter().GetResult()

        $reply = ''
        do {
            $task = $socket.ReceiveAsync($buffer, $cancellation)
            while (-not $task.AsyncWaitHandle.WaitOne(200)) { }
            $result = $task.GetAwaiter().GetResult()
            $reply += [System.Text.Encoding]::UTF8.GetString($buffer.Array, 0, $result.Count)
        } until ($result.EndOfMessage)
    }
    $seconds = $clock.Elapsed.TotalSeconds

    $task = $socket.CloseAsync('NormalClosure', '', $cancellation)
    while (-not $task.AsyncWaitHandle.WaitOne(200)) { }
    $socket.Dispose()
    Test-Total -Actual $reply.Length -Expected $Size
    $seconds
}

# What a server of prices might say, about 100 B of JSON.
function Get-Sample {
    [CmdletBinding()]
    param()

    [pscustomobject] @{ type = 'ticker'; id = 4711; symbol = 'ETH-USD'; price = 1234.5; side = 'buy'; tags = @('a', 'b'); last = $true }
}

# From an inbox that has all messages already, so that the reading is measured and not the server.
function Measure-FromJson {
    [CmdletBinding()]
    [OutputType([double])]
    param(
        [Parameter(Mandatory)]
        [long] $Count
    )

    $text = Get-Sample | ConvertTo-Json -Compress
    $socket = Connect-MessageWebSocket -Uri "${Server}echo" -NoProxy
    [System.Linq.Enumerable]::Repeat($text, $Count) | Send-WsMessage -Socket $socket
    while ($socket.Information.MessagesQueued -lt $Count) {
        [System.Threading.Thread]::Sleep(5)
    }

    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $received = Receive-WsMessage -Socket $socket -Count $Count -FromJson | Measure-Object
    $seconds = $clock.Elapsed.TotalSeconds
    Close-MessageWebSocket -Socket $socket
    Test-Total -Actual $received.Count -Expected $Count
    $seconds
}

# Of many strings, the first of which is JSON by itself, it makes an object each.
function Measure-ConvertFromJson {
    [CmdletBinding()]
    [OutputType([double])]
    param(
        [Parameter(Mandatory)]
        [long] $Count
    )

    $texts = [System.Linq.Enumerable]::Repeat((Get-Sample | ConvertTo-Json -Compress), $Count)
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $read = $texts | ConvertFrom-Json | Measure-Object
    $seconds = $clock.Elapsed.TotalSeconds
    Test-Total -Actual $read.Count -Expected $Count
    $seconds
}

function Measure-AsJson {
    [CmdletBinding()]
    [OutputType([double])]
    param(
        [Parameter(Mandatory)]
        [long] $Count
    )

    $objects = [System.Linq.Enumerable]::Repeat((Get-Sample), $Count)
    $socket = Connect-MessageWebSocket -Uri "${Server}sink" -NoProxy
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $objects | Send-WsMessage -Socket $socket -AsJson
    Send-WsMessage -Socket $socket -InputObject 'count'
    $answer = Receive-WsMessage -Socket $socket -FromJson
    $seconds = $clock.Elapsed.TotalSeconds
    Close-MessageWebSocket -Socket $socket
    Test-Total -Actual $answer.messages -Expected $Count
    $seconds
}

# All in one array, which is the least that it can be called for.
function Measure-ConvertToJson {
    [CmdletBinding()]
    [OutputType([double])]
    param(
        [Parameter(Mandatory)]
        [long] $Count
    )

    $objects = [System.Linq.Enumerable]::Repeat((Get-Sample), $Count)
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $text = $objects | ConvertTo-Json -Compress
    $seconds = $clock.Elapsed.TotalSeconds
    Test-Total -Actual ([int] $text.EndsWith('}]')) -Expected 1
    $seconds
}

function New-EmptyModule {
    [CmdletBinding(SupportsShouldProcess)]
    param(
        [Parameter(Mandatory)]
        [string] $Path
    )

    if (-not $PSCmdlet.ShouldProcess($Path)) {
        return
    }

    $source = 'using System.Management.Automation; [Cmdlet("Get", "Nothing")] public sealed class GetNothing : PSCmdlet { }'
    $assembly = Join-Path -Path $Path -ChildPath 'EmptyModule.dll'
    if (-not (Test-Path -LiteralPath $assembly)) {
        $null = New-Item -Path $Path -ItemType Directory -Force
        Add-Type -TypeDefinition $source -OutputAssembly $assembly -OutputType Library
    }

    $exports = @{
        CmdletsToExport   = 'Get-Nothing'
        FunctionsToExport = @()
        AliasesToExport   = @()
    }
    $manifest = @{
        Path              = Join-Path -Path $Path -ChildPath 'EmptyModule.psd1'
        RootModule        = 'EmptyModule.dll'
        VariablesToExport = @()
    }
    New-ModuleManifest @manifest @exports

    # The same with one entry in each kind of file that the module has: what the engine takes for the kinds.
    Set-Content -LiteralPath (Join-Path -Path $Path -ChildPath 'WithFiles.psm1') -Value @'
$Nothing = $null
$ExecutionContext.SessionState.Module.OnRemove = { }
Export-ModuleMember -Cmdlet * -Variable Nothing
'@
    Set-Content -LiteralPath (Join-Path -Path $Path -ChildPath 'WithFiles.Types.ps1xml') -Value @'
<Types>
  <Type>
    <Name>GetNothing</Name>
    <Members><ScriptProperty><Name>Nothing</Name><GetScriptBlock>$null</GetScriptBlock></ScriptProperty></Members>
  </Type>
</Types>
'@
    Set-Content -LiteralPath (Join-Path -Path $Path -ChildPath 'WithFiles.Format.ps1xml') -Value @'
<Configuration>
  <ViewDefinitions>
    <View>
      <Name>Nothing</Name>
      <ViewSelectedBy><TypeName>GetNothing</TypeName></ViewSelectedBy>
      <ListControl>
        <ListEntries><ListEntry><ListItems><ListItem><PropertyName>Nothing</PropertyName></ListItem></ListItems></ListEntry></ListEntries>
      </ListControl>
    </View>
  </ViewDefinitions>
</Configuration>
'@
    $manifest = @{
        Path              = Join-Path -Path $Path -ChildPath 'WithFiles.psd1'
        RootModule        = 'WithFiles.psm1'
        NestedModules     = 'EmptyModule.dll'
        TypesToProcess    = 'WithFiles.Types.ps1xml'
        FormatsToProcess  = 'WithFiles.Format.ps1xml'
        VariablesToExport = 'Nothing'
    }
    New-ModuleManifest @manifest @exports
}

if ($Measurement -in 'Receive', 'Send', 'Probe', 'Request', 'SendReceive', 'FromJson', 'AsJson') {
    Import-Module -Name $Path
}

while ($null -ne ($line = [Console]::In.ReadLine())) {
    $count = [long] $line
    $before = [System.Environment]::CpuUsage.TotalTime
    $seconds = switch ($Measurement) {
        'NewEmptyModule' {
            New-EmptyModule -Path $Path
            0
        }
        'Import' {
            $clock = [System.Diagnostics.Stopwatch]::StartNew()
            Import-Module -Name $Path
            $clock.Elapsed.TotalSeconds
        }
        default { & "Measure-$Measurement" -Count $count }
    }

    $processor = ([System.Environment]::CpuUsage.TotalTime - $before).TotalSeconds
    [Console]::WriteLine((ConvertTo-Json -InputObject @{ seconds = $seconds; processor = $processor } -Compress))
}
