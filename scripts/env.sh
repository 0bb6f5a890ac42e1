# Sourced by the other scripts: makes the environment .venv from requirements/$1.txt, once per change of the lock.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

find_python() {
    local name
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    echo "Coatcheck needs Python 3.11 or newer; none was found on the PATH." >&2
    exit 1
}

prepare() { # prepare LOCK...: make sure that what requirements/LOCK.txt names is installed
    local lock stamp python
    for lock in "$@"; do
        stamp=".venv/lock-$lock"
        if cmp -s "requirements/$lock.txt" "$stamp"; then continue; fi
        if [ ! -x .venv/bin/python ]; then
            python=$(find_python)
            echo "making the environment .venv with $("$python" --version) (once; a minute or so)" >&2
            "$python" -m venv .venv || {
                rm -rf .venv
                echo "This Python can't make environments: install its venv package (python3-venv on Debian)." >&2
                exit 1
            }
        fi
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "requirements/$lock.txt"
        cp "requirements/$lock.txt" "$stamp"
    done
}
export PYTHONPATH="$PWD"
