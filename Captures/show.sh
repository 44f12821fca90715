#!/usr/bin/env bash
# Builds tcpwhy and runs it on the captures of this folder, or on those given. Installs libpcap-dev
# when it is missing (as root, or with sudo in front).
set -euo pipefail
. "$(dirname "$0")/build.sh"
if [ $# = 0 ]; then
  exec "$program" "$package/Captures"
fi
exec "$program" "$@"
