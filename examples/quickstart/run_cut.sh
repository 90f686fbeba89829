#!/usr/bin/env bash
# Runs the quickstart pipeline over files, ends it with SIGKILL in the middle, runs it again, and
# compares the totals with a plain pass.
#
#   run_cut.sh PIPELINE WORK_DIR FILE...
set -u
pipeline=$1 work=$2
shift 2
here=$(dirname "$0")
lines=$(cat "$@" | wc -l)

echo "-- first run: killed (SIGKILL) at line $((lines / 2)) of $lines"
"$pipeline" --data-dir "$work/data" --die-at-line $((lines / 2)) "$@"
status=$?
if [ $status != 137 ]; then
  echo "the first run ended with status $status, not by SIGKILL" >&2
  exit 1
fi
echo "-- second run: resumes from what is on disk"
"$pipeline" --data-dir "$work/data" "$@" || exit 1
echo "-- third run: nothing is left to do"
"$pipeline" --data-dir "$work/data" "$@" || exit 1
python3 "$here/totals.py" "$work/counts.tsv" "$work/newest.tsv" "$@"
