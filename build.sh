#!/bin/sh
# The task names of build.ps1 for a shell: test, fuzz, soak, bench, demo, build, help, package, install, clean.
#
# build.ps1 does the work, in the pwsh on PATH or in the one that .config/dotnet-tools.json pins. Where neither can be
# had this script says so and does the part of each task that needs no PowerShell.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cd "$root"
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
configuration=Release
results=artifacts/test-results

say() {
    printf '%s\n' "$*"
}

fail() {
    printf 'build.sh: %s\n' "$*" >&2
    exit 1
}

# Bounded where the system has the means: a registry that does not answer must not hold up a build.
within() {
    seconds=$1
    shift
    if command -v timeout >/dev/null 2>&1; then
        timeout "$seconds" "$@"
    else
        "$@"
    fi
}

# PowerShell 7.6 or later, as the manifest asks for.
is_new_enough() {
    "$1" --version 2>/dev/null | sed -n 's/^PowerShell \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | {
        read -r major minor || exit 1
        [ "$major" -gt 7 ] || { [ "$major" -eq 7 ] && [ "$minor" -ge 6 ]; }
    }
}

build() {
    if ! dotnet build "$1" --configuration "$configuration" --verbosity quiet >"$log" 2>&1; then
        cat "$log"
        return 1
    fi
    say "built $1"
}

# Removed first: a running process keeps the file it has loaded.
fill_bin() {
    mkdir -p bin
    for name in MessageWebSockets.dll MessageWebSockets.PowerShell.dll; do
        rm -f "bin/$name"
        cp "artifacts/bin/Module/release/$name" bin/
    done
}

exported_cmdlets() {
    sed -n "/CmdletsToExport/,/)/s/^[[:space:]]*'\([A-Za-z]*-[A-Za-z]*\)'.*/\1/p" WebSocket.psd1
}

passed=0
failed=0
skipped=0

count() {
    printf '%-36s %6d passed %4d failed %4d skipped\n' "$1" "$2" "$3" "$4"
    passed=$((passed + $2))
    failed=$((failed + $3))
    skipped=$((skipped + $4))
}

# The number a TRX file gives for one counter.
counter() {
    sed -n "s/.*<Counters.*[^a-zA-Z]$2=\"\([0-9]*\)\".*/\1/p" "$1" | head -n 1
}

test_xunit() {
    name=$(basename "$1" .csproj)
    trx=$results/$name/results.trx
    status=0
    dotnet test "$1" --configuration "$configuration" --no-build --results-directory "$results/$name" \
        --logger 'trx;LogFileName=results.trx' --blame-hang-timeout 5min --blame-hang-dump-type none >"$log" 2>&1 || status=$?
    total=0
    good=0
    bad=0
    if [ -f "$trx" ]; then
        # The counter notExecuted stays 0 for skipped tests, so they are what the other counters leave over.
        total=$(counter "$trx" total)
        good=$(counter "$trx" passed)
        bad=$(($(counter "$trx" failed) + $(counter "$trx" error) + $(counter "$trx" timeout) + $(counter "$trx" aborted)))
    fi
    rest=$((total - good - bad))
    if [ "$status" -ne 0 ]; then
        cat "$log"
        [ "$bad" -gt 0 ] || bad=1
    fi
    count "xunit $name" "$good" "$bad" "$rest"
}

test_help_pages() {
    good=0
    bad=0
    for cmdlet in $(exported_cmdlets); do
        page=docs/help/$cmdlet.md
        examples=0
        if [ -f "$page" ]; then
            examples=$(grep -c '^### Example' "$page" || true)
        fi
        if [ "$examples" -ge 3 ]; then
            good=$((good + 1))
        elif [ -f "$page" ]; then
            bad=$((bad + 1))
            say "FAILED $page has $examples examples; three are wanted"
        else
            bad=$((bad + 1))
            say "FAILED $page is missing"
        fi
    done
    count 'help pages' "$good" "$bad" 0
}

test_version() {
    number=$(sed -n 's/.*<VersionPrefix>\(.*\)<\/VersionPrefix>.*/\1/p' Directory.Build.props)
    if grep -q "^ *ModuleVersion *= *'$number'" WebSocket.psd1; then
        count 'version number' 1 0 0
    else
        say "FAILED WebSocket.psd1 has another version number than Directory.Build.props ($number)"
        count 'version number' 0 1 0
    fi
}

test_without_powershell() {
    rm -rf "$results"
    if build WebSocket.slnx; then
        fill_bin
        for project in tests/*.Tests/*.Tests.csproj; do
            test_xunit "$project"
        done
        test_help_pages
        test_version
        files=0
        for file in tests/Pester/*.Tests.ps1; do
            [ ! -f "$file" ] || files=$((files + 1))
        done
        count 'Pester (each file counts as one)' 0 0 "$files"
    else
        failed=1
    fi
    say "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
}

run_without_powershell() {
    mkdir -p artifacts
    log=$(mktemp "${TMPDIR:-/tmp}/build.XXXXXX")
    trap 'rm -f "$log"' EXIT
    case $task in
        build)
            build WebSocket.slnx
            fill_bin
            ;;
        test)
            test_without_powershell
            ;;
        demo)
            build examples/MessageRoundTrip/MessageRoundTrip.csproj
            dotnet run --project examples/MessageRoundTrip --configuration "$configuration" --no-build
            ;;
        *)
            fail "the task '$task' needs PowerShell"
            ;;
    esac
}

task=$(printf '%s' "${1:-build}" | tr '[:upper:]' '[:lower:]')
[ "$#" -eq 0 ] || shift
case $task in
    build | test | fuzz | soak | bench | demo | help | package | install | clean) ;;
    *) fail "unknown task '$task'; known are build, test, fuzz, soak, bench, demo, help, package, install and clean" ;;
esac

if [ "$task" = clean ]; then
    rm -rf artifacts bin en-US
    exit 0
fi

if command -v pwsh >/dev/null 2>&1 && is_new_enough pwsh; then
    exec pwsh -NoLogo -NoProfile -File build.ps1 -Task "$task" "$@"
fi

command -v dotnet >/dev/null 2>&1 || fail 'the .NET SDK that global.json names is needed, and there is no dotnet on PATH'

if within 180 dotnet tool restore >/dev/null 2>&1; then
    exec dotnet tool run pwsh -- -NoLogo -NoProfile -File build.ps1 -Task "$task" "$@"
fi

say 'No PowerShell 7.6 on PATH, and it could not be restored as a .NET tool: doing what needs no PowerShell.'
run_without_powershell
