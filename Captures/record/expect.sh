#!/usr/bin/env bash
# Writes NAME.expected.txt beside every capture of this folder: what `tcpwhy NAME.pcap` prints at 100
# columns. The tests compare; the diff of these files is the review of a change to what is printed.
#   expect.sh [PROGRAM]     default: a release build of this package
set -euo pipefail
captures="$(cd "$(dirname "$0")/.." && pwd)"
if [ $# = 0 ]; then
  . "$captures/build.sh"
else
  program="$(realpath "$1")"
fi
find "$captures" -name '*.pcap' | sort | while read -r capture; do
  cd "$(dirname "$capture")"
  name="$(basename "$capture" .pcap)"
  COLUMNS=100 NO_COLOR=1 "$program" "$name.pcap" > "$name.expected.txt"
done
