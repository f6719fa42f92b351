<#
.SYNOPSIS
    Mends in a MAML file what PlatyPS 1.0.3 gets wrong; each place names the report of it.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [string] $Path,

    # The pages it was made from.
    [Parameter(Mandatory)]
    [string[]] $MarkdownPath
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

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

$maml = [xml]::new()
$maml.PreserveWhitespace = $true
$maml.Load($Path)
$namespaces = [System.Xml.XmlNamespaceManager]::new($maml.NameTable)
@{
    maml    = 'http://schemas.microsoft.com/maml/2004/10'
    command = 'http://schemas.microsoft.com/maml/dev/command/2004/10'
    dev     = 'http://schemas.microsoft.com/maml/dev/2004/10'
}.GetEnumerator().ForEach({ $namespaces.AddNamespace($_.Key, $_.Value) })

# Examples are put whole into their introduction, code fences included, with U+0080 for the empty lines between their paragraphs:
# https://github.com/PowerShell/platyPS/issues/792, https://github.com/PowerShell/platyPS/issues/799
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

# Default values are left out: https://github.com/PowerShell/platyPS/issues/801
foreach ($page in $MarkdownPath) {
    $name = [System.IO.Path]::GetFileNameWithoutExtension($page)
    foreach ($match in [regex]::Matches((Get-Content -LiteralPath $page -Raw), '(?ms)^### -(\w+)\r?$.*?^DefaultValue: ([^\r\n]*)')) {
        $query = "//command:command[command:details/command:name='$name']/command:parameters/" +
            "command:parameter[maml:name='$($match.Groups[1].Value)']"
        $default = $match.Groups[2].Value.Trim("'")
        if ($default) {
            $element = $maml.CreateElement('dev', 'defaultValue', $namespaces.LookupNamespace('dev'))
            $element.InnerText = $default
            $null = $maml.SelectSingleNode($query, $namespaces).AppendChild($element)
        }
    }
}

# Lines are kept as the source breaks them, and links as Markdown has them: https://github.com/PowerShell/platyPS/issues/839
foreach ($paragraph in $maml.SelectNodes('//maml:para[not(ancestor::command:example)]', $namespaces)) {
    $paragraph.InnerText = Format-MamlParagraph -Text $paragraph.InnerText
}

# A link to a file beside the page is no address for Get-Help -Online (compare https://github.com/PowerShell/PowerShell/issues/17901),
# and an empty one is still written.
foreach ($link in @($maml.SelectNodes('//maml:navigationLink', $namespaces))) {
    $address = $link.SelectSingleNode('maml:uri', $namespaces)
    if (-not $address.InnerText) {
        $null = $link.ParentNode.RemoveChild($link)
    } elseif ($address.InnerText -notmatch '^https?://') {
        $address.InnerText = ''
    }
}

$maml.Save($Path)
