#!/bin/sh
# Makes .venv with what the given files lock, and the command .venv/bin/ratchet.
# Needs Python 3.11 or newer and brings all else itself; PYTHON names another than python3.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
here=.venv/bin/python

fail() {
    echo "$*" >&2
    exit 1
}

install_pip() { "$python" -m venv .venv >/dev/null 2>&1 && "$here" -m pip --version >/dev/null 2>&1; }

pip() {
    if "$here" -m pip --version >/dev/null 2>&1; then
        "$here" -m pip --quiet --disable-pip-version-check "$@"
    else
        "$python" -m pip --quiet --disable-pip-version-check --python "$here" "$@"
    fi
}

command -v "$python" >/dev/null || fail "Ratchet needs Python 3.11 or newer. On Debian: apt-get install python3 python3-venv"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Ratchet needs Python 3.11 or newer, and $python is $("$python" -V). Name another: make PYTHON=python3.12 …"

if ! .venv/bin/uv --version >/dev/null 2>&1; then
    [ ! -e .venv ] || "$here" -c '' 2>/dev/null || rm -rf .venv # made by a Python that is gone
    echo "Making .venv"
    if install_pip; then
        :
    elif "$python" -m pip --version >/dev/null 2>&1; then # Debian with python3-pip and without python3-venv
        "$python" -m venv --without-pip .venv
    elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing python3-venv"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
        install_pip || fail "python3-venv is installed, and '$python -m venv .venv' still fails"
    else
        rm -rf .venv
        fail "Ratchet needs Python's venv module. On Debian: sudo apt-get install python3-venv"
    fi
    pip install --require-hashes --requirement requirements-uv.txt
fi

for file in "$@"; do
    echo "Installing $file"
    # uv knows nothing of pip's settings: where they name a mirror, pip does it
    .venv/bin/uv pip install --quiet --python "$here" --require-hashes --requirement "$file" ||
        pip install --require-hashes --requirement "$file"
done

# Run from the source, wherever one stands: no build, and nothing to install again after a change.
pwd >"$("$here" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/ratchet.pth"
cat >.venv/bin/ratchet <<'END'
#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/python" -P -m services "$@"
END
chmod +x .venv/bin/ratchet
