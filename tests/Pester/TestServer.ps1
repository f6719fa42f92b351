<#
.SYNOPSIS
    Dot-sourced by the test files: imports the built module and starts the test server, as a program of its own.
#>

$repository = Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath '..' -Resolve

# What holds a test up for longer is a fault: no test waits for anything but an event.
$patience = [timespan]::FromSeconds(60)

function Import-TestedModule {
    Import-Module -Name (Join-Path -Path $repository -ChildPath 'WebSocket.psd1') -Global -ErrorAction Stop
}

# Starts a program that prints one line when it is ready and ends when its standard input does.
function Start-LineServer {
    param([string] $FilePath, [string[]] $ArgumentList, [hashtable] $Environment = @{})

    $start = [System.Diagnostics.ProcessStartInfo]::new($FilePath)
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $ArgumentList.ForEach({ $start.ArgumentList.Add($_) })
    foreach ($name in $Environment.Keys) {
        $start.Environment[$name] = $Environment[$name]
    }

    $process = [System.Diagnostics.Process]::Start($start)
    $line = $process.StandardOutput.ReadLineAsync()
    if (-not $line.Wait($patience) -or -not $line.Result) {
        $process.Kill($true)
        throw "$FilePath $ArgumentList did not say that it is ready."
    }

    [pscustomobject] @{ Process = $process; Line = $line.Result }
}

function Stop-LineServer {
    param($Server)

    if ($Server) {
        $Server.Process.StandardInput.Close()
        if (-not $Server.Process.WaitForExit($patience)) {
            $Server.Process.Kill($true)
        }

        $Server.Process.Dispose()
    }
}

# The addresses of the test server, with the process behind them.
function Start-TestServer {
    param([string[]] $ArgumentList = @())

    $program = Get-ChildItem -Path (Join-Path -Path $repository -ChildPath 'artifacts/bin/TestServer/*/MessageWebSockets.TestServer.dll') |
        Sort-Object -Property LastWriteTime | Select-Object -Last 1
    if (-not $program) {
        throw 'The test server is not built: dotnet build tests/TestServer'
    }

    $server = Start-LineServer -FilePath 'dotnet' -ArgumentList (@($program.FullName) + $ArgumentList)
    $addresses = $server.Line | ConvertFrom-Json
    $addresses | Add-Member -NotePropertyName 'Process' -NotePropertyValue $server.Process -PassThru
}

# An address below the server's: Get-Address echo.
function Get-Address {
    param([string] $Path, [switch] $Secure)

    "$($Secure ? $server.wss : $server.ws)$Path"
}

# The error a command ends in or reports; a command without an error fails the test.
function Get-Failure {
    param([scriptblock] $Command)

    $ErrorActionPreference = 'Stop'
    try {
        $null = & $Command
    } catch {
        return $_
    }

    throw "There was no error: $Command"
}

# What is said on each stream while a command runs.
function Get-Streams {
    param([scriptblock] $Command)

    $all = @(& $Command *>&1)
    [pscustomobject] @{
        Output  = @($all | Where-Object {
            $_ -isnot [System.Management.Automation.InformationalRecord] -and $_ -isnot [System.Management.Automation.ErrorRecord]
        })
        Error   = @($all | Where-Object { $_ -is [System.Management.Automation.ErrorRecord] })
        Warning = @($all | Where-Object { $_ -is [System.Management.Automation.WarningRecord] })
        Verbose = @($all | Where-Object { $_ -is [System.Management.Automation.VerboseRecord] })
        Debug   = @($all | Where-Object { $_ -is [System.Management.Automation.DebugRecord] })
    }
}

# Waits until another thread has brought something about.
function Wait-Until {
    param([scriptblock] $Condition)

    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    while (-not (& $Condition)) {
        if ($clock.Elapsed -gt $patience) {
            throw "This did not come about: $Condition"
        }

        # Watching all the time would take a processor from what is waited for.
        [System.Threading.Thread]::Sleep(2)
    }
}

# Starts a script in a runspace of its own, where the module is imported: $args has what it is given.
function Start-Script {
    param([scriptblock] $Script, [object[]] $ArgumentList = @())

    $shell = [powershell]::Create()
    $null = $shell.AddScript('Import-Module -Name $args[0]').AddArgument("$repository/WebSocket.psd1").Invoke()
    $shell.Commands.Clear()
    $null = $shell.AddScript($Script.ToString())
    $ArgumentList.ForEach({ $null = $shell.AddArgument($_) })
    $output = [System.Management.Automation.PSDataCollection[psobject]]::new()
    $running = $shell.BeginInvoke([System.Management.Automation.PSDataCollection[psobject]] $null, $output)
    [pscustomobject] @{ Shell = $shell; Output = $output; Streams = $shell.Streams; Running = $running }
}

# Waits for a started script to end by itself.
function Wait-Script {
    param($Started)

    if (-not $Started.Running.AsyncWaitHandle.WaitOne($patience)) {
        throw 'The script did not end.'
    }
}

# Stops a started script as Ctrl+C does; it has to end at once.
function Stop-Script {
    param($Started)

    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $stopping = $Started.Shell.BeginStop($null, $null)
    if (-not $stopping.AsyncWaitHandle.WaitOne($patience)) {
        throw 'The script did not stop.'
    }

    $Started.Shell.EndStop($stopping)
    $Started.Running.IsCompleted | Should -BeTrue
    # Every wait that is tested so is one of a minute or without an end.
    $clock.Elapsed.TotalSeconds | Should -BeLessThan 10
}

# Waits until everything a server sends at once is queued, by a ping: its pong comes behind the messages.
function Wait-Queued {
    param($Socket, [int] $Count)

    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    while ($Socket.Queued -lt $Count) {
        if ($clock.Elapsed -gt $patience) {
            throw "Only $($Socket.Queued) of $Count messages arrived."
        }

        $null = $Socket.PingAsync().GetAwaiter().GetResult()
    }
}

function Close-EverySocket {
    Get-MessageWebSocket | Close-MessageWebSocket -TimeoutSeconds 1 -WarningAction SilentlyContinue
    $WsSession.RequestHeaders.Clear()
}
