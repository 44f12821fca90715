#!/usr/bin/env bash
# Builds tcpwhy and runs it on the captures of this folder, or on those given. Installs libpcap-dev
# when it is missing (as root, or with sudo in front).
set -euo pipefail
. "$(dirname "$0")/../Tests/prepare.sh"
package="$(cd "$(dirname "$0")/.." && pwd)"
swift build --package-path "$package" --configuration release --product tcpwhy >&2
program="$(swift build --package-path "$package" --configuration release --show-bin-path)/tcpwhy"
if [ $# = 0 ]; then
  exec "$program" "$package/Captures"
fi
exec "$program" "$@"
