<#
.SYNOPSIS
    Publishes a message to an MQTT 3.1.1 broker over WebSocket and emits what comes back from the broker on that topic.

.DESCRIPTION
    Shows a binary protocol on top of binary messages: CONNECT with user and password where they are given, SUBSCRIBE, PUBLISH with quality
    of service 0, the PUBLISH that the broker sends to its subscriber, DISCONNECT. Section numbers are those of the OASIS standard;
    Mqtt.psm1 makes the packets. The password goes as it is: use wss:// where anybody can listen.

.EXAMPLE
    ./examples/Send-MqttMessage.ps1 -Uri ws://localhost:9001/mqtt -Topic site/door -Message open

.EXAMPLE
    ./examples/Send-MqttMessage.ps1 -Uri wss://broker.example/mqtt -Topic site/door -Message open -Credential door
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

    [pscredential] [System.Management.Automation.Credential()] $Credential = [pscredential]::Empty,

    [int] $TimeoutSeconds = 30,

    # Further parameters of Connect-MessageWebSocket, such as a private certificate authority.
    [hashtable] $Option = @{}
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath 'WebSocket.psd1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath 'Mqtt.psm1')

$login = $Credential -eq [pscredential]::Empty ? $null : $Credential
$mqtt = Connect-Mqtt -Uri $Uri -Credential $login -TimeoutSeconds $TimeoutSeconds -Option $Option
try {
    # SUBSCRIBE (3.8) as packet 1, and its SUBACK.
    Send-MqttPacket -Connection $mqtt -Type 0x82 -Body 0, 1, $Topic, 0
    $subscribed = Receive-MqttPacket -Connection $mqtt
    if ($subscribed.Type -ne 0x90 -or $subscribed.Body[2] -eq 0x80) {
        throw "The broker refused the subscription to $Topic."
    }

    # PUBLISH (3.3), which comes back to the subscriber that this client is.
    Send-MqttPacket -Connection $mqtt -Type 0x30 -Body $Topic, ([System.Text.Encoding]::UTF8.GetBytes($Message))
    do { $packet = Receive-MqttPacket -Connection $mqtt } until (($packet.Type -band 0xF0) -eq 0x30)
    $nameEnd = 2 + ($packet.Body[0] -shl 8) + $packet.Body[1]
    [pscustomobject] @{
        Topic   = [System.Text.Encoding]::UTF8.GetString($packet.Body, 2, $nameEnd - 2)
        Message = [System.Text.Encoding]::UTF8.GetString($packet.Body, $nameEnd, $packet.Body.Length - $nameEnd)
    }

    # DISCONNECT (3.14): the broker ends the connection then, and not every broker sends a close frame first.
    Send-MqttPacket -Connection $mqtt -Type 0xE0
} finally {
    Close-MessageWebSocket -Socket $mqtt.Socket -WarningAction SilentlyContinue
}
