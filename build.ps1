<#
.SYNOPSIS
    Builds, tests, shows and packages the WebSocket module.

.DESCRIPTION
    The one build script. It needs the .NET SDK that global.json names and PowerShell 7.6 or later; started from an older
    PowerShell it hands over to a newer one. What it makes goes to artifacts, bin and en-US, which git ignores. After a
    build the folder of this script can be imported as the module: Import-Module ./WebSocket.psd1.

    Build    compiles everything, fills bin and, where PlatyPS can be had, en-US
    Test     builds, then runs the xunit tests, the help-page check and the Pester tests; the last line has the totals
    Fuzz     throws random streams, bytes and handshake answers at the library for about -Minutes; prints the seeds
    Soak     keeps 200 connections busy for -Minutes while the server is killed now and then, and reports what was lost
    Bench    measures the library and the cmdlets beside the alternatives; -Quick for a short look. See docs/performance.md
    Demo     runs examples/Demo.ps1 against the module's own server and shows what a user would see
    Help     makes en-US anew from docs/help
    Package  makes artifacts/package: the module's folder and its .nupkg
    Install  packages, then copies the folder to the module path of the current user
    Clean    removes artifacts, bin and en-US

.EXAMPLE
    ./build.ps1

.EXAMPLE
    ./build.ps1 -Task Test -Coverage

.EXAMPLE
    ./build.ps1 -Task Soak -Minutes 10
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [ValidateSet('Build', 'Test', 'Fuzz', 'Soak', 'Bench', 'Demo', 'Help', 'Package', 'Install', 'Clean')]
    [string] $Task = 'Build',

    [ValidateSet('Release', 'Debug')]
    [string] $Configuration = 'Release',

    # Test only: reports how much of src/Core its tests run through.
    [switch] $Coverage,

    # Fuzz and Soak only: about how long.
    [ValidateRange(0.1, 10080)]
    [double] $Minutes = 10,

    # Bench only: fewer and shorter rounds.
    [switch] $Quick
)

# Windows PowerShell 5.1 has to be able to read the whole file (so no ?: and no ??), and to run it up to the hand-over.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$root = $PSScriptRoot
$artifacts = Join-Path -Path $root -ChildPath 'artifacts'
$requiredPowerShell = [version] '7.6'
$env:DOTNET_NOLOGO = '1'
$env:DOTNET_CLI_TELEMETRY_OPTOUT = '1'

function Start-NewerPowerShell {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)]
        [System.Collections.IDictionary] $Parameters
    )

    $arguments = @('-NoLogo', '-NoProfile', '-File', (Join-Path -Path $root -ChildPath 'build.ps1'))
    foreach ($name in $Parameters.Keys) {
        if ($Parameters[$name] -is [switch]) {
            $arguments += '-{0}:{1}' -f $name, ('$' + $Parameters[$name].IsPresent.ToString().ToLowerInvariant())
        } else {
            $arguments += "-$name", [string] $Parameters[$name]
        }
    }

    foreach ($candidate in @(Get-Command -Name 'pwsh' -CommandType Application -All -ErrorAction Ignore)) {
        if ((& $candidate.Source '--version') -match '(\d+\.\d+)\.\d+' -and [version] $Matches[1] -ge $requiredPowerShell) {
            & $candidate.Source @arguments
            return
        }
    }

    Push-Location -LiteralPath $root
    try {
        # Windows PowerShell makes errors of what a program writes to stderr while that is redirected.
        $ErrorActionPreference = 'Continue'
        $restoreOutput = & dotnet tool restore 2>&1
        if ($LASTEXITCODE -ne 0) {
            throw "This script needs PowerShell $requiredPowerShell or later, this is $($PSVersionTable.PSVersion). " +
                "None was found, and none could be restored as a .NET tool: $restoreOutput"
        }

        & dotnet tool run pwsh -- @arguments
    } finally {
        Pop-Location
    }
}

if ($PSVersionTable.PSVersion -lt $requiredPowerShell) {
    Start-NewerPowerShell -Parameters $PSBoundParameters
    exit $LASTEXITCODE
}

$PSNativeCommandUseErrorActionPreference = $false
if ([Console]::IsOutputRedirected) {
    # Colour codes have no place in a log; the processes started from here read the variable.
    $PSStyle.OutputRendering = 'PlainText'
    $env:NO_COLOR = '1'
}

$moduleName = 'WebSocket'
$binPath = Join-Path -Path $root -ChildPath 'bin'
$helpPath = Join-Path -Path $root -ChildPath 'en-US'
$helpSource = Join-Path -Path $root -ChildPath 'docs' -AdditionalChildPath 'help'
$manifestPath = Join-Path -Path $root -ChildPath "$moduleName.psd1"
$testResults = Join-Path -Path $artifacts -ChildPath 'test-results'
$assemblies = 'MessageWebSockets.dll', 'MessageWebSockets.PowerShell.dll'
$pesterVersion = [version] '5.9.0'
$pesterMinimum = [version] '5.5'
$platyPSVersion = [version] '1.0.3'
$processTimeout = [timespan]::FromMinutes(5)
$longPesterFiles = 'HelpExamples.Tests', 'Reconnect.Tests'

# One of the test stages: its counts, and the whole text of what failed.
class StageResult {
    [string] $Stage
    [int] $Passed
    [int] $Failed
    [int] $Skipped
    [timespan] $Duration
    [string[]] $Failures = @()
    [string] $Note = ''

    StageResult([string] $stage) {
        $this.Stage = $stage
    }
}

function Get-ModuleVersion {
    [CmdletBinding()]
    [OutputType([string])]
    param()

    $properties = [xml] (Get-Content -LiteralPath (Join-Path -Path $root -ChildPath 'Directory.Build.props') -Raw)
    $properties.SelectSingleNode('//VersionPrefix').InnerText
}

function Get-ProjectOutput {
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory)]
        [string] $ProjectName
    )

    Join-Path -Path $artifacts -ChildPath 'bin' -AdditionalChildPath $ProjectName, $Configuration.ToLowerInvariant()
}

function Get-ChildPowerShell {
    [CmdletBinding()]
    [OutputType([hashtable])]
    param()

    # PowerShell as a .NET tool runs inside dotnet, and the pwsh program in its folder may be one for another system.
    $child = @{
        Program   = [Environment]::ProcessPath
        Arguments = @('-NoLogo', '-NoProfile', '-NonInteractive')
    }
    if ([System.IO.Path]::GetFileNameWithoutExtension($child.Program) -eq 'dotnet') {
        $child.Arguments = @(Join-Path -Path $PSHOME -ChildPath 'pwsh.dll') + $child.Arguments
    }

    $child
}

function Copy-ReplacingFile {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)]
        [string] $Path,

        [Parameter(Mandatory)]
        [string] $Destination
    )

    if (Test-Path -LiteralPath $Destination) {
        $hashes = Get-FileHash -LiteralPath $Path, $Destination -Algorithm SHA256
        if ($hashes[0].Hash -eq $hashes[1].Hash) {
            return
        }

        # A running PowerShell may have the old file loaded. Elsewhere removing it leaves that process its copy;
        # Windows refuses, but lets the file be renamed, and the next build removes it.
        try {
            Remove-Item -LiteralPath $Destination -Force
        } catch {
            Move-Item -LiteralPath $Destination -Destination ('{0}.{1:N}.old' -f $Destination, [guid]::NewGuid())
        }
    }

    Copy-Item -LiteralPath $Path -Destination $Destination
}

function Find-BuildModule {
    [CmdletBinding()]
    [OutputType([psmoduleinfo])]
    param(
        [Parameter(Mandatory)]
        [string] $Name,

        [Parameter(Mandatory)]
        [version] $MinimumVersion,

        [Parameter(Mandatory)]
        [version] $PinnedVersion
    )

    # A later major version may have broken what this script relies on.
    $findInstalled = {
        Get-Module -Name $Name -ListAvailable |
            Where-Object { $_.Version -ge $MinimumVersion -and $_.Version.Major -eq $PinnedVersion.Major } |
            Sort-Object -Property Version -Descending |
            Select-Object -First 1
    }

    $module = & $findInstalled
    if ($module) {
        return $module
    }

    $scope = @{ Name = $Name; Scope = 'CurrentUser'; ErrorAction = 'Stop'; WarningAction = 'SilentlyContinue' }
    $previousProgress = $ProgressPreference
    $ProgressPreference = 'SilentlyContinue'
    try {
        if (Get-Command -Name 'Install-PSResource' -ErrorAction Ignore) {
            Install-PSResource @scope -Version $PinnedVersion -TrustRepository
        } elseif (Get-Command -Name 'Install-Module' -ErrorAction Ignore) {
            Install-Module @scope -RequiredVersion $PinnedVersion -Force -SkipPublisherCheck
        }
    } catch {
        Write-Verbose -Message "$Name could not be installed: $_"
    } finally {
        $ProgressPreference = $previousProgress
    }

    & $findInstalled
}

function Invoke-DotNetBuild {
    [CmdletBinding()]
    param(
        # Projects or solutions, from the root.
        [Parameter(Mandatory)]
        [string[]] $Path
    )

    $started = [System.Diagnostics.Stopwatch]::StartNew()
    foreach ($item in $Path) {
        $output = & dotnet build (Join-Path -Path $root -ChildPath $item) --configuration $Configuration --verbosity quiet 2>&1
        if ($LASTEXITCODE -ne 0) {
            # MSBuild reports each error twice, the second time in its summary.
            $output | ForEach-Object { "$_".Trim() } | Where-Object { $_ } | Select-Object -Unique | Out-Host
            throw "dotnet build $item failed."
        }
    }

    Write-Host ('{0,-36} {1,39:0.0} s' -f 'build', $started.Elapsed.TotalSeconds)
}

function Update-ModuleFolder {
    [CmdletBinding()]
    param()

    $null = New-Item -Path $binPath -ItemType Directory -Force
    Get-ChildItem -LiteralPath $binPath -Filter '*.old' | Remove-Item -Force -ErrorAction Ignore
    foreach ($file in $assemblies) {
        $copy = @{
            Path        = Join-Path -Path (Get-ProjectOutput -ProjectName 'Module') -ChildPath $file
            Destination = Join-Path -Path $binPath -ChildPath $file
        }
        Copy-ReplacingFile @copy
    }
}

function ConvertTo-AboutHelp {
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory)]
        [string] $Path
    )

    # The layout of about topics: headings at the margin, text four columns in. Get-Help takes the fifth line for the synopsis.
    $topic = [System.IO.Path]::GetFileNameWithoutExtension($Path)
    $lines = [System.Collections.Generic.List[string]] @('TOPIC', "    $topic", '')
    $inFrontMatter = $false
    $inCode = $false
    $number = 0
    foreach ($line in Get-Content -LiteralPath $Path) {
        $number++
        if ($line -eq '---' -and ($number -eq 1 -or $inFrontMatter)) {
            $inFrontMatter = -not $inFrontMatter
        } elseif ($inFrontMatter -or $line -eq "# $topic") {
            continue
        } elseif ($line -match '^\s*```') {
            $inCode = -not $inCode
        } elseif (-not $inCode -and $line -match '^#+\s+(.+)$') {
            $lines.Add($Matches[1].ToUpperInvariant())
        } elseif ($line.Trim() -or $lines[$lines.Count - 1] -match '^\s') {
            # Links lead nowhere in a terminal.
            $text = if ($inCode) { ' ' * 8 + $line } else { ' ' * 4 + ($line -replace '\[([^\]]+)\]\([^)]*\)', '$1') }
            $lines.Add($text.TrimEnd())
        }
    }

    $lines -join "`n"
}

function Format-MamlParagraph {
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory)]
        [AllowEmptyString()]
        [string] $Text
    )

    # Markdown breaks lines where the source does, a terminal where it is as wide as it is; links lead nowhere there.
    $plain = $Text -replace '\[([^\]]+)\]\([^)]*\)', '$1'
    if ($plain -match '^```') {
        $plain -replace '\A```\w*\r?\n' -replace '\r?\n```\s*\z'
    } else {
        $plain -replace '(?<=\S)\r?\n(?=[^\s|-])', ' '
    }
}

function Repair-Maml {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)]
        [string] $Path,

        # The pages it was made from.
        [Parameter(Mandatory)]
        [string[]] $MarkdownPath
    )

    # PlatyPS 1.0 puts whole examples into their introduction, code fences included, with control characters between the paragraphs.
    $maml = [xml]::new()
    $maml.PreserveWhitespace = $true
    $maml.Load($Path)
    $namespaces = [System.Xml.XmlNamespaceManager]::new($maml.NameTable)
    @{
        maml    = 'http://schemas.microsoft.com/maml/2004/10'
        command = 'http://schemas.microsoft.com/maml/dev/command/2004/10'
        dev     = 'http://schemas.microsoft.com/maml/dev/2004/10'
    }.GetEnumerator().ForEach({ $namespaces.AddNamespace($_.Key, $_.Value) })

    foreach ($example in $maml.SelectNodes('//command:example', $namespaces)) {
        $introduction = $example.SelectSingleNode('maml:introduction', $namespaces)
        $code = $example.SelectSingleNode('dev:code', $namespaces)
        $remarks = $example.SelectSingleNode('dev:remarks', $namespaces)
        $texts = @($introduction.SelectNodes('maml:para', $namespaces).InnerText | Where-Object { $_.Trim([char] 0x80, ' ', "`r", "`n") })
        $introduction.RemoveAll()
        for ($index = 0; $index -lt $texts.Count; $index++) {
            $text = $texts[$index]
            # An empty line in a block makes two paragraphs of it.
            while ($text -match '^```' -and $text -notmatch '(?s)^```.*\n```\s*\z' -and $index + 1 -lt $texts.Count) {
                $index++
                $text += "`n`n" + $texts[$index]
            }

            if ($text -match '^```powershell' -and -not $code.InnerText) {
                $code.InnerText = Format-MamlParagraph -Text $text
            } else {
                $paragraph = $maml.CreateElement('maml', 'para', $namespaces.LookupNamespace('maml'))
                $paragraph.InnerText = Format-MamlParagraph -Text $text
                $parent = if ($code.InnerText) { $remarks } else { $introduction }
                $null = $parent.AppendChild($paragraph)
            }
        }

        # Get-Help puts no line between one example and the next.
        $null = $remarks.AppendChild($maml.CreateElement('maml', 'para', $namespaces.LookupNamespace('maml')))
    }

    # PlatyPS 1.0 leaves out the default values.
    foreach ($page in $MarkdownPath) {
        $name = [System.IO.Path]::GetFileNameWithoutExtension($page)
        foreach ($match in [regex]::Matches((Get-Content -LiteralPath $page -Raw), '(?ms)^### -(\w+)\r?$.*?^DefaultValue: ([^\r\n]*)')) {
            $query = "//command:command[command:details/command:name='$name']/command:parameters/command:parameter[maml:name='$($match.Groups[1].Value)']"
            $default = $match.Groups[2].Value.Trim("'")
            if ($default) {
                $element = $maml.CreateElement('dev', 'defaultValue', $namespaces.LookupNamespace('dev'))
                $element.InnerText = $default
                $null = $maml.SelectSingleNode($query, $namespaces).AppendChild($element)
            }
        }
    }

    foreach ($paragraph in $maml.SelectNodes('//maml:para[not(ancestor::command:example)]', $namespaces)) {
        $paragraph.InnerText = Format-MamlParagraph -Text $paragraph.InnerText
    }

    # There is no page to open for Get-Help -Online, and a relative link is not an address to it.
    foreach ($link in @($maml.SelectNodes('//maml:navigationLink', $namespaces))) {
        $address = $link.SelectSingleNode('maml:uri', $namespaces)
        if (-not $address.InnerText) {
            $null = $link.ParentNode.RemoveChild($link)
        } elseif ($address.InnerText -notmatch '^https?://') {
            $address.InnerText = ''
        }
    }

    $maml.Save($Path)
}

function Update-HelpFolder {
    [CmdletBinding()]
    param(
        [switch] $Force
    )

    $pages = @(Get-ChildItem -Path $helpSource -Filter '*-*.md' -File -ErrorAction Ignore)
    $aboutPages = @(Get-ChildItem -Path $helpSource -Filter 'about_*.md' -File -ErrorAction Ignore)
    if (-not $pages) {
        return
    }

    $built = Join-Path -Path $helpPath -ChildPath 'MessageWebSockets.PowerShell.dll-Help.xml'
    $newest = ($pages + $aboutPages + (Get-Item -LiteralPath $PSCommandPath) | Measure-Object -Property LastWriteTimeUtc -Maximum).Maximum
    if (-not $Force -and (Test-Path -LiteralPath $built) -and (Get-Item -LiteralPath $built).LastWriteTimeUtc -gt $newest) {
        return
    }

    $started = [System.Diagnostics.Stopwatch]::StartNew()
    $platyPS = Find-BuildModule -Name 'Microsoft.PowerShell.PlatyPS' -MinimumVersion $platyPSVersion -PinnedVersion $platyPSVersion
    if (-not $platyPS) {
        $message = "help: en-US was not built, because PlatyPS $platyPSVersion is neither installed nor to be had from the gallery."
        if ($Force) {
            throw $message
        }

        Write-Host $message
        return
    }

    # In a process of its own: PlatyPS brings assemblies that the user's session should not be left with.
    $staging = Join-Path -Path $artifacts -ChildPath 'help'
    Remove-Item -Path $staging, $helpPath -Recurse -Force -ErrorAction Ignore
    $child = Get-ChildPowerShell
    $arguments = $child.Arguments + '-CommandWithArgs' + {
        Set-StrictMode -Version Latest
        $ErrorActionPreference = 'Stop'
        $platyPSPath, $outputFolder, $pages = $args
        Import-Module -Name $platyPSPath
        Import-MarkdownCommandHelp -Path $pages | Export-MamlCommandHelp -OutputFolder $outputFolder -Force | Out-Null
    }.ToString() + $platyPS.Path + $staging + $pages.FullName
    & $child.Program @arguments | Out-Host
    $maml = @(Get-ChildItem -Path $staging -Filter '*.xml' -Recurse -ErrorAction Ignore)
    if ($LASTEXITCODE -ne 0 -or -not $maml) {
        throw 'Building the help from docs/help failed.'
    }

    $null = New-Item -Path $helpPath -ItemType Directory -Force
    $maml | ForEach-Object { Repair-Maml -Path $_.FullName -MarkdownPath $pages.FullName }
    $maml | Copy-Item -Destination $helpPath
    if (-not (Test-Path -LiteralPath $built)) {
        throw "The pages in docs/help name another help file than $(Split-Path -Path $built -Leaf): $($maml.Name -join ', ')"
    }

    foreach ($page in $aboutPages) {
        $text = ConvertTo-AboutHelp -Path $page.FullName
        Set-Content -LiteralPath (Join-Path -Path $helpPath -ChildPath "$($page.BaseName).help.txt") -Value $text
    }

    Write-Host ('{0,-36} {1,39:0.0} s' -f "help ($($pages.Count + $aboutPages.Count) pages)", $started.Elapsed.TotalSeconds)
}

function Invoke-Build {
    [CmdletBinding()]
    param(
        [string[]] $Path = @("$moduleName.slnx")
    )

    Invoke-DotNetBuild -Path $Path
    Update-ModuleFolder
    Update-HelpFolder
}

function Write-StageResult {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)]
        [StageResult] $Result
    )

    $values = $Result.Stage, $Result.Passed, $Result.Failed, $Result.Skipped, $Result.Duration.TotalSeconds
    Write-Host ('{0,-36} {1,6} passed {2,4} failed {3,4} skipped {4,6:0.0} s' -f $values)
    if ($Result.Note) {
        Write-Host "    $($Result.Note)"
    }

    foreach ($failure in $Result.Failures) {
        Write-Host "`n$failure`n"
    }
}

# A program that runs a part of the tests, beside others, and what is known of it.
class TestRun {
    [StageResult] $Result
    [string] $Program
    [string[]] $Arguments
    # What the program writes its results to.
    [string] $ResultPath
    # The function that fills in the result when the program has ended. It gets this object.
    [string] $Reader
    # No limit where the program has one of its own.
    [timespan] $Limit = [timespan]::MaxValue
    [System.Diagnostics.Process] $Process
    [System.Diagnostics.Stopwatch] $Clock
    [System.Threading.Tasks.Task] $Exited
    [System.Threading.Tasks.Task[]] $Streams
    # What it said, as soon as it has ended.
    [string] $Log
    # Why there may be no results.
    [string] $Ending

    TestRun([string] $stage) {
        $this.Result = [StageResult]::new($stage)
    }
}

function New-XunitRun {
    [CmdletBinding()]
    [OutputType([TestRun])]
    param(
        [Parameter(Mandatory)]
        [System.IO.FileInfo] $Project
    )

    $folder = Join-Path -Path $testResults -ChildPath $Project.BaseName
    $run = [TestRun]::new("xunit $($Project.BaseName)")
    $run.Program = 'dotnet'
    $run.ResultPath = Join-Path -Path $folder -ChildPath 'results.trx'
    $run.Reader = 'Read-XunitResult'
    $run.Arguments = @(
        'test', $Project.FullName
        '--configuration', $Configuration
        '--no-build'
        '--results-directory', $folder
        '--logger', 'trx;LogFileName=results.trx'
        # A test that hangs must not hang the build; the list of tests still running is in the output.
        '--blame-hang-timeout', "$($processTimeout.TotalMinutes)min"
        '--blame-hang-dump-type', 'none'
    )
    # The other tests come past src/Core only by the way.
    if ($Coverage -and $Project.BaseName -eq 'Core.Tests') {
        $run.Arguments += @(
            '--collect', 'XPlat Code Coverage', '--'
            'DataCollectionRunSettings.DataCollectors.DataCollector.Configuration.Include=[MessageWebSockets]*'
        )
    }

    $run
}

function Read-XunitResult {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)]
        [TestRun] $Run
    )

    $result = $Run.Result
    if (Test-Path -LiteralPath $Run.ResultPath) {
        $trx = [xml] (Get-Content -LiteralPath $Run.ResultPath -Raw)
        $namespaces = [System.Xml.XmlNamespaceManager]::new($trx.NameTable)
        $namespaces.AddNamespace('t', $trx.DocumentElement.NamespaceURI)
        $tests = @($trx.SelectNodes('//t:Results/t:UnitTestResult', $namespaces))
        $failed = @($tests | Where-Object { $_.GetAttribute('outcome') -notin 'Passed', 'NotExecuted' })
        $result.Failed = $failed.Count
        $result.Skipped = @($tests | Where-Object { $_.GetAttribute('outcome') -eq 'NotExecuted' }).Count
        $result.Passed = $tests.Count - $result.Failed - $result.Skipped
        $result.Failures = foreach ($test in $failed) {
            $details = foreach ($part in 'Message', 'StackTrace') {
                $node = $test.SelectSingleNode("t:Output/t:ErrorInfo/t:$part", $namespaces)
                if ($node) {
                    $node.InnerText
                }
            }
            (@("FAILED $($test.GetAttribute('testName'))") + $details) -join "`n"
        }
    }

    if ($Run.Process.ExitCode -ne 0 -and $result.Failed -eq 0) {
        $result.Failed = 1
        $result.Failures = "FAILED $($result.Stage) $($Run.Ending):`n$($Run.Log)"
    }

    if ($Run.Arguments -contains 'XPlat Code Coverage') {
        $result.Note = Get-CoverageNote -Path (Split-Path -Path $Run.ResultPath)
    }
}

function Get-CoverageNote {
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory)]
        [string] $Path
    )

    $report = Get-ChildItem -Path $Path -Filter 'coverage.cobertura.xml' -Recurse -ErrorAction Ignore | Select-Object -First 1
    if (-not $report) {
        return 'coverage: no report was written'
    }

    $cobertura = [xml] (Get-Content -LiteralPath $report.FullName -Raw)
    # Several classes can share a file, and a line can appear under more than one of them.
    $files = $cobertura.SelectNodes('//class') | Group-Object -Property { $_.GetAttribute('filename') } | ForEach-Object {
        $lines = @($_.Group | ForEach-Object { $_.SelectNodes('lines/line') } | Group-Object -Property { $_.GetAttribute('number') })
        $missed = @($lines | Where-Object { -not ($_.Group | Where-Object { [int64] $_.GetAttribute('hits') -gt 0 }) })
        [pscustomobject] @{ File = $_.Name -replace '^.*(?=src[\\/])'; Lines = $lines.Count; Missed = @($missed | ForEach-Object { [int] $_.Name } | Sort-Object) }
    }
    $total = [int] ($files | Measure-Object -Property Lines -Sum).Sum
    $missedTotal = [int] ($files | ForEach-Object { $_.Missed.Count } | Measure-Object -Sum).Sum
    $share = 100.0 * ($total - $missedTotal) / [Math]::Max($total, 1)
    $note = @("coverage: $($share.ToString('0.0', [cultureinfo]::InvariantCulture)) % of $total lines of src/Core")
    $note += $files | Where-Object { $_.Missed.Count -gt 0 } | Sort-Object -Property { $_.Missed.Count } -Descending | ForEach-Object {
        "    {0,5} not run  {1}: {2}" -f $_.Missed.Count, $_.File, (Format-LineRange -Number $_.Missed)
    }
    $note -join "`n    "
}

function Format-LineRange {
    [CmdletBinding()]
    [OutputType([string])]
    param(
        # Ascending line numbers.
        [Parameter(Mandatory)]
        [int[]] $Number
    )

    $ranges = [System.Collections.Generic.List[string]]::new()
    $first = $last = $Number[0]
    foreach ($value in @($Number | Select-Object -Skip 1) + [int]::MaxValue) {
        if ($value -ne $last + 1) {
            $ranges.Add((@($first, $last) | Select-Object -Unique) -join '-')
            $first = $value
        }

        $last = $value
    }

    $ranges -join ', '
}

function Test-HelpPage {
    [CmdletBinding()]
    [OutputType([StageResult])]
    param()

    $result = [StageResult]::new('help pages')
    $started = [System.Diagnostics.Stopwatch]::StartNew()
    foreach ($name in (Import-PowerShellDataFile -LiteralPath $manifestPath).CmdletsToExport) {
        $page = Join-Path -Path $helpSource -ChildPath "$name.md"
        if (-not (Test-Path -LiteralPath $page)) {
            $result.Failed++
            $result.Failures += "FAILED docs/help/$name.md is missing"
            continue
        }

        $examples = @(Select-String -LiteralPath $page -Pattern '^### Example\b').Count
        if ($examples -ge 3) {
            $result.Passed++
        } else {
            $result.Failed++
            $result.Failures += "FAILED docs/help/$name.md has $examples examples; three are wanted"
        }
    }

    $result.Duration = $started.Elapsed
    $result
}

function New-PesterRun {
    [CmdletBinding()]
    [OutputType([TestRun])]
    param(
        [Parameter(Mandatory)]
        [System.IO.FileInfo] $File,

        [Parameter(Mandatory)]
        [psmoduleinfo] $Pester
    )

    $folder = Join-Path -Path $testResults -ChildPath 'Pester'
    $null = New-Item -Path $folder -ItemType Directory -Force
    $child = Get-ChildPowerShell
    $run = [TestRun]::new("Pester $($File.Name -replace '\.Tests\.ps1$')")
    $run.Program = $child.Program
    $run.ResultPath = Join-Path -Path $folder -ChildPath "$($File.BaseName).json"
    $run.Reader = 'Read-PesterResult'
    $run.Limit = $processTimeout
    $run.Arguments = $child.Arguments + @(
        '-File', (Join-Path -Path $root -ChildPath 'tests' -AdditionalChildPath 'Pester', 'Invoke-PesterFile.ps1')
        '-Path', $File.FullName
        '-ResultPath', $run.ResultPath
        '-PesterPath', $Pester.Path
    )
    $run
}

function Read-PesterResult {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)]
        [TestRun] $Run
    )

    $result = $Run.Result
    Set-Content -LiteralPath ([System.IO.Path]::ChangeExtension($Run.ResultPath, 'log')) -Value $Run.Log
    if (Test-Path -LiteralPath $Run.ResultPath) {
        $counts = Get-Content -LiteralPath $Run.ResultPath -Raw | ConvertFrom-Json
        $result.Passed = $counts.Passed
        $result.Failed = $counts.Failed
        $result.Skipped = $counts.Skipped
        $result.Failures = @($counts.Failures)
    } else {
        $result.Failed = 1
        $result.Failures = "FAILED $($result.Stage) $($Run.Ending) and no result:`n$($Run.Log)"
    }
}

function Start-TestRun {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)]
        [TestRun] $Run
    )

    $start = [System.Diagnostics.ProcessStartInfo]::new($Run.Program, $Run.Arguments)
    $start.WorkingDirectory = $root
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $Run.Clock = [System.Diagnostics.Stopwatch]::StartNew()
    $Run.Process = [System.Diagnostics.Process]::Start($start)
    $Run.Process.StandardInput.Close()
    $Run.Streams = $Run.Process.StandardOutput.ReadToEndAsync(), $Run.Process.StandardError.ReadToEndAsync()
    $Run.Exited = $Run.Process.WaitForExitAsync()
}

function Complete-TestRun {
    [CmdletBinding()]
    [OutputType([StageResult])]
    param(
        [Parameter(Mandatory)]
        [TestRun] $Run
    )

    if ($Run.Exited.IsCompleted) {
        $Run.Ending = "ended with exit code $($Run.Process.ExitCode)"
    } else {
        $Run.Ending = "did not end within $($Run.Limit.TotalMinutes) minutes"
        $Run.Process.Kill($true)
        $Run.Process.WaitForExit()
    }

    # A program that a test left behind holds the streams open; its output is not worth waiting for.
    $null = [System.Threading.Tasks.Task]::WaitAll($Run.Streams, 5000)
    $Run.Log = ($Run.Streams | Where-Object -Property IsCompletedSuccessfully | ForEach-Object -MemberName Result) -join ''
    $Run.Result.Duration = $Run.Clock.Elapsed
    & $Run.Reader -Run $Run
    $Run.Process.Dispose()
    $Run.Result
}

# Starts the runs in their order, as many at once as there are processors but no more than four, and gives each result when it is there.
function Invoke-TestRun {
    [CmdletBinding()]
    [OutputType([StageResult])]
    param(
        [Parameter(Mandatory)]
        [TestRun[]] $Run
    )

    $width = [Math]::Min([Environment]::ProcessorCount, 4)
    $waiting = [System.Collections.Generic.Queue[TestRun]]::new($Run)
    $running = [System.Collections.Generic.List[TestRun]]::new()
    try {
        while ($waiting.Count -gt 0 -or $running.Count -gt 0) {
            while ($waiting.Count -gt 0 -and $running.Count -lt $width) {
                $next = $waiting.Dequeue()
                Start-TestRun -Run $next
                $running.Add($next)
            }

            # Now and then, to notice one that takes too long, and Ctrl+C.
            $null = [System.Threading.Tasks.Task]::WaitAny($running.Exited, 500)
            foreach ($item in @($running | Where-Object { $_.Exited.IsCompleted -or $_.Clock.Elapsed -gt $_.Limit })) {
                $null = $running.Remove($item)
                $result = Complete-TestRun -Run $item
                Write-StageResult -Result $result
                $result
            }
        }
    } finally {
        # Only where this is broken off.
        foreach ($item in $running) {
            $item.Process.Kill($true)
        }
    }
}

function Invoke-Test {
    [CmdletBinding()]
    [OutputType([StageResult])]
    param()

    Remove-Item -Path $testResults -Recurse -Force -ErrorAction Ignore

    $build = [StageResult]::new('build')
    try {
        Invoke-Build
    } catch {
        $build.Failed = 1
        $build.Failures = "FAILED $_"
        Write-StageResult -Result $build
        return $build
    }

    $stage = Test-HelpPage
    Write-StageResult -Result $stage
    $stage

    $testFolder = Join-Path -Path $root -ChildPath 'tests'
    $runs = @(Get-ChildItem -Path $testFolder -Filter '*.Tests.csproj' -Recurse -Depth 1 | ForEach-Object { New-XunitRun -Project $_ })

    $files = @(Get-ChildItem -Path (Join-Path -Path $testFolder -ChildPath 'Pester') -Filter '*.Tests.ps1')
    $pester = Find-BuildModule -Name 'Pester' -MinimumVersion $pesterMinimum -PinnedVersion $pesterVersion
    if ($pester) {
        # The long ones first, so that none of them runs by itself in the end.
        $runs += $files | Sort-Object -Stable -Descending -Property { $_.BaseName -in $longPesterFiles } | ForEach-Object { New-PesterRun -File $_ -Pester $pester }
    } else {
        $stage = [StageResult]::new('Pester')
        $stage.Skipped = $files.Count
        $stage.Note = "Pester $pesterMinimum or later is neither installed nor to be had from the gallery: each file counts as skipped."
        Write-StageResult -Result $stage
        $stage
    }

    Invoke-TestRun -Run $runs
}

function Invoke-Fuzz {
    [CmdletBinding()]
    [OutputType([int])]
    param()

    Invoke-DotNetBuild -Path 'tests/Core.Tests/Core.Tests.csproj'
    $program = Join-Path -Path (Get-ProjectOutput -ProjectName 'Core.Tests') -ChildPath 'MessageWebSockets.Tests.dll'
    $env:FUZZ_MINUTES = $Minutes.ToString([cultureinfo]::InvariantCulture)
    $log = Join-Path -Path $artifacts -ChildPath 'fuzz.log'
    $started = [datetime]::UtcNow
    Write-Information "Fuzzing for about $Minutes minutes; the seed of each round goes to $log." -InformationAction Continue
    try {
        # Shows the output of tests that pass as well: the seeds and the number of cases.
        & dotnet $program -class 'MessageWebSockets.Tests.Reliability.FuzzTests' -showLiveOutput -noColor *> $log
        $exitCode = $LASTEXITCODE
    } finally {
        Remove-Item -LiteralPath Env:FUZZ_MINUTES
    }

    $lines = @(Get-Content -LiteralPath $log)
    $cases = @($lines | Select-String -Pattern '\b(\d+) cases in \d+ s' | ForEach-Object { [long]$_.Matches[0].Groups[1].Value })
    $seeds = @($lines | Select-String -Pattern 'FUZZ_SEED=(\d+)$')
    $failures = @($lines | Select-String -SimpleMatch '[FAIL]')
    $lines | Select-String -Pattern '\[FAIL\]|FUZZ_SEED=\d+: ' | ForEach-Object -MemberName Line | Out-Host
    'fuzz: {0} cases in {1} rounds (one seed each) of {2} tests in {3:0} s, {4} failed' -f
        ($cases | Measure-Object -Sum).Sum, $seeds.Count, $cases.Count, ([datetime]::UtcNow - $started).TotalSeconds, $failures.Count | Out-Host
    $exitCode
}

function Invoke-Soak {
    [CmdletBinding()]
    [OutputType([int])]
    param()

    Invoke-DotNetBuild -Path 'tests/Soak/Soak.csproj'
    $program = Join-Path -Path (Get-ProjectOutput -ProjectName 'Soak') -ChildPath 'MessageWebSockets.Soak.dll'
    & dotnet $program $Minutes.ToString([cultureinfo]::InvariantCulture) | Out-Host
    $LASTEXITCODE
}

function Invoke-Bench {
    [CmdletBinding()]
    [OutputType([int])]
    param()

    Invoke-Build
    $program = Join-Path -Path (Get-ProjectOutput -ProjectName 'Bench') -ChildPath 'MessageWebSockets.Bench.dll'
    # A full run is the one worth keeping: its table goes into the page.
    $arguments = if ($Quick) { , '--quick' } else { '--markdown', (Join-Path -Path $root -ChildPath 'docs' -AdditionalChildPath 'performance.md') }
    & dotnet $program @arguments | Out-Host
    $LASTEXITCODE
}

function Invoke-Demo {
    [CmdletBinding()]
    param()

    Invoke-Build -Path 'src/Module/Module.csproj'
    $child = Get-ChildPowerShell
    $arguments = $child.Arguments + @('-File', (Join-Path -Path $root -ChildPath 'examples' -AdditionalChildPath 'Demo.ps1'))
    Write-Host "`nexamples/Demo.ps1, against the module's own server:"
    & $child.Program @arguments
    if ($LASTEXITCODE -ne 0) {
        throw 'The demo failed.'
    }
}

function New-PackageFolder {
    [CmdletBinding()]
    [OutputType([string])]
    param()

    $version = Get-ModuleVersion
    $package = Join-Path -Path $artifacts -ChildPath 'package'
    $folder = Join-Path -Path $package -ChildPath $moduleName -AdditionalChildPath $version
    Remove-Item -Path $package -Recurse -Force -ErrorAction Ignore
    $null = New-Item -Path $folder, (Join-Path -Path $folder -ChildPath 'bin') -ItemType Directory -Force

    foreach ($name in "$moduleName.psm1", "$moduleName.Format.ps1xml", "$moduleName.Types.ps1xml", 'LICENSE', 'README.md', 'CHANGELOG.md') {
        $source = Join-Path -Path $root -ChildPath $name
        if (Test-Path -LiteralPath $source) {
            Copy-Item -LiteralPath $source -Destination $folder
        }
    }

    $manifest = Get-Content -LiteralPath $manifestPath -Raw
    $stamped = [regex]::Replace($manifest, "(?m)^(\s*ModuleVersion\s*=\s*')[^']*'", "`${1}$version'")
    Set-Content -LiteralPath (Join-Path -Path $folder -ChildPath "$moduleName.psd1") -Value $stamped -NoNewline

    foreach ($file in $assemblies) {
        Copy-Item -LiteralPath (Join-Path -Path $binPath -ChildPath $file) -Destination (Join-Path -Path $folder -ChildPath 'bin')
    }

    if (Test-Path -LiteralPath $helpPath) {
        Copy-Item -LiteralPath $helpPath -Destination $folder -Recurse
    }

    $null = Test-ModuleManifest -Path (Join-Path -Path $folder -ChildPath "$moduleName.psd1")
    $folder
}

function Get-PackageMetadata {
    [CmdletBinding()]
    [OutputType([xml])]
    param(
        [Parameter(Mandatory)]
        [string] $Manifest
    )

    $data = Import-PowerShellDataFile -LiteralPath $Manifest
    $psData = $data.PrivateData.PSData
    # The gallery finds commands and module kind by these tags, which Publish-PSResource adds in the same way.
    $tags = @($psData.Tags) + 'PSModule' + @($data.CmdletsToExport | ForEach-Object { "PSCmdlet_$_"; "PSCommand_$_" }) + 'PSIncludes_Cmdlet'
    $values = [ordered] @{
        id                       = $moduleName
        version                  = $data.ModuleVersion
        authors                  = $data.Author
        owners                   = $data.CompanyName
        requireLicenseAcceptance = 'false'
        licenseUrl               = $psData.LicenseUri
        description              = $data.Description
        releaseNotes             = $psData.ReleaseNotes
        copyright                = $data.Copyright
        tags                     = $tags -join ' '
    }
    if ($psData.ContainsKey('ProjectUri')) {
        $values['projectUrl'] = $psData.ProjectUri
    }

    $namespace = 'http://schemas.microsoft.com/packaging/2011/08/nuspec.xsd'
    $nuspec = [xml] "<package xmlns='$namespace'><metadata /></package>"
    $metadata = $nuspec.DocumentElement.FirstChild
    foreach ($name in $values.Keys) {
        $element = $nuspec.CreateElement($name, $namespace)
        $element.InnerText = $values[$name]
        $null = $metadata.AppendChild($element)
    }

    $nuspec
}

function Compress-Package {
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory)]
        [string] $Folder
    )

    # Written here and not by PSResourceGet, so that every machine, with it or without, makes the same package.
    $version = Split-Path -Path $Folder -Leaf
    $path = Join-Path -Path $artifacts -ChildPath 'package' -AdditionalChildPath "$moduleName.$version.nupkg"
    $files = Get-ChildItem -LiteralPath $Folder -Recurse -File | Sort-Object -Property FullName
    $extensions = @($files.Extension.TrimStart('.')) + 'rels', 'nuspec' | Where-Object { $_ } | ForEach-Object ToLowerInvariant | Sort-Object -Unique

    $types = '<?xml version="1.0" encoding="utf-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    foreach ($extension in $extensions) {
        $type = if ($extension -eq 'rels') { 'application/vnd.openxmlformats-package.relationships+xml' } else { 'application/octet' }
        $types += "<Default Extension=`"$extension`" ContentType=`"$type`" />"
    }

    foreach ($file in $files | Where-Object -Property Extension -EQ '') {
        $types += "<Override PartName=`"/$($file.Name)`" ContentType=`"application/octet`" />"
    }

    $types += '</Types>'
    $relationships = '<?xml version="1.0" encoding="utf-8"?>' +
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">' +
        "<Relationship Type=`"http://schemas.microsoft.com/packaging/2010/07/manifest`" Target=`"/$moduleName.nuspec`" Id=`"R1`" />" +
        '</Relationships>'
    $texts = [ordered] @{
        '[Content_Types].xml' = $types
        '_rels/.rels'         = $relationships
        "$moduleName.nuspec"  = (Get-PackageMetadata -Manifest (Join-Path -Path $Folder -ChildPath "$moduleName.psd1")).OuterXml
    }

    $archive = [System.IO.Compression.ZipFile]::Open($path, [System.IO.Compression.ZipArchiveMode]::Create)
    try {
        foreach ($name in $texts.Keys) {
            $writer = [System.IO.StreamWriter]::new($archive.CreateEntry($name).Open())
            $writer.Write($texts[$name])
            $writer.Dispose()
        }

        foreach ($file in $files) {
            $name = [System.IO.Path]::GetRelativePath($Folder, $file.FullName).Replace('\', '/')
            $null = [System.IO.Compression.ZipFileExtensions]::CreateEntryFromFile($archive, $file.FullName, $name)
        }
    } finally {
        $archive.Dispose()
    }

    $path
}

function Invoke-Package {
    [CmdletBinding()]
    [OutputType([string])]
    param()

    Invoke-Build -Path 'src/Module/Module.csproj'
    $folder = New-PackageFolder
    $path = Compress-Package -Folder $folder
    foreach ($item in $folder, $path) {
        Write-Host ([System.IO.Path]::GetRelativePath($root, $item))
    }

    $folder
}

function Get-UserModulePath {
    [CmdletBinding()]
    [OutputType([string])]
    param()

    if ($IsWindows) {
        $documents = [Environment]::GetFolderPath([Environment+SpecialFolder]::MyDocuments)
        return Join-Path -Path $documents -ChildPath 'PowerShell' -AdditionalChildPath 'Modules'
    }

    # LocalApplicationData is $XDG_DATA_HOME or ~/.local/share on Linux, but ~/Library/... on macOS, where PowerShell keeps to the former.
    $data = if ($env:XDG_DATA_HOME) { $env:XDG_DATA_HOME } else { Join-Path -Path $HOME -ChildPath '.local' -AdditionalChildPath 'share' }
    Join-Path -Path $data -ChildPath 'powershell' -AdditionalChildPath 'Modules'
}

function Install-Package {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)]
        [string] $Folder
    )

    $modulePath = Get-UserModulePath
    $destination = Join-Path -Path $modulePath -ChildPath $moduleName -AdditionalChildPath (Split-Path -Path $Folder -Leaf)
    $files = @(Get-ChildItem -LiteralPath $Folder -Recurse -File)
    $wanted = @($files | ForEach-Object { [System.IO.Path]::GetRelativePath($Folder, $_.FullName) })
    foreach ($name in $wanted) {
        $target = Join-Path -Path $destination -ChildPath $name
        $null = New-Item -Path (Split-Path -Path $target) -ItemType Directory -Force
        Copy-ReplacingFile -Path (Join-Path -Path $Folder -ChildPath $name) -Destination $target
    }

    # What an earlier install of the same version left, as far as nobody has it loaded.
    Get-ChildItem -LiteralPath $destination -Recurse -File |
        Where-Object { [System.IO.Path]::GetRelativePath($destination, $_.FullName) -notin $wanted } |
        Remove-Item -Force -ErrorAction Ignore

    Write-Host "Installed to $destination"
    if ($modulePath -notin $env:PSModulePath.Split([System.IO.Path]::PathSeparator)) {
        Write-Host "$modulePath is not on PSModulePath: import the module by its path."
    }
}

switch ($Task) {
    'Build' {
        Invoke-Build
    }
    'Test' {
        $stages = @(Invoke-Test)
        $totals = foreach ($count in 'Passed', 'Failed', 'Skipped') {
            [int] ($stages | Measure-Object -Property $count -Sum).Sum
        }
        Write-Host ('{0} passed, {1} failed, {2} skipped' -f $totals)
        exit [int] ($totals[1] -gt 0)
    }
    'Fuzz' {
        exit (Invoke-Fuzz)
    }
    'Soak' {
        exit (Invoke-Soak)
    }
    'Bench' {
        exit (Invoke-Bench)
    }
    'Demo' {
        Invoke-Demo
    }
    'Help' {
        Update-HelpFolder -Force
    }
    'Package' {
        $null = Invoke-Package
    }
    'Install' {
        Install-Package -Folder (Invoke-Package)
    }
    'Clean' {
        foreach ($path in $artifacts, $binPath, $helpPath) {
            if (Test-Path -LiteralPath $path) {
                Remove-Item -LiteralPath $path -Recurse -Force
            }
        }
    }
}
