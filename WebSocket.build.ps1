<#
.SYNOPSIS
    The tasks of build.ps1, for Invoke-Build; what takes more than a few lines is a script of tools/.
#>
[CmdletBinding()]
param(
    [ValidateSet('Release', 'Debug')]
    [string] $Configuration = 'Release',

    [switch] $Coverage,

    [double] $Minutes = 10,

    [switch] $Guided,

    [switch] $Quick,

    [string] $Area = 'All',

    [int] $Seed = 1,

    [switch] $Whole,

    # The manifest of the Pester to test with.
    [string] $PesterPath = 'Pester'
)

Set-StrictMode -Version Latest
$tools = Join-Path $BuildRoot 'tools'
$output = Join-Path $BuildRoot 'artifacts' 'bin'
$folder = $Configuration.ToLowerInvariant()

Set-BuildHeader { }
Set-BuildFooter { param($Path) print DarkGray ('{0} {1:0.0} s' -f $Path.TrimStart('/'), $Task.Elapsed.TotalSeconds) }

function Invoke-DotNetBuild {
    param([string] $Path, [string[]] $Property)

    $said = dotnet build $Path --configuration $Configuration --verbosity quiet -nologo @Property
    if ($LASTEXITCODE) {
        # MSBuild reports each error twice, the second time in its summary.
        $said.Trim() | Where-Object { $_ } | Select-Object -Unique
        throw "dotnet build $Path failed."
    }
}

# The file of a built project.
function Get-Program {
    param([string] $Project, [string] $Assembly)

    Join-Path $output $Project $folder $Assembly
}

# Puts what was built of the module where its manifest finds it.
function Copy-Module {
    foreach ($name in 'MessageWebSockets.dll', 'MessageWebSockets.PowerShell.dll') {
        & "$tools/Copy-ReplacingFile.ps1" -Path (Get-Program Module $name) -Destination (Join-Path $BuildRoot 'bin' $name)
    }

    foreach ($name in 'MessageWebSockets.Histograms.dll', 'HdrHistogram.dll') {
        & "$tools/Copy-ReplacingFile.ps1" -Path (Get-Program Histograms $name) -Destination (Join-Path $BuildRoot 'bin' 'histograms' $name)
    }
}

task Module {
    # Builds the module too, which it adapts HdrHistogram for.
    Invoke-DotNetBuild src/Histograms/Histograms.csproj
    Copy-Module
}

task Build {
    Invoke-DotNetBuild WebSocket.slnx
    Copy-Module
}

task TestBuild {
    Invoke-DotNetBuild WebSocket.slnx -Property '-p:AnalyzeSourceOnly=true'
    Copy-Module
}

task Peers {
    & "$tools/Restore-NodePeer.ps1" -Destination (Join-Path $BuildRoot 'artifacts' 'node')
}

task Test TestBuild, Peers, {
    & "$tools/Invoke-TestSuite.ps1" -Configuration $Configuration -PesterPath $PesterPath -Coverage:$Coverage
}

task Fuzz {
    if ($Guided) {
        $isThere = Get-Command -Name afl-fuzz -CommandType Application -ErrorAction Ignore
        assert $isThere 'Guided fuzzing needs afl-fuzz, which is Linux only (Debian: apt-get install afl++).'
        Invoke-DotNetBuild tests/Fuzz/Fuzz.csproj
        & "$tools/Invoke-GuidedFuzz.ps1" -Program (Get-Program Fuzz MessageWebSockets.Fuzz.dll) -Minutes $Minutes
        return
    }

    Invoke-DotNetBuild tests/Core.Tests/Core.Tests.csproj
    & "$tools/Invoke-Fuzz.ps1" -Program (Get-Program Core.Tests MessageWebSockets.Tests.dll) -Minutes $Minutes
}

task Mutate {
    # An area that falls short keeps none of the others from being measured.
    $areas = $Area -eq 'All' ? @('Framing', 'Handshake', 'Messages', 'Connections', 'Errors', 'Server') : @($Area)
    $short = foreach ($name in $areas) {
        try {
            $null = & "$tools/Invoke-Mutation.ps1" -Area $name -Seed $Seed -Whole:$Whole
        } catch {
            "$_"
        }
    }
    assert (-not $short) ($short -join [Environment]::NewLine)
}

task Soak {
    Invoke-DotNetBuild tests/Soak/Soak.csproj
    exec { dotnet (Get-Program Soak MessageWebSockets.Soak.dll) $Minutes.ToString([cultureinfo]::InvariantCulture) }
}

task Bench Build, {
    # A full run is the one worth keeping: its table goes into the page.
    $arguments = $Quick ? @('--quick') : @('--markdown', (Join-Path $BuildRoot 'docs' 'performance.md'))
    exec { dotnet (Get-Program Bench MessageWebSockets.Bench.dll) @arguments }
}

task Demo Module, {
    $pwsh = & "$tools/Get-PowerShellCommand.ps1"
    print Cyan "`nexamples/Demo.ps1, against the module's own server:"
    exec { & $pwsh.Program @($pwsh.Arguments) -File (Join-Path $BuildRoot 'examples' 'Demo.ps1') } -ErrorMessage 'The demo failed.'
}

task Help {
    & "$tools/Update-Help.ps1"
}

# Code for each system of AheadOfTimeSystems (Directory.Build.props), for the package: what a script does first is quicker then.
task Native Module, {
    $systems = exec { dotnet msbuild src/Module/Module.csproj -getProperty:AheadOfTimeSystems }
    remove artifacts/native
    foreach ($system in $systems.Trim() -split ';') {
        exec {
            dotnet publish src/Module/Module.csproj --configuration $Configuration --runtime $system --self-contained false `
                --output artifacts/native/$system --verbosity quiet -nologo
        }
    }
}

task Package Native, {
    $dependencies = (Get-Program Module MessageWebSockets.PowerShell.deps.json),
        (Get-Program Histograms MessageWebSockets.Histograms.deps.json)
    $folders = @{
        Destination = Join-Path $BuildRoot 'artifacts' 'package'
        Native = Join-Path $BuildRoot 'artifacts' 'native'
    }
    & "$tools/New-Package.ps1" @folders -Dependencies $dependencies
}

task Pack {
    $destination = Join-Path $BuildRoot 'artifacts' 'library'
    remove $destination
    exec { dotnet pack src/Core/Core.csproj --configuration $Configuration --output $destination --verbosity quiet -nologo }
    & "$tools/Test-LibraryPackage.ps1" -Path $destination
}

task Reproduce {
    & "$tools/Test-Reproducibility.ps1" -Configuration $Configuration
}

task Install Package, {
    & "$tools/Install-Package.ps1" -Path (Join-Path $BuildRoot 'artifacts' 'package')
}

task Clean {
    remove artifacts, bin
}

task . Build
