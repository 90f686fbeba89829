#!/usr/bin/env bash
# Builds Runnel and runs every test: release, thread-safety analysis, ASan + UBSan, TSan.
#
#   test/run.sh            everything
#   test/run.sh release    one stage only: release, clang, asan or tsan
#
# Installs missing Debian packages first. The last line sums up: "N passed, N failed".
set -u
cd "$(dirname "$0")/.."
. .ci/setup.sh

stages=${*:-release clang asan tsan}
passed=0
failed=0

# Runs the tests of a build; further arguments go to ctest.
run_tests() {
  local preset=$1 log
  shift
  log=$(mktemp)
  ctest --preset "$preset" --no-tests=error --timeout 900 "$@" 2>&1 | tee "$log"
  local bad all
  read -r bad all < <(sed -nE 's/.* ([0-9]+) tests? failed out of ([0-9]+).*/\1 \2/p' "$log" | tail -1)
  rm -f "$log"
  if [ -z "${all:-}" ]; then
    echo "the $preset tests did not run" >&2
    failed=$((failed + 1))
    return
  fi
  failed=$((failed + bad))
  passed=$((passed + all - bad))
}

stage() {
  local started=$SECONDS
  echo "== $1"
  local targets=""
  [ "$1" = tsan ] && targets="--target thread_tests"
  if ! runnel_build "$1" $targets; then
    failed=$((failed + 1))
    return
  fi
  echo "built in $((SECONDS - started)) s"
  case $1 in
    release) run_tests release -j2 -LE threads ;;
    clang) passed=$((passed + 1)) ;;  # the analysis is the compilation
    asan) ASAN_OPTIONS=detect_leaks=1 run_tests asan -j2 -LE 'release-only|threads|install' ;;
    tsan) TSAN_OPTIONS=halt_on_error=1 run_tests tsan -j2 -L threads ;;
  esac
  echo "== $1 took $((SECONDS - started)) s"
}

packages=""
case " $stages " in *" clang "*) packages="clang-14" ;; esac
runnel_setup $packages || exit 1
for name in $stages; do
  stage "$name"
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
