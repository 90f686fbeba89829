#!/usr/bin/env bash
# Builds the benchmarks and prints what an embedder gets, beside what the machine can do.
#
#   bench/run.sh [further Google Benchmark flags]
set -eu
cd "$(dirname "$0")/.."
. .ci/setup.sh
runnel_setup
runnel_build release
for name in engine broker kv; do
  filter=.
  [ $name = broker ] && filter='GroupCommit|OpenMemoryBroker'
  [ $name = kv ] && filter='Open'
  "build/release/bin/${name}_bench" --benchmark_filter="$filter" "$@" 2>/dev/null
done
