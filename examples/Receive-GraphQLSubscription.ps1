<#
.SYNOPSIS
    Follows a GraphQL subscription and emits the data of each result, also after the server was gone.

.DESCRIPTION
    Speaks graphql-transport-ws. The script that subscribes runs after each connect, so that a reconnect does the same again; nothing else
    knows of it. Ends when the server completes the subscription; Ctrl+C, or a pipeline that has enough, ends it before.

.EXAMPLE
    ./examples/Receive-GraphQLSubscription.ps1 ws://localhost:4000/graphql 'subscription { messageAdded { text } }'

.EXAMPLE
    ./examples/Receive-GraphQLSubscription.ps1 wss://host/graphql $query -Variables @{ room = 7 } -Option @{ Token = $token } |
        Select-Object -First 5
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory, Position = 0)]
    [uri] $Uri,

    [Parameter(Mandatory, Position = 1)]
    [string] $Query,

    [hashtable] $Variables = @{},

    # Further parameters of Connect-MessageWebSocket, such as a token or -RetryIntervalSec.
    [hashtable] $Option = @{}
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath 'WebSocket.psd1')

$socket = Connect-MessageWebSocket -Uri $Uri -Profile GraphQLTransportWs -RequireSubProtocol -AutoReconnect @Option -OnConnected {
    @{ id = '1'; type = 'subscribe'; payload = @{ query = $Query; variables = $Variables } }
}
try {
    do {
        $message = Receive-WsMessage -Socket $socket -FromJson -TimeoutSeconds 0
        switch ($message.type) {
            'next' { $message.payload.data }
            'error' { throw "The server refused the subscription: $($message.payload.message -join ' ')" }
        }
    } until ($message.type -eq 'complete')
} finally {
    Close-MessageWebSocket -Socket $socket -WarningAction SilentlyContinue
}
