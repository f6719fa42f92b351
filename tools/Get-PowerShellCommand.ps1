<#
.SYNOPSIS
    How to start another PowerShell of the version that runs this: the program and its first arguments.
#>
[CmdletBinding()]
[OutputType([hashtable])]
param()

$arguments = @('-NoLogo', '-NoProfile', '-NonInteractive')
# PowerShell as a .NET tool runs inside dotnet, and the pwsh program in its folder may be one for another system.
if ([System.IO.Path]::GetFileNameWithoutExtension([Environment]::ProcessPath) -eq 'dotnet') {
    $arguments = @(Join-Path -Path $PSHOME -ChildPath 'pwsh.dll') + $arguments
}

@{ Program = [Environment]::ProcessPath; Arguments = $arguments }
