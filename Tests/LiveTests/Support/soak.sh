#!/usr/bin/env bash
# Lets `sniff` watch a steady stream of connections and logs its memory once a minute; as root:
#
#     soak.sh PROGRAM [CONNECTIONS_PER_SECOND] [SECONDS] [FOLDER]
#
# The folder gets rss.log (seconds, kilobytes, processor seconds), what the program said, and what
# the generator sent. The short form is LiveBoundsTests.
set -euo pipefail
program=$(realpath "$1")
rate=${2:-5000}
seconds=${3:-3600}
folder=${4:-/tmp/soak}
here=$(dirname "$(realpath "$0")")
space=soak-$$
mkdir -p "$folder"
cc -O2 -o "$folder/generator" "$here/soak.c"
ip netns add "$space"
trap 'ip netns delete "$space"' EXIT
ip -n "$space" link add one type veth peer name two
ip -n "$space" link set one up arp off
ip -n "$space" link set two up arp off
ip netns exec "$space" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
ip netns exec "$space" "$program" sniff -i two --summary 60s --max-connections 400000 \
  >"$folder/sniff.txt" 2>"$folder/sniff.err" &
sniffer=$!
sleep 2
ip netns exec "$space" "$folder/generator" one "$rate" "$seconds" >"$folder/generator.txt" &
generator=$!
: >"$folder/rss.log"
start=$SECONDS
while kill -0 "$generator" 2>/dev/null; do
  read -ra stat <"/proc/$sniffer/stat"
  echo "$((SECONDS - start)) $(awk '/VmRSS/ {print $2}' "/proc/$sniffer/status")" \
    "$(((stat[13] + stat[14]) / 100))" >>"$folder/rss.log"
  sleep 60
done
wait "$generator"
kill -INT "$sniffer"
wait "$sniffer"
cat "$folder/generator.txt"
tail -n 12 "$folder/sniff.txt"
