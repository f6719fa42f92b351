#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

BeforeAll {
    $root = Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath '..' -Resolve
    $manifestPath = Join-Path -Path $root -ChildPath 'WebSocket.psd1'
    $manifest = Import-PowerShellDataFile -LiteralPath $manifestPath
    Import-Module -Name $manifestPath
}

AfterAll {
    Remove-Module -Name 'WebSocket' -ErrorAction Ignore
}

Describe 'The module manifest' {
    It 'is valid' {
        { Test-ModuleManifest -Path $manifestPath -ErrorAction Stop } | Should -Not -Throw
    }

    It 'carries the version number of Directory.Build.props' {
        $properties = [xml] (Get-Content -LiteralPath (Join-Path -Path $root -ChildPath 'Directory.Build.props') -Raw)
        $manifest.ModuleVersion | Should -BeExactly $properties.SelectSingleNode('//VersionPrefix').InnerText
    }

    It 'lists every cmdlet of the module assembly' {
        $assembly = [MessageWebSockets.PowerShell.WsSession].Assembly
        $attribute = [System.Management.Automation.CmdletAttribute]
        $inAssembly = $assembly.GetExportedTypes().ForEach({ $_.GetCustomAttributes($attribute, $false) }).ForEach({
                "$($_.VerbName)-$($_.NounName)" })
        ($manifest.CmdletsToExport | Sort-Object) -join ', ' | Should -BeExactly (($inAssembly | Sort-Object) -join ', ')
    }

    It 'exports those cmdlets and $WsSession, and nothing else' {
        $module = Get-Module -Name 'WebSocket'
        ($module.ExportedCommands.Keys | Sort-Object) -join ', ' | Should -BeExactly (($manifest.CmdletsToExport | Sort-Object) -join ', ')
        $module.ExportedVariables.Keys -join ', ' | Should -BeExactly 'WsSession'
        $module.ExportedVariables['WsSession'].Value.GetType().FullName | Should -BeExactly 'MessageWebSockets.PowerShell.WsSession'
    }
}

Describe 'The module' {
    It 'can be removed and imported again' {
        Remove-Module -Name 'WebSocket'
        Get-Module -Name 'MessageWebSockets.PowerShell' | Should -BeNullOrEmpty
        Import-Module -Name $manifestPath
        Get-Command -Name 'Send-WsMessage' -Module 'WebSocket' | Should -Not -BeNullOrEmpty
    }
}
