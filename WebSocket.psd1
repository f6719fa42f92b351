@{
    RootModule           = 'WebSocket.psm1'
    # Equal to VersionPrefix of Directory.Build.props, where the number is kept; a test compares the two.
    ModuleVersion        = '0.2.0'
    GUID                 = '93c7a76b-029c-4d54-bce7-88c86fd54061'
    Author               = 'The WebSocket module contributors'
    CompanyName          = 'The WebSocket module contributors'
    Copyright            = '(c) the WebSocket module contributors. MIT licence.'
    Description          = 'Talk to WebSocket servers from PowerShell: connect, send, receive and close, with whole messages as objects.'
    CompatiblePSEditions = @('Core')
    PowerShellVersion    = '7.6'
    FormatsToProcess     = @('WebSocket.Format.ps1xml')
    TypesToProcess       = @('WebSocket.Types.ps1xml')
    FunctionsToExport    = @()
    CmdletsToExport      = @(
        'Close-MessageWebSocket'
        'Connect-MessageWebSocket'
        'Enter-MessageWebSocket'
        'Export-WsReport'
        'Get-MessageWebSocket'
        'Get-WsProfile'
        'Get-WsTunnel'
        'Invoke-WsRequest'
        'Measure-WsLoad'
        'Measure-WsRoundTrip'
        'Merge-WsLoad'
        'New-MessageWebSocket'
        'Receive-WsMessage'
        'Send-WsMessage'
        'Set-WsRequestHeader'
        'Start-WsEchoServer'
        'Start-WsTunnel'
        'Stop-WsEchoServer'
        'Stop-WsTunnel'
        'Test-WsEndpoint'
        'Test-WsServer'
    )
    VariablesToExport    = @('WsSession')
    AliasesToExport      = @()
    PrivateData          = @{
        PSData = @{
            Tags         = @(
                'WebSocket', 'WebSockets', 'wss', 'RFC6455', 'network', 'client', 'messaging'
                'PSEdition_Core', 'Windows', 'Linux', 'MacOS'
            )
            LicenseUri   = 'https://opensource.org/license/mit'
            ReleaseNotes = @'
Tunnels over WebSockets (Start-WsTunnel), profiles of protocols (Connect-MessageWebSocket -Profile), a script for each connect
(-OnConnected), filters and durations (Receive-WsMessage -Filter, -DurationSeconds), load (Measure-WsLoad), audits of servers
(Test-WsServer). Some things break: CHANGELOG.md in the module folder begins with what to write in their place.
'@
        }
    }
}
