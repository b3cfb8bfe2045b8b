# What the other scripts here share: how they speak, and how they get what is missing. Sourced, not run.

say() { printf '\033[1m==> %s\033[0m\n' "$*"; }
fail() { printf '\033[1;31m==> %s\033[0m\n' "$*" >&2; exit 1; }

# as_root COMMAND...: run it as root, by sudo where needed; fails where neither may be had.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        sudo "$@"
    else
        return 1
    fi
}

# install_packages PACKAGE...: install them, or say exactly what to install.
install_packages() {
    [ $# -gt 0 ] || return 0
    by_hand="sudo apt-get install --no-install-recommends $*"
    command -v apt-get >/dev/null || fail "This machine has no apt-get. Install what these Debian packages hold: $*"
    say "Installing $* (by apt-get)"
    # Packages that bring a service must not start it on the machine of whoever runs the tests.
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 sh -c \
        'apt-get -q update && exec apt-get -q install --yes --no-install-recommends "$@"' sh "$@" </dev/null ||
        fail "That did not work. Run this, then try again:  $by_hand"
}
