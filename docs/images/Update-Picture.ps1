<#
.SYNOPSIS
    Makes the pictures of the documentation: runs real commands in a PowerShell of its own, and draws what the terminal showed as SVG.

.DESCRIPTION
    Needs the built module and, for the picture of the console, script of util-linux, which makes a pseudo terminal. The pictures have no
    fonts, scripts or addresses in them, follow the reader's light or dark theme, and keep their text as text.
#>
[CmdletBinding()]
param(
    # Where the pictures go.
    [string] $OutputPath = $PSScriptRoot
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$manifest = Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath '..', 'WebSocket.psd1' -Resolve
$columns = 100
$patience = 60000

# What a terminal shows after it was written to: rows of cells with their colour. Understands what the module and PowerShell write.
function ConvertTo-Row {
    [CmdletBinding()]
    param([string] $Text)

    $rows = [System.Collections.Generic.List[object]]::new()
    $row = [System.Collections.Generic.List[object]]::new()
    $column = 0
    $style = ''
    $pattern = '\e\[(?<parameters>[?0-9;]*)(?<final>[A-Za-z])|\e[=>]|\e\][^\a]*\a|(?<character>(?s:.))'
    foreach ($match in [regex]::Matches($Text, $pattern)) {
        $character = $match.Groups['character'].Value
        $parameters = $match.Groups['parameters'].Value
        switch -CaseSensitive ($match.Groups['final'].Value) {
            'K' { $row.RemoveRange([Math]::Min($column, $row.Count), [Math]::Max($row.Count - $column, 0)) }
            'C' { $column += $parameters ? [int] $parameters : 1 }
            'm' {
                foreach ($code in $parameters.Split(';')) {
                    $style = switch ([int] ('0' + $code)) {
                        { $_ -eq 0 } { '' }
                        { $_ -in 31, 91 } { 'red' }
                        { $_ -in 32, 92 } { 'green' }
                        { $_ -in 33, 93 } { 'yellow' }
                        { $_ -in 36, 96 } { 'cyan' }
                        default { $style }
                    }
                }
            }
        }

        if ($character -eq "`r") {
            $column = 0
        } elseif ($character -eq "`n") {
            $rows.Add($row)
            $row = [System.Collections.Generic.List[object]]::new()
            $column = 0
        } elseif ($character) {
            while ($row.Count -le $column) {
                $row.Add(@{ Character = ' '; Style = '' })
            }

            $row[$column++] = @{ Character = $character; Style = $style }
        }
    }

    $rows.Add($row)
    while ($rows.Count -gt 1 -and $rows[-1].Count -eq 0) {
        $rows.RemoveAt($rows.Count - 1)
    }

    , $rows
}

function ConvertTo-Svg {
    [CmdletBinding()]
    [OutputType([string])]
    param([string] $Text, [string] $Title)

    $rows = ConvertTo-Row -Text $Text.TrimEnd()
    $height = 24 + 18 * $rows.Count
    # Characters of fixed-pitch fonts are 0.6 em wide or a little less.
    $width = [int] (32 + 8.43 * $columns)
    $lines = @(
        "<svg xmlns=""http://www.w3.org/2000/svg"" viewBox=""0 0 $width $height"" width=""$width"" height=""$height"" role=""img"">"
        "<title>$([System.Security.SecurityElement]::Escape($Title))</title>"
        '<style>'
        'rect { fill: #f6f8fa; stroke: #d0d7de } text { fill: #1f2328; white-space: pre }'
        'text { font: 14px ui-monospace, SFMono-Regular, Consolas, "Liberation Mono", monospace }'
        '.red { fill: #b3261e } .green { fill: #116329 } .yellow { fill: #7d4e00 } .cyan { fill: #0b6a75 } .prompt { font-weight: bold }'
        '@media (prefers-color-scheme: dark) { rect { fill: #0d1117; stroke: #30363d } text { fill: #e6edf3 }'
        '.red { fill: #ff8f87 } .green { fill: #56d364 } .yellow { fill: #e3b341 } .cyan { fill: #76e3ea } }'
        '</style>'
        "<rect x=""0.5"" y=""0.5"" width=""$($width - 1)"" height=""$($height - 1)"" rx=""8""/>"
    )
    $number = 0
    foreach ($row in $rows) {
        $spans = [System.Text.StringBuilder]::new()
        for ($index = 0; $index -lt $row.Count;) {
            $style = $row[$index].Style
            $run = [System.Text.StringBuilder]::new()
            while ($index -lt $row.Count -and $row[$index].Style -eq $style) {
                $null = $run.Append($row[$index++].Character)
            }

            $escaped = [System.Security.SecurityElement]::Escape("$run")
            $null = $spans.Append($style ? "<tspan class=""$style"">$escaped</tspan>" : $escaped)
        }

        $class = "$spans" -match '^PS&gt; ' ? ' class="prompt"' : ''
        $lines += "<text x=""16"" y=""$(27 + 18 * $number)"" xml:space=""preserve""$class>$spans</text>"
        $number++
    }

    ($lines + '</svg>') -join "`n"
}

# Runs commands one after the other, each shown before what it writes.
function Get-Screen {
    [CmdletBinding()]
    [OutputType([string])]
    param([string[]] $Command, [string] $Preparation = '')

    $script = {
        param($Manifest, $Width, $Preparation, $Commands)

        $PSStyle.OutputRendering = 'Ansi'
        $ProgressPreference = 'SilentlyContinue'
        $ErrorView = 'ConciseView'
        Import-Module -Name $Manifest
        . ([scriptblock]::Create($Preparation))
        foreach ($command in $Commands) {
            "PS> $command"
            (. ([scriptblock]::Create($command)) *>&1 | Out-String -Width $Width) -replace '\A(\s*\n)+'
        }
    }
    $child = [powershell]::Create()
    try {
        $null = $child.AddScript($script.ToString()).AddArgument($manifest).AddArgument($columns).AddArgument($Preparation).AddArgument(
            $Command)
        $text = $child.Invoke() -join "`n"
        if ($child.HadErrors -and $child.Streams.Error.Count) {
            throw "$($child.Streams.Error)"
        }

        $text -replace '\r' -replace '[ \t]+(?=\n|\z)' -replace '\n{3,}', "`n`n"
    } finally {
        $child.Dispose()
    }
}

# Types into a PowerShell in a pseudo terminal: pairs of what to wait for and what to type then.
function Get-TypedScreen {
    [CmdletBinding()]
    [OutputType([string])]
    param([string] $Command, [object[]] $Dialogue)

    $whole = "Import-Module '$manifest'; $Command"
    $pwsh = & "$PSScriptRoot/../../tools/Get-PowerShellCommand.ps1"
    $program = (@($pwsh.Program) + @($pwsh.Arguments).Where({ $_ -ne '-NonInteractive' })).ForEach({ "'$_'" }) -join ' '
    $encoded = [Convert]::ToBase64String([System.Text.Encoding]::Unicode.GetBytes($whole))
    $start = [System.Diagnostics.ProcessStartInfo]::new('script')
    @('--quiet', '--return', '--flush', '--command', "stty columns $columns; $program -EncodedCommand $encoded",
        '/dev/null').ForEach({ $start.ArgumentList.Add($_) })
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.Environment['TERM'] = 'xterm'
    $process = [System.Diagnostics.Process]::Start($start)
    $seen = [System.Text.StringBuilder]::new()
    $buffer = [char[]]::new(4096)
    $from = 0
    try {
        foreach ($turn in $Dialogue) {
            while (($found = $seen.ToString().IndexOf($turn.After, $from, [StringComparison]::Ordinal)) -lt 0) {
                $reading = $process.StandardOutput.ReadAsync($buffer, 0, $buffer.Length)
                if (-not $reading.Wait($patience) -or $reading.Result -eq 0) {
                    throw "'$($turn.After)' was not seen in: $seen"
                }

                $null = $seen.Append($buffer, 0, $reading.Result)
            }

            $from = $found + $turn.After.Length
            $process.StandardInput.Write($turn.Type)
            $process.StandardInput.Flush()
        }

        $null = $seen.Append($process.StandardOutput.ReadToEnd())
    } finally {
        if (-not $process.HasExited) {
            $process.Kill($true)
        }

        $process.Dispose()
    }

    $seen.ToString()
}

$firstSteps = @{
    Command = @(
        'Start-WsEchoServer | Connect-MessageWebSocket'
        "'hello', 'an error', 'good bye' | Send-WsMessage"
        'Receive-WsMessage'
        "Receive-WsMessage -Follow | Where-Object Text -match 'error' | Select-Object -First 1"
        'Receive-WsMessage -Raw'
        'Receive-WsMessage -TimeoutSeconds 1'
        'Close-MessageWebSocket; Stop-WsEchoServer'
    )
}
$probing = @{
    Preparation = @'
$key = [System.Security.Cryptography.ECDsa]::Create()
$request = [System.Security.Cryptography.X509Certificates.CertificateRequest]::new('CN=localhost', $key, 'SHA256')
$live = Start-WsEchoServer -Path /live
$secure = Start-WsEchoServer -Certificate $request.CreateSelfSigned([datetime]::Now.AddDays(-80), [datetime]::Now.AddDays(10.5))
"ws://127.0.0.1:$($live.Port)/live", "wss://localhost:$($secure.Port)/", "ws://127.0.0.1:$($live.Port)/old",
    'ws://127.0.0.1:1/', 'ws://no-such-host.invalid/', 'https://a.example' |
    ForEach-Object { [pscustomobject] @{ Uri = $_ } } |
    Export-Csv -LiteralPath ([System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), 'fleet.csv'))
Set-Location -LiteralPath ([System.IO.Path]::GetTempPath())
'@
    Command     = 'Import-Csv fleet.csv | Test-WsEndpoint -TimeoutSeconds 5'
}
$console = @{
    Command  = @'
$answer = {
    switch ($_.Text) {
        'bytes' { [byte[]] (104, 101, 108, 108, 111, 0) }
        'leave' { throw 'enough' }
        default { '{"you":"' + $_ + '"}' }
    }
}
Start-WsEchoServer -Handler $answer | Connect-MessageWebSocket -Name feed | Enter-MessageWebSocket
'@
    Dialogue = @(
        @{ After = 'feed> '; Type = "hello`n" }
        @{ After = ' < '; Type = "/ping`n" }
        @{ After = 'pong in'; Type = "bytes`n" }
        @{ After = ' < binary'; Type = "/help`n" }
        @{ After = '//text'; Type = "leave`n" }
    )
}
$pictures = [ordered] @{
    'first-steps' = { ConvertTo-Svg -Title 'Connect, send and receive' -Text (Get-Screen @firstSteps) }
    'probing'     = { ConvertTo-Svg -Title 'Probe endpoints' -Text (Get-Screen @probing) }
    'console'     = {
        $screen = "PS> `$feed | Enter-MessageWebSocket`n" + (Get-TypedScreen @console)
        ConvertTo-Svg -Title 'Talk with a server' -Text $screen
    }
}
try {
    foreach ($name in $pictures.Keys) {
        $path = Join-Path -Path $OutputPath -ChildPath "$name.svg"
        [System.IO.File]::WriteAllText($path, (& $pictures[$name]) + "`n")
        Get-Item -LiteralPath $path
    }
} finally {
    Remove-Item -LiteralPath ([System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), 'fleet.csv')) -ErrorAction Ignore
}
