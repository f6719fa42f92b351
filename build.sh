#!/bin/sh
# The door of build.ps1 for a shell: ./build.sh test, and what else build.ps1 knows, with its options behind.
# Takes the pwsh on PATH, if it is 7.6 or later, or else the one that .config/dotnet-tools.json pins, restored as a .NET tool.
set -eu
cd "$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)"
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

is_new_enough() {
    "$1" --version 2>/dev/null | sed -n 's/^PowerShell \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | {
        read -r major minor || exit 1
        [ "$major" -gt 7 ] || { [ "$major" -eq 7 ] && [ "$minor" -ge 6 ]; }
    }
}

task=${1:-build}
[ "$#" -eq 0 ] || shift

if ! command -v dotnet >/dev/null 2>&1; then
    echo 'build.sh: the .NET SDK that global.json names is needed, and there is no dotnet on PATH.' >&2
    exit 1
fi

if command -v pwsh >/dev/null 2>&1 && is_new_enough pwsh; then
    exec pwsh -NoLogo -NoProfile -File build.ps1 -Task "$task" "$@"
fi

if ! said=$(dotnet tool restore 2>&1); then
    printf 'build.sh: there is no PowerShell 7.6 on PATH, and it could not be restored as a .NET tool:\n%s\n' "$said" >&2
    exit 1
fi
exec dotnet tool run pwsh -- -NoLogo -NoProfile -File build.ps1 -Task "$task" "$@"
