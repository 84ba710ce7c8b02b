# Sourced by run and test: goes to the top of the project and gives them `install`, which makes the virtual environment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export OMP_WAIT_POLICY=PASSIVE # waiting threads sleep instead of spinning: faster wherever cores are shared

mkdir -p "${LIGHTBOX_VENV:=.venv}"
venv=$(cd "$LIGHTBOX_VENV" && pwd)

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 3
}

find_python() { # prints the first Python that is new enough and can make virtual environments
    local name without_venv=
    for name in python3 python3.11 python3.12 python3.13 python3.14 python; do
        "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        "$name" -c 'import ensurepip, venv' 2>/dev/null && command -v "$name" && return
        without_venv=$("$name" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    done
    [ -z "$without_venv" ] || fail "Python cannot make virtual environments here. Install the package $without_venv, e.g. apt-get install $without_venv."
    fail "Python 3.11 or newer was not found. Install it, e.g. from https://www.python.org/downloads/ or with apt-get install python3 python3-venv."
}

install() { # install FILE NOTE: what FILE pins goes into the environment, unless the last install was of the same text
    cmp -s "$1" "$venv/$1" && return
    if ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
        local python
        python=$(find_python)
        echo "Making a virtual environment in $LIGHTBOX_VENV with $("$python" --version)"
        "$python" -m venv "$venv"
    fi
    echo "Installing the packages of $1 ($2)"
    "$venv/bin/python" -m pip install -qq --disable-pip-version-check -r "$1" ||
        fail "The packages of $1 could not be installed, for the reason above. Run this again when it is mended."
    cp "$1" "$venv/$1"
}
