<#
.SYNOPSIS
    Builds, tests, shows and packages the WebSocket module.

.DESCRIPTION
    The door: finds PowerShell 7.6, or restores it as the .NET tool that .config/dotnet-tools.json pins, restores Invoke-Build and
    Pester as the NuGet packages that Directory.Packages.props pins, and hands the task to WebSocket.build.ps1. All it needs is the .NET
    SDK that global.json names. After a build the folder of this script can be imported as the module: Import-Module ./WebSocket.psd1.

    Build    compiles everything and fills bin
    Test     builds, then runs the xunit and the Pester tests; the last line has the totals
    Fuzz     throws random input at the library for about -Minutes and prints the seeds; with -Guided AFL++ looks for it (Linux)
    Mutate   changes one place of src/Core after the other and says which changes no test notices; -Area names one area
    Soak     keeps 200 connections busy for -Minutes while the server is killed now and then, and reports what was lost
    Bench    measures the library and the cmdlets beside the alternatives; -Quick for a short look. See docs/performance.md
    Demo     runs examples/Demo.ps1 against the module's own server and shows what a user would see
    Help     makes en-US anew from docs/help; needs PlatyPS, installed or from the gallery
    Package  makes artifacts/package: the module's folder, with its bill of materials, and its .nupkg
    Install  packages, then installs the package for the current user
    Pack     makes artifacts/library: the library as a NuGet package for C#, compared with the recorded API and used in a new project
    Reproduce  builds the last commit twice, in two folders, and compares what would be shipped
    Clean    removes artifacts and bin

.EXAMPLE
    ./build.ps1 -Task Soak -Minutes 10
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [ValidateSet('Build', 'Test', 'Fuzz', 'Mutate', 'Soak', 'Bench', 'Demo', 'Help', 'Package', 'Install', 'Pack', 'Reproduce', 'Clean')]
    [string] $Task = 'Build',

    [ValidateSet('Release', 'Debug')]
    [string] $Configuration = 'Release',
    # Test only: reports how much of src/Core its tests run through.
    [switch] $Coverage,
    # Fuzz and Soak only: about how long.
    [ValidateRange(0.1, 10080)]
    [double] $Minutes = 10,
    # Fuzz only: with AFL++, on Linux.
    [switch] $Guided,
    # Bench only: fewer and shorter rounds.
    [switch] $Quick,
    # Mutate only: a folder of src/Core.
    [ValidateSet('All', 'Framing', 'Handshake', 'Messages', 'Connections', 'Errors', 'Server')]
    [string] $Area = 'All',
    # Mutate only: draws the lines to change, where an area has too many to try all in about an hour.
    [int] $Seed = 1,
    # Mutate only: tries all of them, however long it takes.
    [switch] $Whole
)

# Windows PowerShell 5.1 has to be able to read the whole file (so no ?: and no ??), and to run it up to the hand-over.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$env:DOTNET_NOLOGO, $env:DOTNET_CLI_TELEMETRY_OPTOUT = '1', '1'
$required = [version] '7.6'
Push-Location -LiteralPath $PSScriptRoot
try {
    if (-not (Get-Command -Name 'dotnet' -CommandType Application -ErrorAction Ignore)) {
        throw 'The .NET SDK that global.json names is needed, and there is no dotnet on PATH.'
    }

    if ($PSVersionTable.PSVersion -lt $required) {
        $arguments = @('-NoLogo', '-NoProfile', '-File', $PSCommandPath)
        foreach ($name in $PSBoundParameters.Keys) {
            $value = $PSBoundParameters[$name]
            if ($value -is [switch]) {
                $arguments += '-{0}:{1}' -f $name, ('$' + $value.IsPresent.ToString().ToLowerInvariant())
            } else {
                $arguments += "-$name", [string]::Format([cultureinfo]::InvariantCulture, '{0}', $value)
            }
        }

        foreach ($candidate in @(Get-Command -Name 'pwsh' -CommandType Application -All -ErrorAction Ignore)) {
            if ((& $candidate.Source '--version') -match '(\d+\.\d+)\.\d+' -and [version] $Matches[1] -ge $required) {
                & $candidate.Source @arguments
                exit $LASTEXITCODE
            }
        }

        # Windows PowerShell makes errors of what a program writes to stderr while that is redirected.
        $ErrorActionPreference = 'Continue'
        $said = & dotnet tool restore 2>&1
        if ($LASTEXITCODE -ne 0) {
            throw "PowerShell $required is needed, this is $($PSVersionTable.PSVersion), and none could be restored as a .NET tool: $said"
        }

        & dotnet tool run pwsh -- @arguments
        exit $LASTEXITCODE
    }

    $PSNativeCommandUseErrorActionPreference = $false
    if ([Console]::IsOutputRedirected) {
        # Colour codes have no place in a log.
        $PSStyle.OutputRendering, $env:NO_COLOR = 'PlainText', '1'
    }

    $packages = & (Join-Path $PSScriptRoot 'tools' 'Get-BuildPackage.ps1')
    $totals = Join-Path $PSScriptRoot 'artifacts' 'test-results' 'totals.txt'
    Remove-Item -Path $totals -ErrorAction Ignore
    $run = @{
        Task = $Task; File = 'WebSocket.build.ps1'; Safe = $true; Result = 'outcome'; Configuration = $Configuration
        Coverage = $Coverage; Minutes = $Minutes; Guided = $Guided; Quick = $Quick; Area = $Area; Seed = $Seed; Whole = $Whole
        PesterPath = Join-Path $packages['Pester'] 'Pester.psd1'
    }
    & (Join-Path $packages['Invoke-Build'] 'Invoke-Build.ps1') @run
    if ($Task -eq 'Test') {
        Get-Content -LiteralPath $totals -ErrorAction Ignore
        if (-not $?) { '0 passed, 1 failed, 0 skipped' }
    }
    exit [int] ($null -ne $outcome.Error)
} finally {
    Pop-Location
}
