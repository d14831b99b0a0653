#!/usr/bin/env python3
"""Scores what `steward inspect` understands of mails against a folder of known answers.

    bench/score/mail.py FOLDER [--steward PATH] [--show]

FOLDER has `bounces/` with `expected.tsv` (file, recipient_index, dsn_status, reply_code, reason, hard_bounce) and
`not-a-bounce/`. With `--show` each miss is printed.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import sys
from collections import Counter, defaultdict

TOGETHER = 200


def inspect(steward, files):
    """One result per file, in order."""
    results = {}
    for start in range(0, len(files), TOGETHER):
        some = [str(it) for it in files[start:start + TOGETHER]]
        done = subprocess.run([steward, "inspect", "mail", "--json", *some], capture_output=True, text=True, timeout=600)
        for line in done.stdout.splitlines():
            result = json.loads(line)
            results[result["file"]] = result
    return [results.get(str(it), {"error": "no result"}) for it in files]


class Tally:
    def __init__(self, name, aim):
        self.name, self.aim, self.right, self.all = name, aim, 0, 0

    def add(self, is_right):
        self.all += 1
        self.right += bool(is_right)
        return bool(is_right)

    def line(self):
        share = 100 * self.right / self.all if self.all else 100
        verdict = "met" if self.aim <= share else "MISSED"
        return f"{self.name:<40} {self.right:>4} of {self.all:>4}  {share:6.1f} %   ≥ {self.aim} %  {verdict}"


def bounces(folder, steward, show):
    rows = defaultdict(list)
    with open(folder / "expected.tsv", newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            rows[row["file"]].append(row)
    files = [folder / name for name in rows]
    known = Tally("bounces recognised", 97)
    counts = Tally("recipients right", 95)
    hard = Tally("hard or soft right", 95)
    reasons = Tally("reason right", 85)
    misses, of_reason = [], Counter()
    for file, result in zip(files, inspect(steward, files)):
        expected = rows[file.name]
        found = result.get("bounce", {}).get("recipients", [])
        is_known = known.add(found and result.get("kind") not in ("person", "list"))
        has_count = counts.add(len(found) == len(expected))
        if not is_known or not has_count:
            misses.append(f"{file.name}: {result.get('kind')}, {[it['address'] for it in found]}, {len(expected)} expected")
        for at, row in enumerate(expected):
            it = found[at] if at < len(found) else None
            is_hard = hard.add(it and it["hard"] == (row["hard_bounce"] == "1"))
            is_right = reasons.add(it and it["reason"] == row["reason"])
            of_reason[row["reason"], bool(is_right)] += 1
            if not (is_hard and is_right):
                got = it and f"{it['reason']} {it['status']} {it['reply_code']} {'hard' if it['hard'] else ''}"
                misses.append(f"{file.name}[{at}]: {got}, expected {row['reason']} {row['dsn_status']} {row['reply_code']}{'' if is_hard else ' HARD'}")
    clean = Tally("no false bounce", 100)
    for file, result in zip(others := sorted((folder / "not-a-bounce").glob("*.eml")), inspect(steward, others)):
        recipients = result.get("bounce", {}).get("recipients", [])
        if not clean.add(result.get("kind") != "bounce" and not any(it["reason"] not in ("vacation",) for it in recipients)):
            misses.append(f"{file.name}: {result.get('kind')} {recipients}")
    for tally in (known, counts, hard, reasons, clean):
        print(tally.line())
    if show:
        print("\n".join(misses))
    else:
        names = sorted({name for name, _ in of_reason})
        print("by reason: " + ", ".join(f"{name} {of_reason[name, True]}/{of_reason[name, True] + of_reason[name, False]}" for name in names))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--steward", default="target/release/steward")
    arguments.add_argument("--show", action="store_true")
    given = arguments.parse_args()
    if not (given.folder / "bounces" / "expected.tsv").exists():
        sys.exit(f"{given.folder} has no bounces/expected.tsv")
    bounces(given.folder / "bounces", given.steward, given.show)


if __name__ == "__main__":
    main()
