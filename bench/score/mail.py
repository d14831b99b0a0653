#!/usr/bin/env python3
"""Scores what `steward inspect` understands of mails against a folder of known answers.

    bench/score/mail.py FOLDER [--steward PATH] [--show]

FOLDER has `bounces/` with `expected.tsv` (file, recipient_index, dsn_status, reply_code, reason, hard_bounce) and
`not-a-bounce/`; `signatures/with/` and `signatures/without/` with pairs of `N_body.txt`, where lines of the signature
begin with `#sig#`, and `N_sender.txt`; and `replies/` with `expected.tsv` (file, how, text, absent). What is not there
is left out. With `--show` each miss is printed.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import sys
import tempfile
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


def inspect_text(steward, file, sender):
    done = subprocess.run([steward, "inspect", "text", str(file), "--from", sender, "--json"], capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout)


SIGNED = "#sig#"


def signatures(folder, steward, show):
    right = wrong = missed = 0
    exact = Tally("signatures exact", 0)
    clean = Tally("mails without one kept clean", 97)
    misses = []
    with tempfile.TemporaryDirectory() as place:
        for body in sorted(folder.glob("*/*_body.txt")):
            sender = body.with_name(body.name.replace("_body", "_sender")).read_text("utf-8", "replace").strip()
            lines = body.read_text("utf-8", "replace").splitlines()
            expected = {at for at, line in enumerate(lines, 1) if line.startswith(SIGNED) and line[len(SIGNED):].strip()}
            plain = pathlib.Path(place) / "body.txt"
            plain.write_text("\n".join(line.removeprefix(SIGNED) for line in lines), "utf-8")
            found = set(inspect_text(steward, plain, sender)["signature_lines"])
            right += len(found & expected)
            wrong += len(found - expected)
            missed += len(expected - found)
            if body.parent.name == "without":
                is_right = clean.add(not found)
            else:
                is_right = exact.add(found == expected)
            if not is_right:
                shown = [lines[at - 1].removeprefix(SIGNED)[:60] for at in sorted(found - expected)]
                lost = [lines[at - 1].removeprefix(SIGNED)[:60] for at in sorted(expected - found)]
                misses.append(f"{body.name} ({sender[:40]}): taken in vain {shown}, missed {lost}")
    f1 = 2 * right / (2 * right + wrong + missed) if right else 0
    print(f"{'signature lines, F1':<40} {f1:.3f}   ≥ 0.92  {'met' if 0.92 <= f1 else 'MISSED'}")
    print(exact.line())
    print(clean.line())
    if show:
        print("\n".join(misses))


def squeezed(text):
    return "".join(text.split())


def replies(folder, steward, show):
    tally, misses = Tally("replies right", 90), []
    with open(folder / "expected.tsv", newline="", encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    with tempfile.TemporaryDirectory() as place:
        for row in rows:
            file = folder / row["file"]
            if file.suffix != ".eml":
                kind = "html" if file.suffix == ".html" else "plain"
                mail = pathlib.Path(place) / "mail.eml"
                head = f"From: a@b.example\nContent-Type: text/{kind}; charset=utf-8\nMIME-Version: 1.0\n\n"
                mail.write_bytes(head.encode() + file.read_bytes())
                file = mail
            result = inspect(steward, [file])[0]
            said = squeezed(result.get("reply_text", ""))
            text, absent = squeezed(row["text"].replace("\\n", "\n")), row["absent"]
            signature = (result.get("signature") or {}).get("text", "")
            if row["how"] == "exact":
                is_right = said == text or said + squeezed(signature) == text
            else:
                is_right = said.startswith(text) and (not absent or squeezed(absent) not in said)
            if not tally.add(is_right):
                misses.append(f"{row['file']}: {said[:100]!r}, expected {row['how']} {text[:60]!r} without {absent!r}")
    print(tally.line())
    if show:
        print("\n".join(misses))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--steward", default="target/release/steward")
    arguments.add_argument("--show", action="store_true")
    given = arguments.parse_args()
    sets = {"bounces": bounces, "signatures": signatures, "replies": replies}
    there = [name for name in sets if (given.folder / name).is_dir()]
    if not there:
        sys.exit(f"{given.folder} has none of {', '.join(sets)}")
    for name in there:
        sets[name](given.folder / name, given.steward, given.show)


if __name__ == "__main__":
    main()
