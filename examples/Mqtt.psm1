<#
.SYNOPSIS
    MQTT 3.1.1 over a WebSocket, for the runbook Send-MqttMessage.ps1, which imports WebSocket first: a connection, and the packets that go
    both ways. Section numbers are those of the OASIS standard.
#>

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# Connects, and logs in with CONNECT (3.1): protocol level 4, a clean session, keep-alive off, a name for this client.
function Connect-Mqtt {
    param([uri] $Uri, [pscredential] $Credential, [double] $TimeoutSeconds, [hashtable] $Option = @{})

    $socket = Connect-MessageWebSocket -Uri $Uri -SubProtocol mqtt -RequireSubProtocol @Option
    # To MQTT the messages are a stream of bytes: one may hold several packets or a piece of one (6.0). What is left of them waits here.
    $connection = [pscustomobject] @{
        Socket = $socket; Bytes = [System.Collections.Generic.List[byte]]::new(); TimeoutSeconds = $TimeoutSeconds
    }
    try {
        $login = $Credential ? @($Credential.UserName, $Credential.GetNetworkCredential().Password) : @()
        Send-MqttPacket -Connection $connection -Type 0x10 -Body (@('MQTT', 4, ($login ? 0xC2 : 2), 0, 0, "pwsh-$PID") + $login)
        $answer = Receive-MqttPacket -Connection $connection
        if ($answer.Type -ne 0x20 -or $answer.Body[1]) {
            throw "The broker refused the connection: code $($answer.Body[1])$($answer.Body[1] -in 4, 5 ? ', user and password' : '')."
        }
        $connection
    } catch {
        Close-MessageWebSocket -Socket $socket -WarningAction SilentlyContinue
        throw
    }
}

# A control packet: its type, its length in groups of seven bits (2.2.3), its body. In a body, text has its length in two bytes before
# it (1.5.3), and numbers are bytes.
function Send-MqttPacket {
    param([object] $Connection, [byte] $Type, [object[]] $Body = @())

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
    Send-WsMessage -InputObject $packet.DetachBuffer().ToArray() -Socket $Connection.Socket
}

function Receive-MqttPacket {
    param([object] $Connection)

    $type = (Read-MqttByte -Connection $Connection -Count 1)[0]
    $length = 0
    $shift = 0
    do {
        $group = (Read-MqttByte -Connection $Connection -Count 1)[0]
        $length += ($group -band 127) -shl $shift
        $shift += 7
    } while ($group -gt 127)
    [pscustomobject] @{ Type = $type; Body = Read-MqttByte -Connection $Connection -Count $length }
}

function Read-MqttByte {
    param([object] $Connection, [int] $Count)

    $bytes = $Connection.Bytes
    while ($bytes.Count -lt $Count) {
        $bytes.AddRange([byte[]] (Receive-WsMessage -Socket $Connection.Socket -TimeoutSeconds $Connection.TimeoutSeconds -Raw))
    }
    $read = $bytes.GetRange(0, $Count).ToArray()
    $bytes.RemoveRange(0, $Count)
    , $read
}

Export-ModuleMember -Function Connect-Mqtt, Send-MqttPacket, Receive-MqttPacket
