#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# Runs every example of the documentation against the test server, each page in a fresh PowerShell. Get-HelpExample.ps1 says what counts
# as an example. The examples name addresses that stand for the server's:
#
#     ws://localhost:8080     the well-behaved endpoints, as with: dotnet run --project tests/TestServer -- --port 8080
#     wss://localhost:8443    the same over TLS
#     ws://localhost:8081     the endpoints that misbehave
#
# and files in the working directory: ca.pem is the root certificate, client.pem a client certificate with its key.
#
# An example may report the errors that its text names, as in "the error `ReceiveTimeout`", and has to; it may report no others. Where
# the page shows its output, that is compared: numbers and the width of columns may differ, the rest may not.

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
    $root = Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath '..' -Resolve

    function Start-ExampleServer {
        [CmdletBinding()]
        param()

        $assembly = Get-ChildItem -Path (Join-Path -Path $root -ChildPath 'artifacts' -AdditionalChildPath 'bin', 'TestServer') -Directory |
            ForEach-Object { Join-Path -Path $_.FullName -ChildPath 'MessageWebSockets.TestServer.dll' } |
            Where-Object { Test-Path -LiteralPath $_ } |
            Sort-Object -Property { (Get-Item -LiteralPath $_).LastWriteTimeUtc } |
            Select-Object -Last 1
        $start = [System.Diagnostics.ProcessStartInfo]::new('dotnet')
        $start.ArgumentList.Add($assembly)
        $start.RedirectStandardInput = $true
        $start.RedirectStandardOutput = $true
        $process = [System.Diagnostics.Process]::Start($start)
        $ready = $process.StandardOutput.ReadLineAsync()
        if (-not $ready.Wait(30000) -or -not $ready.Result) {
            $process.Kill()
            throw 'The test server did not say that it is ready.'
        }

        @{ Process = $process; Addresses = $ready.Result | ConvertFrom-Json }
    }

    function Stop-ExampleServer {
        [CmdletBinding()]
        param([hashtable] $Server)

        # It ends with its input.
        $Server.Process.StandardInput.Close()
        if (-not $Server.Process.WaitForExit(10000)) {
            $Server.Process.Kill()
        }

        $Server.Process.Dispose()
    }

    function Invoke-Example {
        [CmdletBinding()]
        param([string[]] $Code)

        foreach ($address in $standIns.Keys) {
            $Code = $Code.Replace($address, $standIns[$address])
        }

        $codePath = Join-Path -Path $TestDrive -ChildPath 'examples.json'
        $resultPath = Join-Path -Path $TestDrive -ChildPath 'results.json'
        ConvertTo-Json -InputObject @($Code) | Set-Content -LiteralPath $codePath
        Remove-Item -LiteralPath $resultPath -ErrorAction Ignore

        # PowerShell as a .NET tool runs inside dotnet.
        $start = [System.Diagnostics.ProcessStartInfo]::new([Environment]::ProcessPath)
        if ([System.IO.Path]::GetFileNameWithoutExtension($start.FileName) -eq 'dotnet') {
            $start.ArgumentList.Add((Join-Path -Path $PSHOME -ChildPath 'pwsh.dll'))
        }

        $arguments = @(
            '-NoLogo', '-NoProfile', '-NonInteractive'
            '-File', (Join-Path -Path $PSScriptRoot -ChildPath 'Invoke-HelpExample.ps1')
            '-Path', $codePath
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
        if (-not $process.WaitForExit(120000)) {
            $process.Kill($true)
            throw 'The examples did not end within two minutes.'
        }

        $null = [System.Threading.Tasks.Task]::WaitAll($streams, 5000)
        $exitCode = $process.ExitCode
        $process.Dispose()
        if ($exitCode -ne 0 -or -not (Test-Path -LiteralPath $resultPath)) {
            throw "PowerShell ended with exit code ${exitCode}: $($streams[0].Result)$($streams[1].Result)"
        }

        Get-Content -LiteralPath $resultPath -Raw | ConvertFrom-Json
    }

    # The parts of a screen that are the same in every run, with the addresses that a page has for those of the server.
    function Get-Invariant {
        [CmdletBinding()]
        param([string] $Screen)

        foreach ($address in $standIns.Keys) {
            $Screen = $Screen.Replace(([uri] $standIns[$address]).Authority, ([uri] $address).Authority)
        }

        $Screen -replace '127\.0\.0\.1', 'localhost' -replace '\S*…', '…' -replace '\d+(\.\d+)?', '0' -replace '-{2,}', '-' -replace '\s+', ' '
    }

    # As an installed module, so that it is found by its name, in other runspaces too.
    $modulePath = Join-Path -Path $TestDrive -ChildPath 'modules'
    $link = @{ ItemType = $IsWindows ? 'Junction' : 'SymbolicLink'; Path = Join-Path -Path $modulePath -ChildPath 'WebSocket'; Target = $root }
    $null = New-Item -Path $modulePath -ItemType Directory
    $null = New-Item @link

    $server = Start-ExampleServer
    $standIns = [ordered] @{
        'wss://localhost:8443' = $server.Addresses.wss.TrimEnd('/')
        'ws://localhost:8080'  = $server.Addresses.ws.TrimEnd('/')
        'ws://localhost:8081'  = $server.Addresses.raw.TrimEnd('/')
    }
    $workingDirectory = Join-Path -Path $TestDrive -ChildPath 'work'
    $null = New-Item -Path $workingDirectory -ItemType Directory
    Set-Content -LiteralPath (Join-Path -Path $workingDirectory -ChildPath 'ca.pem') -Value $server.Addresses.caCertificatePem
    $clientCertificate = $server.Addresses.clientCertificatePem, $server.Addresses.clientKeyPem
    Set-Content -LiteralPath (Join-Path -Path $workingDirectory -ChildPath 'client.pem') -Value $clientCertificate
}

AfterAll {
    Stop-ExampleServer -Server $server
    # Before Pester empties its drive: the link goes, and not what it points to.
    [System.IO.Directory]::Delete($link.Path)
}

Describe 'The examples of <Page>' -ForEach $pageCases {
    BeforeAll {
        $results = @(Invoke-Example -Code $Examples.Code)
    }

    It '<Name>' -ForEach $Examples {
        $result = $results[$Index]
        ($result.Errors | Sort-Object -Unique) -join ', ' | Should -BeExactly (($Errors | Sort-Object -Unique) -join ', ') -Because $result.Screen
        if ($null -ne $Output) {
            Get-Invariant -Screen $result.Screen | Should -BeExactly (Get-Invariant -Screen $Output)
        }
    }
}
