#!/usr/bin/env python3
"""Counts the lines of files in one plain pass, and compares with what the pipeline found.

totals.py COUNTS.tsv NEWEST.tsv FILE...

Independent of Runnel: nothing of its code or data is used. Exit status 1 when anything differs.
"""
import re
import sys

DATED = re.compile(rb"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}")


def parse(text):
    words = [word for word in text.split(b" ") if word]
    if len(words) < 3 or not DATED.match(text):
        return b"undated", b"line", words[0] if words else b"", text
    action, key = words[2], 3
    if action == b"status" and len(words) > 4:
        action, key = action + b" " + words[3], 4
    name = words[key] if len(words) > key else words[2]
    state = action + (b" " + words[-1] if len(words) > key + 1 else b"")
    return words[0], action, name, state


def main():
    counts, newest, lines = {}, {}, 0
    for name in sys.argv[3:]:
        with open(name, "rb") as file:
            content = file.read()
        for text in content.split(b"\n")[: None if content[-1:] not in (b"\n", b"") else -1]:
            day, action, key, state = parse(text)
            counts[day + b"\t" + action] = counts.get(day + b"\t" + action, 0) + 1
            newest[key] = state
            lines += 1
    expected_counts = [what + b"\t%d" % count for what, count in counts.items()]
    expected_newest = [key + b"\t" + state for key, state in newest.items()]
    different = 0
    for name, expected in ((sys.argv[1], expected_counts), (sys.argv[2], expected_newest)):
        with open(name, "rb") as file:
            found = file.read().split(b"\n")[:-1]
        for line in sorted(set(found) ^ set(expected))[:5]:
            where = "missing" if line in expected else "wrong"
            print(f"{name}: {where}: {line.decode(errors='replace')}")
        different += sorted(found) != sorted(expected)
    days = len({what.split(b"\t")[0] for what in counts})
    print(f"one plain pass: {lines} lines, {days} days, {len(counts)} counts, "
          f"{len(newest)} packages: {'DIFFERENT' if different else 'the same totals'}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
