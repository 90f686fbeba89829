#!/usr/bin/env bash
# Kafka's own DumpLogSegments reads every file that Runnel writes, without a complaint, and our
# dump-log prints the same lines as Kafka's.
#
#   dump_log_test.sh RUNNEL
set -eu
runnel=$1
. "$(dirname "$0")/classpath.sh"
classpath=$(kafka_classpath) || exit $?
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
data=$work/data

create() { "$runnel" topics --data-dir "$data" --create --topic "$@" >/dev/null; }
for codec in none gzip snappy lz4 zstd; do
  create "codec-$codec" --partitions 2 --config segment.bytes=1048576 --config index.interval.bytes=512
  # Values of all sizes, with and without keys; enough for some segments.
  python3 - "$codec" <<'PY' | "$runnel" produce --data-dir "$data" --topic "codec-$codec" \
      --format json --compression "$codec" 2>/dev/null
import base64, json, random, sys
random.seed(sys.argv[1])
for i in range(6000):
    line = {"timestamp": 1700000000000 + i * 37 % 5000, "key": None if i % 7 == 0 else "key-%d" % (i % 50)}
    if i % 11 == 0:
        line["value"] = None
    elif i % 5 == 0:
        line["value_base64"] = base64.b64encode(random.randbytes(random.randrange(2000))).decode()
    else:
        line["value"] = "text %d " % i * random.randrange(30)
    if i % 3 == 0:
        line["headers"] = [{"key": "h", "value": "x"}, {"key": "", "value": None}, {"key": "h", "value": "é"}]
    print(json.dumps(line))
PY
done
create compacted --config cleanup.policy=compact
python3 -c "
for i in range(5000): print('key-%d:value %d' % (i % 100, i))" |
  "$runnel" produce --data-dir "$data" --topic compacted --key-separator : 2>/dev/null
create stamped --config message.timestamp.type=LogAppendTime
seq 1 1000 | "$runnel" produce --data-dir "$data" --topic stamped 2>/dev/null
"$runnel" delete-records --data-dir "$data" --topic stamped --partition 0 --offset 100 >/dev/null
"$runnel" consume --data-dir "$data" --topic codec-lz4 --group readers --from-beginning \
  --max-messages 6000 --timeout-ms 5000 >"$work/consumed" 2>/dev/null
[ "$(grep -c '' "$work/consumed")" -ge 6000 ] || { echo "the group read too little" >&2; exit 1; }
"$runnel" verify --data-dir "$data"

dump() { java -cp "$classpath" org.apache.kafka.tools.DumpLogSegments "$@" 2>"$work/stderr"; }
list() { find "$data" "$@" -size +0c | sort | paste -sd, -; }
logs=$(list -name '*.log')
indexes=$(list '(' -name '*.index' -o -name '*.timeindex' ')')
others=$(list '(' -name '*.snapshot' -o -name '*.txnindex' ')')

dump --deep-iteration --print-data-log --files "$logs" >"$work/theirs"
dump --verify-index-only --files "$indexes" >"$work/indexes"
[ -z "$others" ] || dump --files "$others" >"$work/others"
records=$(grep -c '^| offset' "$work/theirs")
complaints=$(cat "$work/theirs" "$work/indexes" "$work/others" 2>/dev/null |
  grep -aiE 'isvalid: false|mismatch|corrupt|exception|non-consecutive|not found|out of order|fail' | head -5 || true)
if [ -n "$complaints" ] || grep -qiE 'exception|error' "$work/stderr"; then
  echo "Kafka's tool complains:" >&2
  echo "$complaints" >&2
  grep -vE '^SLF4J' "$work/stderr" | head -20 >&2
  exit 1
fi
"$runnel" dump-log --deep-iteration --print-data-log --files "$logs" >"$work/ours"
# Kafka names each file first ("Dumping PATH"). How many replacement characters stand for bytes that
# are no UTF-8 is Java's business.
plain() { LC_ALL=C sed -E '/^Dumping/d; s/(\xef\xbf\xbd)+/?/g' "$1"; }
if ! diff -a <(plain "$work/theirs") <(plain "$work/ours") >"$work/diff"; then
  echo "dump-log prints other lines than Kafka's tool:" >&2
  head -10 "$work/diff" >&2
  exit 1
fi
echo "Kafka's DumpLogSegments read $records records in $(echo "$logs" | tr , '\n' | wc -l) segments without a complaint"
