#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# Scripts of the user's that cmdlets run: what they say on their error stream is the cmdlet's.

BeforeDiscovery {
    $scripts = @(
        @{ Of = 'Receive-WsMessage -Filter'; Command = {
            'x' | Send-WsMessage -Socket $socket
            Receive-WsMessage -Socket $socket -Filter { Write-Error 'mine'; $true } @common
        } }
        @{
            Of = 'Invoke-WsRequest -ReplyFilter'
            Command = { Invoke-WsRequest 'x' -Socket $socket -ReplyFilter { Write-Error 'mine'; $true } @common }
        }
        @{
            Of = 'Connect-MessageWebSocket -OnConnected'
            Command = { Connect-MessageWebSocket (Get-Address -Path 'echo') -OnConnected { Write-Error 'mine' } @common }
        }
        @{
            Of = 'Connect-MessageWebSocket -CertificateValidation'
            Command = {
                $script = { Write-Error 'mine'; $true }
                Connect-MessageWebSocket (Get-Address -Path 'echo' -Secure) -SkipCertificateCheck -CertificateValidation $script @common
            }
        }
        @{
            Of = 'Measure-WsLoad -Message'
            Command = {
                $message = { if ($_ -eq 3) { Write-Error 'mine' }; 'x' }
                $short = @{ Connections = 1; DurationSeconds = 0.1; WarningAction = 'SilentlyContinue' }
                Measure-WsLoad (Get-Address -Path 'echo') @short -Message $message @common
            }
        }
    )
}

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket'
}

Describe 'An error in the script of <Of>' -ForEach $scripts {
    BeforeAll {
        $common = @{}
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
    }

    AfterAll {
        Close-EverySocket
    }

    It 'goes where the errors of the cmdlet go, and the cmdlet goes on' {
        $all = @(& $Command 2>&1)
        $errors = @($all | Where-Object { $_ -is [System.Management.Automation.ErrorRecord] })
        $errors | Should -HaveCount 1
        "$($errors[0])" | Should -Be 'mine'
        $all.Count | Should -Be 2
        $common = @{ ErrorVariable = 'global:said'; ErrorAction = 'SilentlyContinue' }
        @(& $Command 2>&1) | Should -HaveCount 1
        "$global:said" | Should -Be 'mine'
    }

    It 'ends it with -ErrorAction Stop, as itself' {
        $common = @{ ErrorAction = 'Stop' }
        # By the parameter alone: where the preference says so, the script ends at its own error.
        $failure = $null
        try {
            $null = & $Command
        } catch {
            $failure = $_
        }

        "$failure" | Should -Be 'mine'
    }
}

Describe 'A script' {
    AfterAll {
        Close-EverySocket
    }

    It 'sees the variables of its author, whatever their names, and leaves none' {
        $item = 'mine'
        $script = 'too'
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo') -OnConnected {
            "$item $script $sender$cmdlet$each"
            $item = 'changed'
        }
        (Receive-WsMessage -Filter { $_.Text -eq "$item $script " -and ($item = 1) }).Text | Should -Be 'mine too '
        $item | Should -Be 'mine'
    }

    It 'of a module sees what is in that module, and has its message in every form' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'echo') -Name 'forms'
        $module = New-Module { $secret = 'x' }
        $forms = (& $module { { $_.Text -eq $secret } }), { param($message) $message.Text -eq 'x' }, {
            $args[0].Text -eq 'x' -and $args.Count -eq 1
        }, { process { $_.Text -eq 'x' } }
        foreach ($form in $forms) {
            (Invoke-WsRequest 'x' -Socket 'forms' -ReplyFilter $form -TimeoutSeconds 10).Text | Should -Be 'x'
        }
    }
}
