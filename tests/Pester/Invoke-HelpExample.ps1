<#
.SYNOPSIS
    Runs the examples of pages as a reader would: pasted into a new prompt, statement by statement.

.DESCRIPTION
    HelpExamples.Tests.ps1 starts this in a fresh PowerShell, with the module on PSModulePath. Each example has a runspace, and so a
    session, of its own; each page has a folder of its own with the files that examples name. Several pages run at once, because many
    examples show what happens after a second of silence. What the screen would show and the ids of the errors go to a JSON file.
#>
[CmdletBinding()]
param(
    # A JSON file with the examples of each page: its name and an array of texts, the commands of one example each.
    [Parameter(Mandatory)]
    [string] $Path,

    # The folder with the files that examples name.
    [Parameter(Mandatory)]
    [string] $FilePath,

    [Parameter(Mandatory)]
    [string] $ResultPath
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$PSStyle.OutputRendering = 'PlainText'

$promptText = {
    param($code, $folder)

    # One variable for all of this script's own, lest an example overwrites one.
    $prompt = @{
        # The width that the outputs in the pages have.
        Width  = 100
        Screen = ''
        Errors = [System.Collections.Generic.List[string]]::new()
        Syntax = [System.Management.Automation.Language.Parser]::ParseInput($code, [ref] $null, [ref] $null)
    }
    $ProgressPreference = 'SilentlyContinue'
    Set-Location -LiteralPath $folder
    Import-Module -Name 'WebSocket'

    foreach ($statement in $prompt.Syntax.EndBlock.Statements) {
        $prompt.Records = [System.Collections.Generic.List[object]]::new()
        try {
            . ([scriptblock]::Create($statement.Extent.Text)) *>&1 | ForEach-Object { $prompt.Records.Add($_) }
        } catch {
            $prompt.Records.Add($_)
        }

        $prompt.Shown = foreach ($record in $prompt.Records) {
            if ($record -is [System.Management.Automation.WarningRecord]) {
                "WARNING: $record"
            } elseif ($record -is [System.Management.Automation.VerboseRecord]) {
                "VERBOSE: $record"
            } elseif ($record -is [System.Management.Automation.DebugRecord]) {
                "DEBUG: $record"
            } else {
                $record
            }

            if ($record -is [System.Management.Automation.ErrorRecord]) {
                $prompt.Errors.Add($record.FullyQualifiedErrorId.Split(',')[0])
            }
        }
        $prompt.Text = (($prompt.Shown | Out-String -Width $prompt.Width) -replace '[ \t]+(?=\r?\n|\z)').Trim("`r", "`n")
        if ($prompt.Text.Trim()) {
            # Tables stand apart from what is around them.
            $prompt.Screen += $prompt.Text + ($prompt.Text.Contains("`n") ? "`n`n" : "`n")
        }
    }

    @{ Screen = $prompt.Screen.TrimEnd(); Errors = @($prompt.Errors) }
}.ToString()

$pages = Get-Content -LiteralPath $Path -Raw | ConvertFrom-Json -AsHashtable
$results = $pages.GetEnumerator() | ForEach-Object -ThrottleLimit 4 -Parallel {
    $folder = Join-Path -Path (Get-Location) -ChildPath $_.Key
    Copy-Item -LiteralPath $using:FilePath -Destination $folder -Recurse
    $screens = foreach ($code in $_.Value) {
        $shell = [powershell]::Create([initialsessionstate]::CreateDefault2())
        try {
            $shell.AddScript($using:promptText).AddArgument($code).AddArgument($folder).Invoke()
        } finally {
            $shell.Dispose()
        }
    }

    @{ Page = $_.Key; Screens = @($screens) }
}

ConvertTo-Json -InputObject @($results) -Depth 5 | Set-Content -LiteralPath $ResultPath
