#!/bin/sh
# Runs all tests:  sh tests/run.sh [arguments of cargo test]
#
# The tests need psql (13 or newer), python3 and a C compiler. What is missing is installed with apt-get when that is allowed without a
# question (as root, or by `sudo -n`); otherwise this fails and names the package. Nothing is printed when nothing is missing.
set -eu
cd "$(dirname "$0")/.."

PSQL_MAJOR_MIN=13

fail() {
    printf 'tests/run.sh: %s\n' "$*" >&2
    exit 1
}

present() {
    command -v "$1" >/dev/null 2>&1
}

# The packages (Debian's names) of what is missing.
missing_packages() {
    present psql || printf ' postgresql-client'
    present python3 || printf ' python3'
    present cc || printf ' gcc libc6-dev'
}

# The command before a privileged one: nothing for root, `sudo -n` where that works; fails where neither does.
privilege() {
    if [ "$(id -u)" -eq 0 ]; then
        return 0
    fi
    present sudo && sudo -n true 2>/dev/null && printf 'sudo -n'
}

# Installs the packages named, quietly unless it fails. The package lists are fetched only when the first attempt fails.
install_packages() {
    present apt-get || fail "missing:$packages (install it with this system's package manager; there is no apt-get)"
    as_root=$(privilege) || fail "missing:$packages (not root, and sudo asks for a password: run apt-get install$packages)"
    printf 'tests/run.sh: installing%s\n' "$packages" >&2
    apt="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq"
    # $apt and $packages are lists of words.
    # shellcheck disable=SC2086
    if ! $apt install -y $packages >/dev/null 2>&1; then
        $apt update >&2 && $apt install -y $packages >&2 || fail "apt-get could not install$packages"
    fi
}

present cargo || fail 'missing: cargo (install Rust from https://rustup.rs)'

packages=$(missing_packages)
if [ -n "$packages" ]; then
    install_packages
    packages=$(missing_packages)
    [ -z "$packages" ] || fail "still missing after installing it:$packages"
fi

version=$(psql --version) || fail 'psql does not run (package postgresql-client)'
major=$(printf '%s\n' "$version" | sed -n 's/^psql (PostgreSQL) \([0-9][0-9]*\).*/\1/p')
[ "${major:-0}" -ge "$PSQL_MAJOR_MIN" ] ||
    fail "needs psql $PSQL_MAJOR_MIN or newer (package postgresql-client), found: $version"

exec cargo test --workspace "$@"
