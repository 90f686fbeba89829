#!/usr/bin/env bash
# The quickstart on a small made-up log, as a test.
#
#   check.sh PIPELINE
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 - "$work/made.log" <<'PY'
import random, sys
random.seed(7)
actions = ["status installed", "status unpacked", "install", "upgrade", "remove"]
with open(sys.argv[1], "w") as out:
    for i in range(20000):
        out.write("2026-03-%02d %02d:%02d:%02d %s package-%d:amd64 <none> 1.%d\n" % (
            1 + i // 2500, i // 100 % 24, i % 60, i % 60, random.choice(actions),
            random.randrange(300), i))
    out.write("a line without a date\n\nlast line without an end")
PY
"$(dirname "$0")/run_cut.sh" "$1" "$work" "$work/made.log"
