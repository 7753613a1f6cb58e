# Sourced by the scripts beside it: where things are kept, how a section is run, how a tool is put on PATH.
# shellcheck shell=bash

here="$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
cd "$here/.." || exit

cache="${XDG_CACHE_HOME:-$HOME/.cache}/bianca"
# Outside the checkout, so that it survives a fresh clone and no tool walks into it.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/target}"
export SAM_CLI_TELEMETRY=0 REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_NOTIFICATIONS=true AWS_DEFAULT_REGION="${AWS_DEFAULT_REGION:-eu-central-1}"
# Tools that are neither Rust's nor the system's: a pinned version each, in a folder of its own.
tools="$cache/tools"
deny_version=0.20.2
fuzz_version=0.13.2

fail() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# section TITLE COMMAND...: runs it, tells how long it took, and ends everything when it fails.
section() {
    local title=$1 started=$SECONDS code=0
    shift
    printf '\n=== %s\n' "$title"
    "$@" || code=$?
    if ((code != 0)); then
        printf '=== FAILED: %s (%d s, exit code %d)\n' "$title" "$((SECONDS - started))" "$code" >&2
        exit "$code"
    fi
    printf '=== ok: %s (%d s)\n' "$title" "$((SECONDS - started))"
}

# python_tool NAME: puts the tool of requirements/NAME.txt on PATH.
python_tool() {
    local folder="$tools/$1" pins="$here/requirements/$1.txt" stamp
    stamp="$(python3 --version) $(sha256sum <"$pins")"
    if [[ $(cat "$folder/stamp" 2>/dev/null) != "$stamp" ]]; then
        printf 'Installing %s ...\n' "$1"
        rm -rf "$folder"
        python3 -m venv "$folder"
        # Wheels only: nothing of a package runs while it is installed.
        "$folder/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: --requirement "$pins"
        printf '%s' "$stamp" >"$folder/stamp"
    fi
    PATH="$folder/bin:$PATH"
}

# cargo_tool NAME VERSION [OPTION...]: puts a program from the registry of Rust on PATH.
cargo_tool() {
    local name=$1 version=$2 folder="$tools/$1-$2"
    shift 2
    if [[ ! -x $folder/bin/$name ]]; then
        printf 'Installing %s %s (it is compiled, which takes some minutes) ...\n' "$name" "$version"
        CARGO_TARGET_DIR="$tools/build" cargo install --quiet --locked --root "$folder" --version "$version" "$@" "$name"
        rm -rf "$tools/build"
    fi
    PATH="$folder/bin:$PATH"
}

# npm_tool NAME: puts the tool of requirements/NAME (a package.json and its lock) on PATH.
npm_tool() {
    local folder="$tools/$1" pins="$here/requirements/$1" stamp
    stamp="$(sha256sum <"$pins/package-lock.json")"
    if [[ $(cat "$folder/stamp" 2>/dev/null) != "$stamp" ]]; then
        printf 'Installing %s ...\n' "$1"
        rm -rf "$folder"
        mkdir -p "$folder"
        cp "$pins/package.json" "$pins/package-lock.json" "$folder"
        # Nothing of a package runs while it is installed.
        npm ci --silent --ignore-scripts --no-audit --no-fund --prefix "$folder"
        printf '%s' "$stamp" >"$folder/stamp"
    fi
    PATH="$folder/node_modules/.bin:$PATH"
}

cargo_deny() { cargo_tool cargo-deny "$deny_version" --no-default-features; }
cargo_fuzz() { cargo_tool cargo-fuzz "$fuzz_version"; }
