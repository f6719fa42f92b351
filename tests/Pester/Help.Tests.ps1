#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

BeforeDiscovery {
    $root = Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath '..' -Resolve
    $manifest = Import-PowerShellDataFile -LiteralPath (Join-Path -Path $root -ChildPath 'WebSocket.psd1')
    $cmdlets = foreach ($name in $manifest.CmdletsToExport) {
        @{ Name = $name; Page = Join-Path -Path $root -ChildPath 'docs' -AdditionalChildPath 'help', "$name.md" }
    }
}

BeforeAll {
    $root = Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath '..' -Resolve
    $helpSource = Join-Path -Path $root -ChildPath 'docs' -AdditionalChildPath 'help'
    Import-Module -Name (Join-Path -Path $root -ChildPath 'WebSocket.psd1')
    # -ProgressAction is listed there too.
    $commonParameters = [System.Management.Automation.Cmdlet]::CommonParameters

    # The part of a page under one heading of the second level.
    function Get-PageSection {
        [CmdletBinding()]
        param([string] $Text, [string] $Heading)

        $pattern = '(?ms)^## {0}[ \t]*\r?$(.*?)(?=^## |\z)' -f [regex]::Escape($Heading)
        [regex]::Match($Text, $pattern).Groups[1].Value
    }
}

AfterAll {
    Remove-Module -Name 'WebSocket' -ErrorAction Ignore
}

Describe 'The help page of <Name>' -ForEach $cmdlets {
    BeforeAll {
        $text = (Test-Path -LiteralPath $Page) ? (Get-Content -LiteralPath $Page -Raw) : ''
        $documented = @([regex]::Matches((Get-PageSection -Text $text -Heading 'PARAMETERS'), '(?m)^### -(\w+)') |
            ForEach-Object { $_.Groups[1].Value } | Sort-Object)
        $real = @((Get-Command -Name $Name -Module 'WebSocket').Parameters.Keys |
            Where-Object { $_ -notin $commonParameters } | Sort-Object)
    }

    It 'exists' {
        $Page | Should -Exist
    }

    It 'describes the parameters the cmdlet has, and no others' {
        $documented -join ', ' | Should -BeExactly ($real -join ', ')
    }

    It 'says of each parameter whether it is needed, and in which parameter sets' {
        foreach ($parameterName in $documented) {
            $pattern = '(?ms)^### -{0}\s*$(.*?)(?=^### |\z)' -f $parameterName
            $section = [regex]::Match((Get-PageSection -Text $text -Heading 'PARAMETERS'), $pattern).Groups[1].Value
            $yaml = [regex]::Match($section, '(?ms)^```yaml\s*$(.*?)^```').Groups[1].Value
            $written = @([regex]::Matches($yaml, '(?ms)^- Name: (?<set>[^\r\n]+)(?:.(?!^- Name:))*?^  IsRequired: (?<needed>\w+)') |
                ForEach-Object { '{0}: {1}' -f $_.Groups['set'].Value.Trim(), $_.Groups['needed'].Value.ToLowerInvariant() } | Sort-Object)
            $sets = (Get-Command -Name $Name -Module 'WebSocket').Parameters[$parameterName].ParameterSets
            $wanted = @($sets.Keys | ForEach-Object {
                    $set = $_ -eq '__AllParameterSets' ? '(All)' : $_
                    '{0}: {1}' -f $set, $sets[$_].IsMandatory.ToString().ToLowerInvariant()
                } | Sort-Object)
            $written -join '; ' | Should -BeExactly ($wanted -join '; ') -Because "of the parameter -$parameterName"
        }
    }

    It 'has three examples or more' {
        [regex]::Matches((Get-PageSection -Text $text -Heading 'EXAMPLES'), '(?m)^### Example\b').Count | Should -BeGreaterOrEqual 3
    }

    It 'has nothing left to fill in' {
        $text | Should -Not -Match '\{\{'
    }
}

Describe 'The pages in docs/help' {
    It 'are about exported cmdlets only' {
        $names = (Get-ChildItem -Path $helpSource -Filter '*-*.md').BaseName | Sort-Object
        $exported = (Get-Command -Module 'WebSocket').Name | Sort-Object
        $names -join ', ' | Should -BeExactly ($exported -join ', ')
    }

    It 'are what en-US was made from' {
        # Needs no PlatyPS: it compares a digest of the pages with the one that the file names.
        $built = Join-Path -Path $root -ChildPath 'en-US' -AdditionalChildPath 'MessageWebSockets.PowerShell.dll-Help.xml'
        $digest = & (Join-Path -Path $root -ChildPath 'tools' -AdditionalChildPath 'Get-HelpDigest.ps1')
        $because = 'docs/help has changed since: run ./build.ps1 -Task Help'
        $built | Should -FileContentMatchExactly "Digest of the pages: $digest" -Because $because
        $abouts = (Get-ChildItem -Path $helpSource -Filter 'about_*.md').BaseName.ForEach({ "$_.help.txt" })
        $wanted = @($abouts) + (Split-Path -Path $built -Leaf) | Sort-Object
        (Get-ChildItem -Path (Split-Path -Path $built)).Name | Sort-Object | Should -Be $wanted
    }

    It 'are what Get-Help shows' {
        foreach ($command in Get-Command -Module 'WebSocket') {
            $help = Get-Help -Name $command.Name -Full
            $text = $help | Out-String
            $pageText = Get-Content -LiteralPath (Join-Path -Path $helpSource -ChildPath "$($command.Name).md") -Raw
            @($help.examples.example).Count | Should -Be ([regex]::Matches($pageText, '(?m)^### Example').Count) -Because $command.Name
            # What PlatyPS leaves in the file for Repair-Maml.ps1: code apart from what is said of it, no fences, no stray characters.
            $help.examples.example.code | Should -Not -BeNullOrEmpty -Because $command.Name
            $text | Should -Not -Match '```|<<|\u0080|\]\([A-Za-z_-]+\.md' -Because $command.Name
        }
    }

    It 'list for a tunnel to TCP only what it takes' {
        $syntax = Get-Help -Name 'Start-WsTunnel' | ForEach-Object { $_.syntax.syntaxItem } |
            Where-Object { $_.parameter.name -contains 'Target' }
        $syntax.parameter.name | Should -Contain 'SubProtocol'
        $syntax.parameter.name | Should -Not -Contain 'Token'
    }

    It 'have the about texts that Get-Help shows' {
        foreach ($page in Get-ChildItem -Path $helpSource -Filter 'about_*.md') {
            Get-Help -Name $page.BaseName | Out-String | Should -BeLike "TOPIC*$($page.BaseName)*" -Because $page.BaseName
            # Get-Help breaks no line of these, so the text fits a terminal; code is twice as far in.
            $lines = Get-Content -LiteralPath (Join-Path -Path $root -ChildPath 'en-US' -AdditionalChildPath "$($page.BaseName).help.txt")
            $lines | Where-Object { $_.Length -gt 80 -and $_ -notmatch '^ {8}' } | Should -BeNullOrEmpty -Because $page.BaseName
        }
    }
}
