#!/usr/bin/env bash
# Checks the formatting, builds everything and passes all tests. Installs libpcap-dev when it is
# missing (as root, or with sudo in front). Arguments go to `swift test`.
set -euo pipefail
cd "$(dirname "$0")/.."
. Tests/prepare.sh
swift format lint --strict --recursive Package.swift Sources Tests
swift build --build-tests
exec swift test --skip-build "$@"
