#!/bin/sh
# See to it that the browser tests find a Chromium: the machine's own, Debian's package, or the one Playwright fetches.
set -eu
. tools/root.sh

found() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" >/dev/null && "$name" --version >/dev/null 2>&1 && return 0
    done
    .venv/bin/python tools/chromium.py
}

found && exit 0
echo "Installing Chromium for the browser tests."
if command -v apt-get >/dev/null; then
    as_root apt-get update -qq || true
    as_root apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null 2>&1 || true
fi
found && exit 0
.venv/bin/python -m playwright install chromium >/dev/null 2>&1 || true
found && exit 0
echo "No Chromium was found, and none could be installed; the browser tests need one."
echo "On Debian: apt-get install chromium. Elsewhere: install Chromium or Chrome so that it stands on the PATH."
exit 1
