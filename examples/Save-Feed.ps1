<#
.SYNOPSIS
    Follows several WebSocket feeds and writes every message into one NDJSON file, for days if need be.

.DESCRIPTION
    Each message becomes one line of JSON, with its time, the address it came from, and its text (or, of a binary message, its bytes in
    base64). Lines are added to the file and are on the disk before the next message is waited for. A feed that is lost is connected to
    again, and its subscription sent again; what it said meanwhile is not known to this side. Ctrl+C ends it.

.EXAMPLE
    ./examples/Save-Feed.ps1 -Uri wss://a.example/live, wss://b.example/live -Path feed.ndjson

.EXAMPLE
    $subscription = @{
        'wss://a.example/live' = @{ op = 'subscribe'; channels = @('trades') }
        'wss://b.example/live' = '{"login":"me"}', '{"subscribe":"ticks"}'
    }
    ./examples/Save-Feed.ps1 -Uri @($subscription.Keys) -Subscription $subscription -Path feed.ndjson

.EXAMPLE
    Get-Content feed.ndjson | ConvertFrom-Json | Group-Object feed -NoElement
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [uri[]] $Uri,

    [Parameter(Mandatory)]
    [string] $Path,

    # What a feed is sent first on each connection, by its address: a string, bytes or a hashtable that is sent as JSON, or several.
    [hashtable] $Subscription = @{},

    # How often to try to connect to a feed again, each time with a longer pause, before giving it up.
    [ValidateRange(0, 1000)]
    [int] $MaximumRetryCount = 100,

    # Ends after so many messages; 0 for never.
    [ValidateRange(0, [long]::MaxValue)]
    [long] $Count = 0
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath 'WebSocket.psd1')

$file = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path)
$writer = [System.IO.StreamWriter]::new($file, $true)
$sockets = @()
try {
    # One feed that cannot be connected to is reported, and the others are followed all the same.
    $connect = @{ AutoReconnect = $true; MaximumRetryCount = $MaximumRetryCount; ErrorAction = 'Continue' }
    $sockets = @(foreach ($feed in $Uri) {
            Connect-MessageWebSocket -Uri $feed -Profile @{ ConnectMessages = $Subscription[$feed.OriginalString] } @connect
        })
    if (-not $sockets) { throw 'None of the feeds could be connected to.' }

    $limit = $Count -gt 0 ? @{ First = $Count } : @{ Skip = 0 }
    Receive-WsMessage -Socket $sockets -Follow -ErrorAction Continue | Select-Object @limit | ForEach-Object {
        $line = [ordered] @{ time = $_.ReceivedAt.ToUniversalTime().ToString('o'); feed = "$($_.Socket.Uri)" }
        $isText = $_.MessageType -eq 'Utf8'
        $line[$isText ? 'text' : 'base64'] = $isText ? $_.Text : [Convert]::ToBase64String($_.Bytes)
        $writer.WriteLine((ConvertTo-Json -InputObject $line -Compress))
        $writer.Flush()
    }
} finally {
    $writer.Dispose()
    # A reconnected socket has taken the place of the first one.
    $sockets | Close-MessageWebSocket -TimeoutSeconds 1 -WarningAction SilentlyContinue
}
