#!/bin/sh
# Make the virtual environment in .venv/, with the Python that is handed in. Where Debian keeps venv in a package of its
# own, install that package if we may; otherwise say what is missing.
set -eu
python=$1

works() { .venv/bin/python -m pip --version >/dev/null 2>&1; }

works && exit 0
rm -rf .venv
"$python" -m venv .venv >/dev/null 2>&1 || true
works && exit 0

version=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
if command -v apt-get >/dev/null; then
    . tools/root.sh
    rm -rf .venv
    if as_root apt-get update -qq && as_root apt-get install -y -qq "$version-venv" >/dev/null; then
        "$python" -m venv .venv
    fi
    works && exit 0
fi
rm -rf .venv
echo "Python's venv module doesn't work here, so no environment can be made."
echo "On Debian and Ubuntu this mends it: apt-get install $version-venv. Then run make again."
exit 1
