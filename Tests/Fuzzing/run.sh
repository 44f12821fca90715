#!/usr/bin/env bash
# Fuzzes one target for some seconds: run.sh [TARGET] [SECONDS] [libFuzzer options…]; frames for a
# minute if nothing is said. See README.md.
set -euo pipefail
cd "$(dirname "$0")"
target=${1:-frames}
seconds=${2:-60}
shift $(($# < 2 ? $# : 2))
case "$target" in
frames) length=1024 ;;
options) length=48 ;;
files) length=4096 ;;
pipeline | report) length=97 ;;
*)
  echo "$0: targets are frames, options, files, pipeline, report" >&2
  exit 2
  ;;
esac
scratch=${FUZZING_SCRATCH:-.build}
build=$scratch
flags=()
# What is compared says nothing about a script, and listening to it takes a sixth of the time. Other
# flags, another folder: else each switch of targets would build everything anew.
case "$target" in
pipeline | report)
  build=$scratch/scripts
  flags=(-Xswiftc -sanitize-coverage=edge,indirect-calls,inline-8bit-counters,pc-table)
  ;;
esac
flags+=(-c release --scratch-path "$build" --product "$target"
  -Xswiftc -sanitize=fuzzer,address -Xswiftc -use-ld=lld
  -Xcc -fsanitize=address)
swift build "${flags[@]}"
program=$(swift build "${flags[@]}" --show-bin-path)/$target
work=$scratch/corpus/$target
mkdir -p "$work" "Corpus/$target"
./seeds.py "$target" "$scratch/seeds/$target"
# Leaks are not looked for: the Swift runtime keeps its metadata to the end.
# What is freed stays poisoned for the next 256 kB; with more, memory is never in the cache.
asan=detect_leaks=0:quarantine_size_mb=0:thread_local_quarantine_size_kb=256:malloc_context_size=0
asan+=:max_malloc_fill_size=0
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=$asan:detect_stack_use_after_return=0
exec nice "$program" -max_total_time="$seconds" -max_len="$length" -timeout=10 -rss_limit_mb=1024 \
  -artifact_prefix="Corpus/$target/" -print_final_stats=1 -entropic=0 -print_funcs=0 -reload=0 "$@" \
  "$work" "$scratch/seeds/$target" "Corpus/$target"
