<#
.SYNOPSIS
    Dot-sourced by what talks to RabbitMQ: starts one of Debian's for the test, with Web STOMP and nothing else.
#>

$rabbitServer = '/usr/lib/rabbitmq/bin/rabbitmq-server'
$rabbitNames = '/usr/bin/epmd'

function Test-RabbitMq {
    (Test-Path -LiteralPath $rabbitServer) -and (Test-Path -LiteralPath $rabbitNames) -and
        (Test-Path -Path '/usr/lib/rabbitmq/lib/*/plugins/rabbitmq_web_stomp-*')
}

# It takes some seconds of a processor to start. Its shell and what that starts are one tree; the daemon of Erlang's names would outlive
# it, and is started first for that.
function Start-RabbitMq {
    param([string] $Folder, [timespan] $Limit = '00:03:00')

    $null = New-Item -ItemType Directory -Path $Folder -Force
    $listeners = 1..3 | ForEach-Object { [System.Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0) }
    $listeners.ForEach({ $_.Start() })
    $ports = $listeners.ForEach({ $_.LocalEndpoint.Port })
    $listeners.ForEach({ $_.Stop() })
    Set-Content -LiteralPath "$Folder/plugins" -Value '[rabbitmq_web_stomp].'
    Set-Content -LiteralPath "$Folder/rabbit.conf" -Value @"
listeners.tcp = none
stomp.listeners.tcp = none
web_stomp.tcp.ip = 127.0.0.1
web_stomp.tcp.port = $($ports[2])
disk_free_limit.absolute = 1MB
vm_memory_high_watermark.relative = 0.9
"@
    $settings = @{
        HOME = $Folder; ERL_EPMD_ADDRESS = '127.0.0.1'
        ERL_EPMD_PORT = $ports[0]; RABBITMQ_DIST_PORT = $ports[1]; RABBITMQ_NODENAME = "websocket$PID@localhost"
        RABBITMQ_CONF_ENV_FILE = "$Folder/none"
        RABBITMQ_CONFIG_FILE = "$Folder/rabbit.conf"; RABBITMQ_ENABLED_PLUGINS_FILE = "$Folder/plugins"
        RABBITMQ_MNESIA_BASE = "$Folder/data"; RABBITMQ_LOGS = "$Folder/log"; RABBITMQ_PID_FILE = "$Folder/pid"
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS = '+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}'
    }
    $processes = foreach ($program in $rabbitNames, $rabbitServer) {
        $start = [System.Diagnostics.ProcessStartInfo]::new($program)
        $start.RedirectStandardOutput = $start.RedirectStandardError = $true
        $settings.Keys.ForEach({ $start.Environment[$_] = "$($settings[$_])" })
        $process = [System.Diagnostics.Process]::Start($start)
        $null = $process.StandardOutput.ReadToEndAsync(), $process.StandardError.ReadToEndAsync()
        $process
    }
    $rabbit = [pscustomobject] @{ Address = "ws://127.0.0.1:$($ports[2])/ws"; Processes = $processes }
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $log = "$Folder/log"
    while (-not ((Test-Path -LiteralPath $log) -and (Select-String -LiteralPath $log -Pattern 'Server startup complete' -Quiet))) {
        if ($processes[1].HasExited -or $clock.Elapsed -gt $Limit) {
            Stop-RabbitMq -Rabbit $rabbit
            throw "RabbitMQ did not start: $(Get-Content -LiteralPath "$Folder/log" -Tail 20 -ErrorAction Ignore)"
        }
        [System.Threading.Thread]::Sleep(100)
    }

    $rabbit
}

function Stop-RabbitMq {
    param($Rabbit)

    foreach ($process in $Rabbit.Processes) {
        if (-not $process.HasExited) {
            $process.Kill($true)
            $process.WaitForExit()
        }
        $process.Dispose()
    }
}
