<#
.SYNOPSIS
    Logs in to Home Assistant, runs commands of its WebSocket interface and emits their results.

.DESCRIPTION
    The profile HomeAssistant numbers the commands. A command that fails is reported, and the next one is run.

.EXAMPLE
    $token = Read-Host -AsSecureString
    ./examples/Invoke-HomeAssistant.ps1 wss://home.example/api/websocket $token @{ type = 'get_states' } | Where-Object state -eq on

.EXAMPLE
    ./examples/Invoke-HomeAssistant.ps1 wss://home.example/api/websocket $token @{
        type = 'call_service'; domain = 'light'; service = 'turn_on'; target = @{ entity_id = 'light.hall' }
    }
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory, Position = 0)]
    [uri] $Uri,

    # A long-lived access token.
    [Parameter(Mandatory, Position = 1)]
    [securestring] $Token,

    # The commands: their type and what else they need, but for the id.
    [Parameter(Mandatory, Position = 2)]
    [System.Collections.IDictionary[]] $Command,

    [double] $TimeoutSeconds = 30
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath 'WebSocket.psd1')

$socket = Connect-MessageWebSocket -Uri $Uri -Profile HomeAssistant -OnConnected {
    $null = Receive-WsMessage -FromJson -Filter { $_.type -eq 'auth_required' }
    @{ type = 'auth'; access_token = ConvertFrom-SecureString -SecureString $Token -AsPlainText }
    $answer = Receive-WsMessage -FromJson
    if ($answer.type -ne 'auth_ok') {
        throw "The login was refused: $($answer.message)"
    }
}
try {
    foreach ($request in $Command) {
        $reply = Invoke-WsRequest -InputObject $request -AsJson -FromJson -Socket $socket -TimeoutSeconds $TimeoutSeconds
        if ($reply.type -ne 'result') {
            $reply
        } elseif ($reply.success) {
            $reply.result
        } else {
            Write-Error -Message "$($request.type): $($reply.error.message)" -ErrorId $reply.error.code -ErrorAction Continue
        }
    }
} finally {
    Close-MessageWebSocket -Socket $socket
}
