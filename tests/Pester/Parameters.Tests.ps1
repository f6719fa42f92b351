#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# Looks for parameters that no test tries, and gives every parameter a value it cannot take.
#
# A parameter counts as tried when an It names it for its cmdlet: as an argument of that cmdlet, or, in an It that calls the cmdlet or
# stands in the cmdlet's own file, as the key of a hashtable or a whole string, as splatting does it. What a cmdlet has from a base
# class may be tried with any cmdlet of that class.

BeforeDiscovery {
    $root = Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath '..' -Resolve
    Import-Module -Name (Join-Path -Path $root -ChildPath 'WebSocket.psd1')
    $cmdlets = @(Get-Command -Module 'WebSocket' -CommandType Cmdlet)

    # Values that cannot be converted to a type, or that an attribute refuses; none where everything can be given.
    function Get-WrongValue {
        param([System.Management.Automation.ParameterMetadata] $Parameter)

        $attributes = $Parameter.Attributes.ForEach({ $_.GetType().Name })
        $type = $Parameter.ParameterType
        $element = $type.IsArray ? $type.GetElementType() : $type
        $element = [Nullable]::GetUnderlyingType($element) ?? $element
        if ('CredentialAttribute' -in $attributes) {
            # Whatever is no credential makes PowerShell ask for one.
            return
        }

        if ($element.IsEnum) {
            return @{ Value = 'Nonsense' }
        }

        switch ($element.FullName) {
            {
                $_ -in 'System.Int32', 'System.UInt32', 'System.Int64', 'System.UInt16', 'System.Double', 'System.Byte'
            } { return @{ Value = 'many' } }
            'System.Management.Automation.SwitchParameter' { return @{ Value = 'perhaps' } }
            'System.String' {
                if ($attributes -match '^Validate(NotNullOrEmpty|Names)Attribute$') {
                    return @{ Value = '' }
                }
                return
            }
            { $_ -in 'System.Object', 'System.Management.Automation.PSObject' } { return }
            { $_ -in 'System.Uri' } {
                if ($attributes -like 'ValidateNotNull*') {
                    return @{ Value = $null }
                }
                return
            }
            # 4.2 is an address, 4.0.0.2.
            'System.Net.IPAddress' { return @{ Value = 'nowhere' } }
            default { return @{ Value = 4.2 } }
        }
    }

    $parameters = foreach ($cmdlet in $cmdlets) {
        foreach ($parameter in $cmdlet.Parameters.Values) {
            if ($parameter.Name -in [System.Management.Automation.Cmdlet]::CommonParameters) {
                continue
            }

            $wrong = Get-WrongValue -Parameter $parameter
            @{
                Cmdlet    = $cmdlet.Name
                Parameter = $parameter.Name
                HasWrong  = $null -ne $wrong
                Wrong     = $wrong ? $wrong.Value : $null
            }
        }
    }
}

BeforeAll {
    $root = Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath '..' -Resolve
    Import-Module -Name (Join-Path -Path $root -ChildPath 'WebSocket.psd1')

    # Each It of the test files: what it calls with which arguments, which words it has, and whether it looks for an error.
    $isCommand = { param($Ast) $Ast -is [System.Management.Automation.Language.CommandAst] }
    $isWord = { param($Ast) $Ast -is [System.Management.Automation.Language.StringConstantExpressionAst] }
    $files = Get-ChildItem -LiteralPath $PSScriptRoot -Filter '*.Tests.ps1' | Where-Object FullName -NE $PSCommandPath
    $cases = foreach ($file in $files) {
        $ast = [System.Management.Automation.Language.Parser]::ParseFile($file.FullName, [ref] $null, [ref] $null)
        foreach ($it in @($ast.FindAll($isCommand, $true)) | Where-Object { $_.GetCommandName() -eq 'It' }) {
            $calls = @($it.FindAll($isCommand, $true))
            $words = @($it.FindAll($isWord, $true)).Value
            $commands = @($calls | ForEach-Object { $_.GetCommandName() } | Sort-Object -Unique)
            $arguments = @(foreach ($call in $calls) {
                    foreach ($element in $call.CommandElements) {
                        if ($element -is [System.Management.Automation.Language.CommandParameterAst]) {
                            "$($call.GetCommandName()) -$($element.ParameterName)"
                        }
                    }
                })
            [pscustomobject] @{
                File       = $file.Name
                Commands   = $commands
                Arguments  = @($arguments | Sort-Object -Unique)
                Words      = @($words | Sort-Object -Unique)
                ForAnError = 'Get-Failure' -in $commands -or ($arguments -match '^(Should -Throw|\S+ -ErrorVariable)$').Count
            }
        }
    }

    # The Its that try a parameter.
    function Get-Trial {
        param([string] $Cmdlet, [string] $Parameter)

        $command = Get-Command -Name $Cmdlet -Module 'WebSocket'
        $names = @($Parameter) + $command.Parameters[$Parameter].Aliases
        $declaring = $command.ImplementingType.GetProperty($Parameter)?.DeclaringType
        $relatives = @(Get-Command -Module 'WebSocket' -CommandType Cmdlet | Where-Object {
                $_.Name -eq $Cmdlet -or
                    ($declaring -and $declaring -ne $command.ImplementingType -and $declaring.IsAssignableFrom($_.ImplementingType))
            }).Name
        foreach ($case in $cases) {
            foreach ($relative in $relatives) {
                $isAbout = $relative -in $case.Commands -or $case.File -eq "$relative.Tests.ps1"
                if ($isAbout -and ($names.Where({ $_ -in $case.Words -or "$relative -$_" -in $case.Arguments }))) {
                    $case
                    break
                }
            }
        }
    }
}

AfterAll { Remove-Module -Name 'WebSocket' -ErrorAction Ignore }

Describe '<Cmdlet> -<Parameter>' -ForEach $parameters {
    It 'is tried by a test' {
        Get-Trial -Cmdlet $Cmdlet -Parameter $Parameter | Should -Not -BeNullOrEmpty
    }

    It 'refuses what it cannot take' {
        if (-not $HasWrong) {
            # Everything binds here; what the cmdlet makes of wrong values needs a test of its own.
            @(Get-Trial -Cmdlet $Cmdlet -Parameter $Parameter).Where({ $_.ForAnError }) |
                Should -Not -BeNullOrEmpty -Because 'no It tries it and looks for an error'
            return
        }

        $given = @{ $Parameter = $Wrong }
        $failure = $null
        try {
            & $Cmdlet @given
        } catch {
            $failure = $_
        }
        $failure.Exception | Should -BeOfType 'System.Management.Automation.ParameterBindingException'
        $failure.Exception.ParameterName | Should -Be $Parameter
        $failure.CategoryInfo.Category | Should -BeIn 'InvalidArgument', 'InvalidData'
    }
}
