<#
.SYNOPSIS
    Probes WebSocket endpoints from several hosts and merges what they see: an endpoint that is down, or one that is only out of reach
    for some.

.DESCRIPTION
    Runs Test-WsEndpoint on each host at the same time, over SSH, and emits one object for each endpoint: how many hosts reach it,
    which do not and why, and the slowest and the fastest time. The module has to be installed on the hosts, and PowerShell has to be
    set up for remoting over SSH there. A host that cannot be reached itself is reported, and counted nowhere.

.EXAMPLE
    (Import-Csv fleet.csv).Uri | ./examples/Test-FleetFromHosts.ps1 -HostName paris, tokyo, local | Where-Object Verdict -ne up
#>
[CmdletBinding()]
param(
    # The endpoints.
    [Parameter(Mandatory, ValueFromPipeline)]
    [string[]] $Uri,

    # The hosts to probe from, as Invoke-Command -HostName takes them: name, user@name or name:port.
    [Parameter(Mandatory)]
    [string[]] $HostName,

    # What the hosts import: a name, or a path that is the same on all of them.
    [string] $Module = 'WebSocket',

    [ValidateRange(1, 3600)]
    [int] $TimeoutSeconds = 10,

    # Starts a script on a host and gives the job: another way than SSH.
    [scriptblock] $Starter = {
        param($Name, $Script, $Arguments)

        Invoke-Command -HostName $Name -ScriptBlock $Script -ArgumentList $Arguments -AsJob -JobName $Name
    }
)

begin {
    Set-StrictMode -Version Latest
    $ErrorActionPreference = 'Stop'
    $addresses = [System.Collections.Generic.List[string]]::new()
}

process {
    $addresses.AddRange($Uri)
}

end {
    $probe = {
        param($Module, $TimeoutSeconds, $Addresses)

        Import-Module -Name $Module -ErrorAction Stop
        $Addresses | Test-WsEndpoint -TimeoutSeconds $TimeoutSeconds
    }
    $jobs = foreach ($name in $HostName) {
        [pscustomobject] @{ Name = $name; Job = & $Starter $name $probe @($Module, $TimeoutSeconds, $addresses.ToArray()) }
    }

    try {
        $seen = foreach ($entry in $jobs) {
            $problems = @()
            # Results travel as values; where they come from is known here.
            Receive-Job -Job $entry.Job -Wait -ErrorAction SilentlyContinue -ErrorVariable problems |
                ForEach-Object { [pscustomobject] @{ From = $entry.Name; Result = $_ } }
            foreach ($problem in $problems) {
                Write-Error -Message "$($entry.Name): $problem" -ErrorAction Continue
            }
        }
    } finally {
        $jobs.Job | Remove-Job -Force
    }

    # In the order they were given.
    $byAddress = @($seen) | Group-Object -Property { "$($_.Result.Uri)" } -AsHashTable -AsString
    foreach ($address in $addresses | Select-Object -Unique) {
        $key = @($address, "$([uri] $address)" | Where-Object { $byAddress -and $byAddress.ContainsKey($_) }) | Select-Object -First 1
        $views = @($key ? $byAddress[$key] : @())
        $reached = @($views | Where-Object { $_.Result.Success })
        $times = @($reached | ForEach-Object { $_.Result.RoundTripMs } | Measure-Object -Minimum -Maximum)
        [pscustomobject] @{
            Uri       = $address
            Verdict   = $views.Count -eq 0 ? 'unknown' : $reached.Count -eq $views.Count ? 'up' : $reached.Count -eq 0 ? 'down' : 'partly'
            Reached   = $reached.Count
            Hosts     = $views.Count
            FastestMs = $times.Count ? $times[0].Minimum : $null
            SlowestMs = $times.Count ? $times[0].Maximum : $null
            Failing   = @($views | Where-Object { -not $_.Result.Success } | ForEach-Object { "$($_.From): $($_.Result.Status)" })
        }
    }
}
