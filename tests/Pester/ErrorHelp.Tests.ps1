#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

BeforeAll {
    $root = Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath '..' -Resolve
    Import-Module -Name (Join-Path -Path $root -ChildPath 'WebSocket.psd1')
    $page = Get-Content -LiteralPath (Join-Path -Path $root -ChildPath 'docs' -AdditionalChildPath 'help', 'about_WebSocket_Errors.md') -Raw

    # The ids that an item of a list begins with: - `One` (401), `Two`: what to do
    $documented = foreach ($item in [regex]::Matches($page, '(?ms)^- (`[A-Z].*?):')) {
        [regex]::Matches($item.Groups[1].Value, '`([A-Z]\w+)`').ForEach({ $_.Groups[1].Value })
    }
    $documented = @($documented | Where-Object { $_ -notin 'Status', 'PeerUri', 'HttpStatusCode', 'ResponseHeaders', 'ResponseBody' })

    # An id is the only text of one capitalised word in the source of the errors.
    $errors = Join-Path -Path $root -ChildPath 'src' -AdditionalChildPath 'Module', 'Errors'
    $source = Get-Content -Path (Join-Path -Path $errors -ChildPath 'WsErrors*.cs') -Raw
    $ownIds = @([regex]::Matches("$source", '"([A-Z][a-z]+(?:[A-Z][a-z]+)+)"').ForEach({ $_.Groups[1].Value }) | Sort-Object -Unique)
    $statuses = @([enum]::GetNames([MessageWebSockets.WebErrorStatus]) | Where-Object { $_ -ne 'Unknown' })
}

AfterAll {
    Remove-Module -Name 'WebSocket' -ErrorAction Ignore
}

Describe 'about_WebSocket_Errors' {
    It 'lists every error id once, and no others' {
        $ownIds.Count | Should -BeGreaterThan 20
        ($documented | Sort-Object) -join "`n" | Should -BeExactly ((@($ownIds) + $statuses | Sort-Object) -join "`n")
    }

    It 'has the HTTP status of each id that stands for one' {
        foreach ($status in $statuses) {
            $number = [int] [MessageWebSockets.WebErrorStatus] $status
            if ($number -ge 300) {
                $page | Should -Match ('`{0}`\s\({1}\)' -f $status, $number)
            }
        }
    }
}

Describe 'The commands' {
    It 'report no error that does not come from WsErrors' {
        $files = Get-ChildItem -Path (Join-Path -Path $root -ChildPath 'src' -AdditionalChildPath 'Module') -Filter '*.cs' -Recurse |
            Where-Object { $_.Name -notlike 'WsErrors*.cs' -and $_.FullName -notmatch '[\\/]obj[\\/]' }
        $files | Select-String -Pattern 'new ErrorRecord\(' | Should -BeNullOrEmpty
    }
}

Describe 'The messages of the library' {
    It 'name no setting that the cmdlets do not turn into a parameter' {
        $settings = [MessageWebSockets.MessageWebSocketControl].GetProperties().Name -join '|'
        $known =
            Get-Content -LiteralPath (Join-Path -Path $root -ChildPath 'src' -AdditionalChildPath 'Module', 'Errors', 'LibraryText.cs') -Raw
        $sources = Get-ChildItem -Path (Join-Path -Path $root -ChildPath 'src' -AdditionalChildPath 'Core') -Filter '*.cs' -Recurse |
            Where-Object FullName -NotMatch '[\\/]obj[\\/]'
        $named = foreach ($line in $sources | Get-Content | Where-Object { $_ -notmatch '^\s*//' }) {
            # Sentences; a word alone names something else.
            foreach ($text in [regex]::Matches($line, '"[^"]* [^"]*"').Value) {
                # What stands in braces is a value.
                [regex]::Matches(($text -replace '\{[^}]*\}'), "(?<!Sec-WebSocket-)\b(?:$settings)\b").Value
            }
        }
        $named = $named | Where-Object { $_ -cnotin 'Proxy', 'Compression', 'Cookies' } | Sort-Object -Unique -CaseSensitive
        $named.Count | Should -BeGreaterThan 3
        foreach ($name in $named) {
            $known | Should -Match "\[""(Control\.)?$name""\] = ""-"
        }
    }
}
