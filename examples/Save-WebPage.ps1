<#
.SYNOPSIS
    Opens a web page in a headless Chromium, saves a picture of it and emits its title: a conversation with the browser's DevTools
    WebSocket.

.EXAMPLE
    ./examples/Save-WebPage.ps1 -Uri https://www.example.org/ -OutFile example.png
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [uri] $Uri,

    [Parameter(Mandatory)]
    [string] $OutFile,

    # Chrome and Edge speak the same protocol.
    [string] $Browser = 'chromium',

    # More arguments for it: root needs --no-sandbox on Linux.
    [string[]] $BrowserArgument = @(),

    [int] $TimeoutSeconds = 60
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath 'WebSocket.psd1')

$picture = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($OutFile)
$profileFolder = New-Item -ItemType Directory -Path (Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath "chromium-$(New-Guid)")
$arguments = '--headless=new', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--no-first-run'
$arguments += @('--remote-debugging-port=0', "--user-data-dir=$profileFolder") + $BrowserArgument
$start = [System.Diagnostics.ProcessStartInfo]::new($Browser, [string[]] $arguments)
$start.RedirectStandardError = $true
$process = [System.Diagnostics.Process]::Start($start)
try {
    # The browser chooses a port and says it on its standard error.
    do { $line = $process.StandardError.ReadLine() } until ($null -eq $line -or $line -match '^DevTools listening on (?<Address>ws://\S+)')
    if ($null -eq $line) { throw "$Browser ended without a DevTools address." }

    # What else it says goes nowhere; but a full pipe would stop it.
    $null = $process.StandardError.ReadToEndAsync()
    $call = @{ Dialect = 'DevTools'; TimeoutSeconds = $TimeoutSeconds }
    $chromium = Connect-MessageWebSocket -Uri $Matches.Address -Name "chromium-$PID"
    $target = Invoke-WsRequest -Socket $chromium -JsonRpc Target.createTarget -Params @{ url = 'about:blank' } @call

    # Each page has a WebSocket of its own beside the browser's.
    $page = Connect-MessageWebSocket -Uri ([uri]::new($chromium.Uri, "/devtools/page/$($target.targetId)")) -Name "page-$PID"
    $null = Invoke-WsRequest -Socket $page -JsonRpc Page.enable @call
    $navigation = Invoke-WsRequest -Socket $page -JsonRpc Page.navigate -Params @{ url = $Uri.AbsoluteUri } @call
    if ($navigation.PSObject.Properties['errorText']) { throw "$Uri could not be opened: $($navigation.errorText)" }

    # Events came among the replies and wait in the inbox, in order.
    $null = Receive-WsMessage -Socket $page -Follow -FromJson -TimeoutSeconds $TimeoutSeconds |
        Where-Object -FilterScript { $_.method -eq 'Page.loadEventFired' } | Select-Object -First 1
    $title = Invoke-WsRequest -Socket $page -JsonRpc Runtime.evaluate -Params @{ expression = 'document.title' } @call
    $screenshot = Invoke-WsRequest -Socket $page -JsonRpc Page.captureScreenshot -Params @{ format = 'png' } @call
    [System.IO.File]::WriteAllBytes($picture, [Convert]::FromBase64String($screenshot.data))
    $null = Invoke-WsRequest -Socket $chromium -JsonRpc Browser.close @call
    $null = $process.WaitForExit(10000)
    [pscustomobject] @{ Title = $title.result.value; Uri = $Uri; Picture = Get-Item -LiteralPath $picture }
} finally {
    Get-MessageWebSocket -Name "chromium-$PID*", "page-$PID*" | Close-MessageWebSocket -WarningAction SilentlyContinue
    $process.Kill($true)
    $process.WaitForExit()
    Remove-Item -LiteralPath $profileFolder -Recurse -Force
}
