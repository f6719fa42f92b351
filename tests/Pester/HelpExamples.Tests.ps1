#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# Runs every example of the documentation against the test server. Get-HelpExample.ps1 says what counts as an example. The examples
# name addresses that stand for the server's:
#
#     ws://localhost:8080     the well-behaved endpoints, as with: dotnet run --project tests/TestServer -- --port 8080
#     wss://localhost:8443    the same over TLS
#     ws://localhost:8081     the endpoints that misbehave
#
# and files in the working directory: ca.pem is the root certificate, client.pem a client certificate with its key.
#
# An example may report the errors that its text names, as in "the error `ReceiveTimeout`", and has to; it may report no others. Where
# the page shows its output, that is compared, but for what is different in every run, such as times.

BeforeDiscovery {
    $root = Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath '..' -Resolve
    $pages = @(
        Get-ChildItem -Path (Join-Path -Path $root -ChildPath 'docs' -AdditionalChildPath 'help') -Filter '*.md'
        Get-Item -LiteralPath (Join-Path -Path $root -ChildPath 'docs' -AdditionalChildPath 'coming-from.md')
        Get-Item -LiteralPath (Join-Path -Path $root -ChildPath 'README.md')
    )
    $examples = & (Join-Path -Path $PSScriptRoot -ChildPath 'Get-HelpExample.ps1') -Path $pages.FullName
    $pageCases = $examples | Group-Object -Property { $_.Page } | ForEach-Object { @{ Page = $_.Name; Examples = $_.Group } }
}

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')

    # Gives the screens of each page that has examples.
    function Invoke-Example {
        [CmdletBinding()]
        param([hashtable] $Page)

        $json = ConvertTo-Json -InputObject $Page
        foreach ($address in $standIns.Keys) {
            $json = $json.Replace($address, $standIns[$address])
        }

        $codePath = Join-Path -Path $TestDrive -ChildPath 'examples.json'
        $resultPath = Join-Path -Path $TestDrive -ChildPath 'results.json'
        Set-Content -LiteralPath $codePath -Value $json

        # PowerShell as a .NET tool runs inside dotnet.
        $start = [System.Diagnostics.ProcessStartInfo]::new([Environment]::ProcessPath)
        if ([System.IO.Path]::GetFileNameWithoutExtension($start.FileName) -eq 'dotnet') {
            $start.ArgumentList.Add((Join-Path -Path $PSHOME -ChildPath 'pwsh.dll'))
        }

        $arguments = @(
            '-NoLogo', '-NoProfile', '-NonInteractive'
            '-File', (Join-Path -Path $PSScriptRoot -ChildPath 'Invoke-HelpExample.ps1')
            '-Path', $codePath
            '-FilePath', $filePath
            '-ResultPath', $resultPath
        )
        $arguments.ForEach({ $start.ArgumentList.Add($_) })
        $start.WorkingDirectory = $workingDirectory
        $start.Environment['PSModulePath'] = $modulePath + [System.IO.Path]::PathSeparator + $env:PSModulePath
        $start.RedirectStandardInput = $true
        $start.RedirectStandardOutput = $true
        $start.RedirectStandardError = $true
        $process = [System.Diagnostics.Process]::Start($start)
        $process.StandardInput.Close()
        $streams = $process.StandardOutput.ReadToEndAsync(), $process.StandardError.ReadToEndAsync()
        if (-not $process.WaitForExit(10 * $patience)) {
            $process.Kill($true)
            throw 'The examples did not end in time.'
        }

        $null = [System.Threading.Tasks.Task]::WaitAll($streams, $patience)
        $exitCode = $process.ExitCode
        $process.Dispose()
        if ($exitCode -ne 0 -or -not (Test-Path -LiteralPath $resultPath)) {
            throw "PowerShell ended with exit code ${exitCode}: $($streams[0].Result)$($streams[1].Result)"
        }

        $screens = @{}
        (Get-Content -LiteralPath $resultPath -Raw | ConvertFrom-Json).ForEach({ $screens[$_.Page] = $_.Screens })
        $screens
    }

    # The parts of a screen that are the same in every run, with the addresses that a page has for those of the server.
    function Get-Invariant {
        [CmdletBinding()]
        param([string] $Screen)

        foreach ($address in $standIns.Keys) {
            $Screen = $Screen.Replace(([uri] $standIns[$address]).Authority, ([uri] $address).Authority)
        }

        # The first of these patterns is a row of Get-MessageWebSocket: its counters depend on what has arrived by then.
        $Screen -replace '(?m)^ *\d+ (\S+ +(?:Created|Open|Closed|Aborted) .*?) +\d+ +\d+ +\d+\r?$', '# $1 # # #' `
            -replace '(?m)^(Id +: )\d+', '$1#' `
            -replace '\d{4}-\d\d-\d\d', 'date' `
            -replace '\d\d:\d\d:\d\d(\.\d+)?', 'time' `
            -replace '\d+(\.\d+)? (ms|days)', '# $2' `
            -replace '(127\.0\.0\.1|localhost):\d+', 'localhost:#' `
            -replace '127\.0\.0\.1', 'localhost' `
            -replace '\S*…', '…' `
            -replace '-{2,}', '-' `
            -replace '\s+', ' '
    }

    # As an installed module, so that it is found by its name, in other runspaces too; and without the rest of the repository beside it,
    # all of which PowerShell would look through whenever it looks for a command.
    $modulePath = Join-Path -Path $TestDrive -ChildPath 'modules'
    & (Join-Path -Path $repository -ChildPath 'tools' -AdditionalChildPath 'New-Package.ps1') -Destination $modulePath 6>$null

    $server = Start-TestServer
    $standIns = [ordered] @{
        'wss://localhost:8443' = $server.wss.TrimEnd('/')
        'ws://localhost:8080'  = $server.ws.TrimEnd('/')
        'ws://localhost:8081'  = $server.raw.TrimEnd('/')
    }
    $workingDirectory = Join-Path -Path $TestDrive -ChildPath 'work'
    $filePath = Join-Path -Path $TestDrive -ChildPath 'files'
    $null = $workingDirectory, $filePath | ForEach-Object { New-Item -Path $_ -ItemType Directory }
    Set-Content -LiteralPath (Join-Path -Path $filePath -ChildPath 'ca.pem') -Value $server.caCertificatePem
    $clientCertificate = $server.clientCertificatePem, $server.clientKeyPem
    Set-Content -LiteralPath (Join-Path -Path $filePath -ChildPath 'client.pem') -Value $clientCertificate
}

AfterAll {
    Stop-LineServer -Server $server
}

Describe 'The examples' -ForEach @{ Pages = $pageCases } {
    BeforeAll {
        $codes = @{}
        $Pages.ForEach({ $codes[$_.Page] = @($_.Examples.Code) })
        $screens = Invoke-Example -Page $codes
    }

    Context 'of <Page>' -ForEach $pageCases {
        It '<Name>' -ForEach $Examples {
            $result = $screens[$Page][$Index]
            ($result.Errors | Sort-Object -Unique) -join ', ' |
                Should -BeExactly (($Errors | Sort-Object -Unique) -join ', ') -Because $result.Screen
            if ($null -ne $Output) {
                Get-Invariant -Screen $result.Screen | Should -BeExactly (Get-Invariant -Screen $Output)
            }
        }
    }
}
