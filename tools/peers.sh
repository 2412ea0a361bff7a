#!/bin/sh
# Install the authorization server that tests speak with, and a Node.js for it where the machine has none of its own.
set -eu
OLDEST='const [major, minor] = process.versions.node.split(".").map(Number);
process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)'

fits() { command -v node >/dev/null && command -v npm >/dev/null && node -e "$OLDEST" 2>/dev/null; }

if ! fits; then
    PATH="$PWD/.venv/bin:$PATH"
    if ! fits; then
        echo "Installing Node.js into .venv/ for the peer authorization server."
        .venv/bin/python -m pip install -qq --no-user --require-hashes -r requirements/node.txt
    fi
    fits || { echo "Node.js 20.19 or newer is needed for make peers, and could not be installed."; exit 1; }
fi
cd tests/peers/oidc-provider
npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error
