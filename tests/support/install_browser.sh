#!/bin/sh
# Chromium, for the tests of pages, where it is missing: Debian's and Ubuntu's package.
set -eu

for name in chromium chromium-browser google-chrome-stable google-chrome msedge; do
    if command -v "$name" >/dev/null; then
        exit 0
    fi
done
if ! command -v apt-get >/dev/null; then
    echo "install_browser: no apt-get here: install Chromium or Chrome by hand" >&2
    exit 1
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then
    as_root="sudo"
fi
$as_root apt-get update -q
$as_root apt-get install -q -y --no-install-recommends chromium fonts-dejavu-core
