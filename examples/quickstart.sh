#!/usr/bin/env bash
# The main job on real input: streams this machine's package log into a durable topic, reads it
# with two consumer groups, is killed in the middle, resumes, and compares the totals with a plain
# pass over the file.
#
#   examples/quickstart.sh [FILE]     FILE: any text file; default /var/log/dpkg.log*
#
# Installs missing Debian packages and builds first.
set -u
cd "$(dirname "$0")/.."
. .ci/setup.sh
runnel_setup || exit 1
echo "-- building (the first time takes some minutes)"
runnel_build release --target quickstart runnel || exit 1

work=${RUNNEL_QUICKSTART_DIR:-$(mktemp -d /tmp/runnel-quickstart.XXXXXX)}
mkdir -p "$work"
rm -rf "$work/data"
files=()
if [ $# -gt 0 ]; then
  for name in "$@"; do
    [ -r "$name" ] || { echo "cannot read $name" >&2; exit 1; }
    [ -s "$name" ] || { echo "$name is empty" >&2; exit 1; }
    files+=("$name")
  done
else
  # Oldest first: dpkg.log.3.gz, dpkg.log.2.gz, dpkg.log.1, dpkg.log
  while IFS= read -r name; do
    case $name in
      *.gz) gunzip -c "$name" >"$work/$(basename "$name" .gz)" && files+=("$work/$(basename "$name" .gz)") ;;
      *) [ -s "$name" ] && files+=("$name") ;;
    esac
  done < <(ls -1 /var/log/dpkg.log* 2>/dev/null | sort -rV)
  [ ${#files[@]} -gt 0 ] || { echo "no /var/log/dpkg.log here: name a text file" >&2; exit 1; }
fi

echo "-- input: ${files[*]} ($(cat "${files[@]}" | wc -l) lines)"
examples/quickstart/run_cut.sh build/release/bin/quickstart "$work" "${files[@]}" || exit 1

runnel=build/release/bin/runnel
echo "-- the busiest counts"
sort -t "$(printf '\t')" -k3,3nr "$work/counts.tsv" | head -5
echo "-- the groups"
$runnel groups --data-dir "$work/data" --describe --group per-day
cat <<TEXT
-- the data lies in $work/data: Kafka's own files. Try next:
   $runnel topics --data-dir $work/data --list
   $runnel consume --data-dir $work/data --topic newest-state --from-beginning --print key --max-messages 5
   $runnel dump-log --print-data-log --files $work/data/log-lines-0/00000000000000000000.log | head
   $runnel verify --data-dir $work/data
TEXT
