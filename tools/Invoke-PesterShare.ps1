<#
.SYNOPSIS
    Runs some Pester files in a process of their own and gives the result of each when it is there.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [string] $PesterPath,

    [Parameter(Mandatory)]
    [string[]] $Path
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$pwsh = & "$PSScriptRoot/Get-PowerShellCommand.ps1"
$log = [System.Collections.Generic.Queue[string]]::new()
$waiting = [System.Collections.Generic.List[string]]::new()
$Path.ForEach({ $waiting.Add("Pester $((Split-Path -Path $_ -Leaf) -replace '\.Tests\.ps1$')") })

# With an empty standard input: no test waits for a key.
$null | & $pwsh.Program @($pwsh.Arguments) -File "$PSScriptRoot/Invoke-PesterFile.ps1" -PesterPath $PesterPath @Path 2>&1 | ForEach-Object {
    if ("$_".StartsWith('{') -and "$_".Contains('"Suite":')) {
        $result = "$_" | ConvertFrom-Json
        $null = $waiting.Remove($result.Suite)
        $result
    } else {
        $log.Enqueue("$_")
        if ($log.Count -gt 100) {
            $null = $log.Dequeue()
        }
    }
}

foreach ($suite in $waiting) {
    [pscustomobject] @{
        Suite = $suite; Passed = 0; Failed = 1; Skipped = 0; Seconds = 0; Skips = @()
        Failures = @("$suite has no result: its process ended with exit code $LASTEXITCODE.`n$($log -join "`n")")
    }
}
