#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# What build.ps1 -Task Package makes of what is built, used as the gallery and its users would.
BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')

    # Runs a script in a fresh PowerShell and gives what it prints, one string a line.
    function Invoke-FreshPowerShell {
        param([string[]] $ArgumentList, [hashtable] $Environment = @{})

        $start = [System.Diagnostics.ProcessStartInfo]::new([Environment]::ProcessPath)
        # PowerShell as a .NET tool runs inside dotnet.
        if ([System.IO.Path]::GetFileNameWithoutExtension($start.FileName) -eq 'dotnet') {
            $start.ArgumentList.Add((Join-Path -Path $PSHOME -ChildPath 'pwsh.dll'))
        }

        @('-NoLogo', '-NoProfile', '-NonInteractive') + $ArgumentList | ForEach-Object { $start.ArgumentList.Add($_) }
        foreach ($name in $Environment.Keys) {
            $start.Environment[$name] = $Environment[$name]
        }

        $start.Environment['NO_COLOR'] = '1'
        $start.RedirectStandardInput = $true
        $start.RedirectStandardOutput = $true
        $start.RedirectStandardError = $true
        $process = [System.Diagnostics.Process]::Start($start)
        $process.StandardInput.Close()
        $output, $problems = $process.StandardOutput.ReadToEndAsync(), $process.StandardError.ReadToEndAsync()
        if (-not $process.WaitForExit(2 * $patience)) {
            $process.Kill($true)
            throw "PowerShell $ArgumentList did not end."
        }

        $exitCode = $process.ExitCode
        $process.Dispose()
        if ($exitCode -ne 0) {
            throw "PowerShell $ArgumentList ended with exit code ${exitCode}: $($output.Result)$($problems.Result)"
        }

        $output.Result.Split("`n").TrimEnd() | Where-Object { $_ }
    }

    # As the Native task leaves it, for this system; here with what runs on every one, which takes no time to make.
    $kind = $IsWindows ? 'win' : $IsMacOS ? 'osx' : 'linux'
    $system = '{0}-{1}' -f $kind, [System.Runtime.InteropServices.RuntimeInformation]::ProcessArchitecture.ToString().ToLowerInvariant()
    $native = Join-Path -Path $TestDrive -ChildPath 'native'
    $folder = New-Item -Path (Join-Path -Path $native -ChildPath $system) -ItemType Directory -Force
    Copy-Item -Path (Join-Path -Path $repository -ChildPath 'bin/*.dll') -Destination $folder

    # In a folder of its own: artifacts/package is for whoever builds one meanwhile.
    $destination = Join-Path -Path $TestDrive -ChildPath 'package'
    $packScript = Join-Path -Path $repository -ChildPath 'tools' -AdditionalChildPath 'New-Package.ps1'
    $null = Invoke-FreshPowerShell -ArgumentList '-File', $packScript, '-Destination', $destination, '-Native', $native
    $properties = [xml] (Get-Content -LiteralPath (Join-Path -Path $repository -ChildPath 'Directory.Build.props') -Raw)
    $version = $properties.SelectSingleNode('//VersionPrefix').InnerText
    $package = Join-Path -Path $destination -ChildPath "WebSocket.$version.nupkg"

    # As an installer does: the files of the package below a folder of the module path.
    $modulePath = Join-Path -Path $TestDrive -ChildPath 'modules'
    $expanded = Join-Path -Path $modulePath -ChildPath 'WebSocket' -AdditionalChildPath $version
    [System.IO.Compression.ZipFile]::ExtractToDirectory($package, $expanded)
    $names = Get-ChildItem -LiteralPath $expanded -Recurse -File -Force |
        ForEach-Object { [System.IO.Path]::GetRelativePath($expanded, $_.FullName).Replace('\', '/') }
    $manifest = Import-PowerShellDataFile -LiteralPath (Join-Path -Path $expanded -ChildPath 'WebSocket.psd1')
    $nuspec = ([xml] (Get-Content -LiteralPath (Join-Path -Path $expanded -ChildPath 'WebSocket.nuspec') -Raw)).package.metadata
}

Describe 'The package' {
    It 'has the files of the module and of a package, and no others' {
        $expected = @(
            '[Content_Types].xml', '_rels/.rels', 'WebSocket.nuspec'
            'WebSocket.psd1', 'WebSocket.psm1', 'WebSocket.Format.ps1xml', 'WebSocket.Types.ps1xml', 'LICENSE', 'README.md', 'CHANGELOG.md'
            'bin/MessageWebSockets.dll', 'bin/MessageWebSockets.PowerShell.dll'
            "bin/$system/MessageWebSockets.dll", "bin/$system/MessageWebSockets.PowerShell.dll"
            'profiles/DevTools.psd1', 'profiles/GraphQLTransportWs.psd1', 'profiles/HomeAssistant.psd1', 'profiles/JsonRpc.psd1'
            'profiles/Obs.psd1', 'profiles/SignalR.psd1', 'profiles/SocketIO.psd1', 'profiles/Stomp.psd1'
            'bin/histograms/HdrHistogram.dll', 'bin/histograms/MessageWebSockets.Histograms.dll'
        )
        # A psm1 is there as long as the manifest names one.
        $expected = $expected | Where-Object { $_ -ne 'WebSocket.psm1' -or $manifest.RootModule -eq $_ }
        # What NuGet keeps its properties in is named at random.
        $ours = $names | Where-Object { $_ -notlike 'en-US/*' -and $_ -notlike 'package/services/metadata/core-properties/*.psmdcp' }
        ($ours | Sort-Object) -join "`n" | Should -BeExactly (($expected | Sort-Object) -join "`n")
    }

    It 'has the help' {
        $pages = Join-Path -Path $repository -ChildPath 'docs' -AdditionalChildPath 'help'
        $abouts = (Get-ChildItem -Path $pages -Filter 'about_*.md').BaseName
        $expected = @('en-US/MessageWebSockets.PowerShell.dll-Help.xml') + $abouts.ForEach({ "en-US/$_.help.txt" })
        ($names | Where-Object { $_ -like 'en-US/*' } | Sort-Object) -join "`n" | Should -BeExactly (($expected | Sort-Object) -join "`n")
    }

    It 'has one version number' {
        $manifest.ModuleVersion | Should -BeExactly $version
        $nuspec.version | Should -BeExactly $version
        $assembly = [System.Reflection.AssemblyName]::GetAssemblyName((Join-Path -Path $expanded -ChildPath 'bin/MessageWebSockets.dll'))
        $assembly.Version.ToString(3) | Should -BeExactly $version
        $changes = Get-Content -LiteralPath (Join-Path -Path $expanded -ChildPath 'CHANGELOG.md') -Raw
        $changes | Should -Match ('(?m)^## {0}\b' -f [regex]::Escape($version))
    }

    It 'tells the gallery what it is' {
        $nuspec.id | Should -BeExactly 'WebSocket'
        $nuspec.authors | Should -BeExactly $manifest.Author
        $nuspec.description | Should -BeExactly $manifest.Description
        $nuspec.copyright | Should -BeExactly $manifest.Copyright
        $nuspec.releaseNotes | Should -BeExactly $manifest.PrivateData.PSData.ReleaseNotes
        $nuspec.licenseUrl | Should -BeExactly $manifest.PrivateData.PSData.LicenseUri
        $nuspec.licenseUrl | Should -Match '^https://'
        $tags = $nuspec.tags -split ' '
        $tags | Should -Contain 'PSModule'
        $tags | Should -Contain 'PSEdition_Core'
        foreach ($tag in $manifest.PrivateData.PSData.Tags) {
            $tags | Should -Contain $tag
        }
        # The gallery takes no more than 4,000 characters.
        $nuspec.tags.Length | Should -BeLessThan 4000
        # No address is better than a wrong one.
        if ($nuspec['projectUrl']) {
            $nuspec.projectUrl | Should -BeExactly $manifest.PrivateData.PSData.ProjectUri
        }
    }

    It 'has a content type for each of its files' {
        $types = [xml] [System.IO.File]::ReadAllText((Join-Path -Path $expanded -ChildPath '[Content_Types].xml'))
        foreach ($name in $names | Where-Object { $_ -ne '[Content_Types].xml' }) {
            $extension = [System.IO.Path]::GetExtension($name).TrimStart('.').ToLowerInvariant()
            $isTyped = $types.Types.Default.Extension -contains $extension -or $types.Types.Override.PartName -contains "/$name"
            $isTyped | Should -BeTrue -Because $name
        }
    }

    It 'is a module that a fresh PowerShell finds by its name, with its help' {
        $script = {
            $ErrorActionPreference = 'Stop'
            Set-StrictMode -Version Latest
            $module = Import-Module -Name WebSocket -PassThru
            $module.ModuleBase
            $module.Version.ToString()
            ($module.ExportedCmdlets.Keys | Sort-Object) -join ','
            @(Get-Module -Name WebSocket -ListAvailable)[0].PrivateData.PSData.Tags -contains 'WebSocket'
            @((Get-Help -Name Receive-WsMessage -Full).examples.example).Count -ge 3
            (Get-Help -Name about_WebSocket | Out-String).Contains('TOPIC')
            (New-MessageWebSocket -Name fresh | Format-Table | Out-String).Contains('fresh')
            (Get-Command -Name Send-WsMessage).DLL
            (Get-WsProfile -Name JsonRpc).Name
            (Get-Command -Name Send-WsMessage).Source
        }
        $environment = @{ PSModulePath = $modulePath }
        $said = Invoke-FreshPowerShell -ArgumentList '-Command', $script.ToString() -Environment $environment
        $said[0] | Should -BeExactly $expanded
        $said[1] | Should -BeExactly $version
        $said[2] | Should -BeExactly (($manifest.CmdletsToExport | Sort-Object) -join ',')
        $said[3] | Should -BeExactly 'True'
        $said[4] | Should -BeExactly 'True'
        $said[5] | Should -BeExactly 'True'
        $said[6] | Should -BeExactly 'True'
        # The code of this system, which finds what is beside bin/ all the same.
        $said[7] | Should -BeExactly (Join-Path -Path $expanded -ChildPath "bin/$system/MessageWebSockets.PowerShell.dll")
        $said[8] | Should -BeExactly 'JsonRpc'
        $said[9] | Should -BeExactly 'WebSocket'
    }

    It 'can be had with Install-PSResource from a local repository' -Skip:$IsWindows {
        $script = {
            $ErrorActionPreference = 'Stop'
            Register-PSResourceRepository -Name LocalTest -Uri $env:LOCAL_REPOSITORY -Trusted
            try {
                Install-PSResource -Name WebSocket -Repository LocalTest -Scope CurrentUser
            } finally {
                Unregister-PSResourceRepository -Name LocalTest
            }

            (Import-Module -Name WebSocket -PassThru).ModuleBase
        }
        # The user's modules, elsewhere for once: PSResourceGet goes by HOME, PowerShell by XDG_DATA_HOME.
        $userHome = Join-Path -Path $TestDrive -ChildPath 'home'
        $data = Join-Path -Path $userHome -ChildPath '.local/share'
        $null = New-Item -ItemType Directory -Path $data -Force
        $environment = @{ HOME = $userHome; XDG_DATA_HOME = $data; LOCAL_REPOSITORY = Split-Path -Path $package }
        $said = Invoke-FreshPowerShell -ArgumentList '-Command', $script.ToString() -Environment $environment
        $said | Should -BeExactly (Join-Path -Path $data -ChildPath 'powershell/Modules/WebSocket' -AdditionalChildPath $version)
    }
}

Describe 'The script of the Install task' {
    It 'installs the package for the user, and again over itself' -Skip:$IsWindows {
        $userHome = Join-Path -Path $TestDrive -ChildPath 'installed'
        $data = Join-Path -Path $userHome -ChildPath '.local/share'
        $environment = @{ HOME = $userHome; XDG_DATA_HOME = $data }
        $installed = Join-Path -Path $data -ChildPath 'powershell/Modules/WebSocket' -AdditionalChildPath $version
        # What an earlier install left.
        $null = New-Item -ItemType File -Path (Join-Path -Path $installed -ChildPath 'old.txt') -Force
        $script = Join-Path -Path $repository -ChildPath 'tools' -AdditionalChildPath 'Install-Package.ps1'
        $said = Invoke-FreshPowerShell -ArgumentList '-File', $script, '-Path', (Split-Path -Path $package) -Environment $environment
        $said | Should -BeLike "Installed WebSocket $version to *"
        $script = '(Import-Module -Name WebSocket -PassThru).ModuleBase'
        Invoke-FreshPowerShell -ArgumentList '-Command', $script -Environment $environment | Should -BeExactly $installed
        Join-Path -Path $installed -ChildPath 'old.txt' | Should -Not -Exist
        Get-ChildItem -LiteralPath $installed -Recurse -Filter '*.pdb' | Should -BeNullOrEmpty
    }
}

Describe 'A clone' {
    It 'says what to do where the module is not built' {
        $clone = New-Item -Path (Join-Path -Path $TestDrive -ChildPath 'clone') -ItemType Directory
        Copy-Item -Path (Join-Path -Path $repository -ChildPath 'WebSocket.*') -Destination $clone
        $shell = [powershell]::Create()
        try {
            $null = $shell.AddCommand('Import-Module').AddParameter('Name', (Join-Path -Path $clone -ChildPath 'WebSocket.psd1'))
            { $shell.Invoke() } | Should -Throw "*The module in $clone is not built: run ./build.ps1 there, or ./build.sh.*"
        } finally {
            $shell.Dispose()
        }
    }
}
