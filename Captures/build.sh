# Sourced by show.sh and record/expect.sh: builds tcpwhy for use, `program` is where it is then. Where
# the toolchain has Swift's libraries for it, they become part of the program: so it starts in three
# quarters of the time, and runs where there is no Swift.
package="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
. "$package/Tests/prepare.sh"
release=(--package-path "$package" --configuration release --product tcpwhy)
resources="$(swift -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')"
if [ -d "${resources}_static" ]; then
  release+=(--static-swift-stdlib)
fi
swift build "${release[@]}" >&2
program="$(swift build "${release[@]}" --show-bin-path)/tcpwhy"
