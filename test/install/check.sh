#!/usr/bin/env bash
# Installs a build into a scratch folder, builds the program of `outside/` against it once with
# find_package and once with pkg-config, and runs both.
# Usage: check.sh CMAKE BUILD_DIR CXX SANITIZERS
set -eu
cmake=$1 build=$2 cxx=$3 sanitize=$4
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
flags=""
[ -z "$sanitize" ] || flags="-fsanitize=$sanitize"

"$cmake" --install "$build" --prefix "$scratch/prefix" >"$scratch/install.log" || {
  cat "$scratch/install.log"
  exit 1
}

echo "find_package(runnel CONFIG)"
"$cmake" -S "$here/outside" -B "$scratch/build" -DCMAKE_PREFIX_PATH="$scratch/prefix" \
  -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_CXX_FLAGS="$flags" >"$scratch/configure.log" || {
  cat "$scratch/configure.log"
  exit 1
}
"$cmake" --build "$scratch/build" >"$scratch/build.log" 2>&1 || {
  cat "$scratch/build.log"
  exit 1
}
"$scratch/build/outside"

echo "pkg-config runnel"
pc=$(dirname "$(find "$scratch/prefix" -name runnel.pc)")
# The installed file names the prefix of the configuration, which may be another one.
export PKG_CONFIG_PATH=$pc
options="--define-variable=prefix=$scratch/prefix"
# shellcheck disable=SC2046
"$cxx" $flags -o "$scratch/outside" "$here/outside/main.cc" \
  $(pkg-config $options --cflags runnel) $(pkg-config $options --libs runnel)
"$scratch/outside"
