<#
.SYNOPSIS
    Runs one of three scripts in this PowerShell, as its first, and prints {"processor":…,"compiled":…,"ours":…}.

.DESCRIPTION
    "processor" is what the process has spent so far, in seconds; "compiled" how many methods the runtime has compiled, those of
    PowerShell and of the framework among them; "ours" how many of the module's, 0 without -Counter: to listen costs processor time
    and methods of its own.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [ValidateSet('Module', 'Bare', 'Empty')]
    [string] $Script,

    # The module to import.
    [Parameter(Mandatory)]
    [string] $Path,

    # The raw port of the test server.
    [Parameter(Mandatory)]
    [uri] $Server,

    # The assembly with the counter of compiled methods.
    [string] $Counter
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$count = $null
if ($Counter) {
    $null = [System.Reflection.Assembly]::LoadFrom($Counter)
    $count = [MessageWebSockets.Bench.CompiledMethods]::new('MessageWebSockets')
}

$reply = 'hello'
switch ($Script) {
    'Module' {
        Import-Module $Path
        $socket = Connect-MessageWebSocket "${Server}echo"
        Send-WsMessage 'hello'
        $reply = Receive-WsMessage -Raw
        Close-MessageWebSocket $socket
    }
    'Bare' {
        $socket = [System.Net.WebSockets.ClientWebSocket]::new()
        $socket.ConnectAsync("${Server}echo", [System.Threading.CancellationToken]::None).GetAwaiter().GetResult()
        $buffer = [ArraySegment[byte]]::new([byte[]]::new(4096))
        $message = [ArraySegment[byte]]::new([System.Text.Encoding]::UTF8.GetBytes('hello'))
        $null = $socket.SendAsync($message, 'Text', $true, [System.Threading.CancellationToken]::None).GetAwaiter().GetResult()
        $result = $socket.ReceiveAsync($buffer, [System.Threading.CancellationToken]::None).GetAwaiter().GetResult()
        $reply = [System.Text.Encoding]::UTF8.GetString($buffer.Array, 0, $result.Count)
        $null = $socket.CloseAsync('NormalClosure', '', [System.Threading.CancellationToken]::None).GetAwaiter().GetResult()
    }
}

$processor = [System.Environment]::CpuUsage.TotalTime.TotalSeconds
$compiled = [System.Runtime.JitInfo]::GetCompiledMethodCount()
if ($reply -ne 'hello') {
    throw "The reply was '$reply'."
}

$ours = if ($count) { $count.Finish() } else { 0 }
[Console]::WriteLine("{`"processor`":$processor,`"compiled`":$compiled,`"ours`":$ours}")
