# Sourced by Tests/run.sh and Captures/build.sh: finds Swift and makes sure that libpcap's headers
# are there, installing libpcap-dev on Debian when they are missing.

fail() {
  echo "$0: $*" >&2
  exit 1
}

command -v swift >/dev/null 2>&1 || fail "no Swift here: install Swift 6.3 from https://swift.org/install and put it on the PATH (sudo may need: sudo env \"PATH=\$PATH\" …)"

if [ ! -e /usr/include/pcap/pcap.h ]; then
  command -v apt-get >/dev/null 2>&1 || fail "libpcap's headers are missing: install your system's libpcap development package"
  [ "$(id -u)" = 0 ] || fail "libpcap-dev is missing: run this as root, or with sudo in front, or: sudo apt-get install libpcap-dev"
  echo "installing libpcap-dev" >&2
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq libpcap-dev) >&2 ||
    fail "libpcap-dev could not be installed"
fi
