<#
.SYNOPSIS
    Publishes a message to an MQTT 3.1.1 broker over WebSocket and emits what comes back from the broker on that topic.

.DESCRIPTION
    Shows a binary protocol on top of binary messages: CONNECT, SUBSCRIBE, PUBLISH with quality of service 0, the PUBLISH that the
    broker sends to its subscriber, DISCONNECT. Section numbers are those of the OASIS standard.

.EXAMPLE
    ./examples/Send-MqttMessage.ps1 -Uri ws://localhost:9001/mqtt -Topic site/door -Message open
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [uri] $Uri,

    [Parameter(Mandatory)]
    [string] $Topic,

    [Parameter(Mandatory)]
    [AllowEmptyString()]
    [string] $Message,

    [int] $TimeoutSeconds = 30
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath 'WebSocket.psd1')

# A control packet: its type, its length in groups of seven bits (2.2.3), its body. In a body, text has its length in two bytes before
# it (1.5.3), and numbers are bytes.
function Send-MqttPacket {
    param([byte] $Type, [object[]] $Body = @())

    $content = [MessageWebSockets.DataWriter]::new()
    foreach ($part in $Body) {
        if ($part -is [string]) {
            $content.WriteUInt16($content.MeasureString($part))
            $null = $content.WriteString($part)
        } elseif ($part -is [byte[]]) {
            $content.WriteBytes($part)
        } else {
            $content.WriteByte($part)
        }
    }

    $packet = [MessageWebSockets.DataWriter]::new()
    $packet.WriteByte($Type)
    $length = $content.UnstoredBufferLength
    do {
        $packet.WriteByte(($length -band 127) -bor ($length -gt 127 ? 128 : 0))
        $length = $length -shr 7
    } while ($length)
    $packet.WriteBuffer($content.DetachBuffer())
    Send-WsMessage -InputObject $packet.DetachBuffer().ToArray() -Socket $socket
}

# A message may hold several packets or a piece of one (6.0): to MQTT it is a stream of bytes.
function Read-MqttByte {
    param([int] $Count)

    while ($stream.Count -lt $Count) {
        $stream.AddRange([byte[]] (Receive-WsMessage -Socket $socket -TimeoutSeconds $TimeoutSeconds -Raw))
    }
    $bytes = $stream.GetRange(0, $Count).ToArray()
    $stream.RemoveRange(0, $Count)
    , $bytes
}

function Receive-MqttPacket {
    $type = (Read-MqttByte -Count 1)[0]
    $length = 0
    $shift = 0
    do {
        $group = (Read-MqttByte -Count 1)[0]
        $length += ($group -band 127) -shl $shift
        $shift += 7
    } while ($group -gt 127)
    [pscustomobject] @{ Type = $type; Body = Read-MqttByte -Count $length }
}

$stream = [System.Collections.Generic.List[byte]]::new()
$socket = Connect-MessageWebSocket -Uri $Uri -SubProtocol mqtt
try {
    if ($socket.Protocol -ne 'mqtt') {
        throw "$Uri did not agree to the subprotocol mqtt: is there an MQTT broker behind it?"
    }

    # CONNECT (3.1): protocol level 4, a clean session, keep-alive off, a name for this client.
    Send-MqttPacket -Type 0x10 -Body 'MQTT', 4, 2, 0, 0, "pwsh-$PID"
    $accepted = Receive-MqttPacket
    if ($accepted.Type -ne 0x20 -or $accepted.Body[1] -ne 0) {
        throw "The broker refused the connection: code $($accepted.Body[1])."
    }

    # SUBSCRIBE (3.8) as packet 1, and its SUBACK.
    Send-MqttPacket -Type 0x82 -Body 0, 1, $Topic, 0
    $subscribed = Receive-MqttPacket
    if ($subscribed.Type -ne 0x90 -or $subscribed.Body[2] -eq 0x80) {
        throw "The broker refused the subscription to $Topic."
    }

    # PUBLISH (3.3), which comes back to the subscriber that this client is.
    Send-MqttPacket -Type 0x30 -Body $Topic, ([System.Text.Encoding]::UTF8.GetBytes($Message))
    do {
        $packet = Receive-MqttPacket
    } until (($packet.Type -band 0xF0) -eq 0x30)
    $nameEnd = 2 + ($packet.Body[0] -shl 8) + $packet.Body[1]
    [pscustomobject] @{
        Topic   = [System.Text.Encoding]::UTF8.GetString($packet.Body, 2, $nameEnd - 2)
        Message = [System.Text.Encoding]::UTF8.GetString($packet.Body, $nameEnd, $packet.Body.Length - $nameEnd)
    }

    # DISCONNECT (3.14): the broker ends the connection then, and not every broker sends a close frame first.
    Send-MqttPacket -Type 0xE0
} finally {
    Close-MessageWebSocket -Socket $socket -WarningAction SilentlyContinue
}
