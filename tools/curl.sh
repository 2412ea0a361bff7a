#!/bin/sh
# See to it that the journeys find curl.
set -eu
. tools/root.sh

command -v curl >/dev/null && exit 0
if command -v apt-get >/dev/null; then
    as_root apt-get update -qq || true
    as_root apt-get install -y -qq --no-install-recommends curl >/dev/null 2>&1 || true
fi
command -v curl >/dev/null && exit 0
echo "No curl was found, and none could be installed; the journeys need one. Install it, then run this again."
exit 1
