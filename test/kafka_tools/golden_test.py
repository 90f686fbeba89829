#!/usr/bin/env python3
"""Imports partition folders that a real Kafka wrote and compares what runnel shows with what Kafka's
own consumer and dump tool showed.

golden_test.py RUNNEL GOLDEN_FOLDER

The folder holds one partition per folder, with expected.jsonl (the records) and dump.txt.
Exit status 77 (skipped) when it does not exist.
"""
import base64
import json
import os
import subprocess
import sys
import tempfile

LOG_START = {"delete-records": 7}  # kept by Kafka outside the folder


def run(*words):
    done = subprocess.run(words, capture_output=True)
    if done.returncode:
        sys.exit(f"{' '.join(words)} failed:\n{done.stderr.decode()}")
    return done.stdout


def as_base64(line, name):
    return line[name + "_base64"]


def records(runnel, data, topic, isolation):
    out = run(runnel, "consume", "--data-dir", data, "--topic", topic, "--from-beginning",
              "--format", "json", "--encoding", "base64", "--isolation-level", isolation)
    for text in out.splitlines():
        line = json.loads(text)
        yield {"p": line["partition"], "o": line["offset"], "ts": line["timestamp"],
               "tt": line["timestamp_type"], "le": line["leader_epoch"],
               "k": as_base64(line, "key"), "v": as_base64(line, "value"),
               "h": [[as_base64(h, "key"), as_base64(h, "value")] for h in line["headers"]]}


def expected(path):
    by_isolation = {}
    with open(path) as file:
        for text in file:
            line = json.loads(text)
            line["p"] = 0
            line["h"] = [[h["k"] if isinstance(h, dict) else h[0],
                          h["v"] if isinstance(h, dict) else h[1]] for h in line["h"]]
            by_isolation.setdefault(line.pop("iso"), []).append(line)
    return by_isolation


def main():
    runnel, golden = sys.argv[1], sys.argv[2]
    if not os.path.isdir(golden):
        print(f"skipped: no folder {golden}")
        return 77
    count = bad = 0
    with tempfile.TemporaryDirectory() as work:
        data = os.path.join(work, "data")
        for name in sorted(os.listdir(golden)):
            folder = os.path.join(golden, name)
            if not os.path.exists(os.path.join(folder, "expected.jsonl")):
                continue
            start = ["--log-start-offset", str(LOG_START[name])] if name in LOG_START else []
            run(runnel, "import", "--data-dir", data, "--from", folder, "--topic", name, *start)
            for isolation, want in expected(os.path.join(folder, "expected.jsonl")).items():
                got = list(records(runnel, data, name, isolation))
                count += len(got)
                if got != want:
                    bad += 1
                    print(f"{name}, {isolation}: {len(got)} records, expected {len(want)}")
                    for ours, theirs in zip(got, want):
                        if ours != theirs:
                            print(f"  ours   {ours}\n  theirs {theirs}")
                            break
            logs = sorted(os.path.join(folder, n) for n in os.listdir(folder) if n.endswith(".log"))
            ours = run(runnel, "dump-log", "--print-data-log", "--files", ",".join(logs))
            lines = [line for line in ours.decode(errors="replace").split("\n")
                     if line and not line.startswith("Dumping")]
            with open(os.path.join(folder, "dump.txt"), errors="replace", newline="\n") as file:
                theirs = set(file.read().split("\n"))
            missing = [line for line in lines if line not in theirs]
            if missing:
                bad += 1
                print(f"{name}: dump-log prints another line: {missing[0]}")
        summary = run(runnel, "verify", "--data-dir", data).decode().strip()
    print(f"{count} records of Kafka's folders read; verify: {summary}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
