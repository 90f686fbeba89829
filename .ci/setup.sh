# Installs what building Runnel needs on Debian 12; sourced by examples/quickstart.sh and
# test/run.sh. Does nothing when everything is there.
runnel_setup() {
  local packages="g++ cmake ninja-build pkg-config ccache libabsl-dev liblz4-dev libzstd-dev
    libsnappy-dev zlib1g-dev librocksdb-dev libcli11-dev nlohmann-json3-dev catch2
    libbenchmark-dev python3 $*"
  local missing="" package
  for package in $packages; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
      missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  echo "installing:$missing" >&2
  local sudo=""
  [ "$(id -u)" = 0 ] || sudo=sudo
  export DEBIAN_FRONTEND=noninteractive
  if ! { $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends $missing; } \
      >/tmp/runnel-apt.$$ 2>&1; then
    cat /tmp/runnel-apt.$$ >&2
    rm -f /tmp/runnel-apt.$$
    echo "could not install:$missing" >&2
    return 1
  fi
  rm -f /tmp/runnel-apt.$$
}

# runnel_build PRESET [cmake --build arguments]
runnel_build() {
  local preset=$1 log
  shift
  log=$(mktemp)
  if ! { cmake --preset "$preset" && cmake --build --preset "$preset" "$@"; } >"$log" 2>&1; then
    grep -E 'error|FAILED|warning' "$log" | head -40 >&2
    tail -20 "$log" >&2
    rm -f "$log"
    echo "the $preset build failed" >&2
    return 1
  fi
  rm -f "$log"
}
