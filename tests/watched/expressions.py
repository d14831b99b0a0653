"""Prints each expression of the dashboards that are named as a recording rule, for promtool to read."""

import json
import sys

print("groups:\n  - name: dashboards\n    rules:")
number = 0
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        dashboard = json.load(file)
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            number += 1
            print(f"      - record: panel:{number}")
            print(f"        expr: {json.dumps(target['expr'])}")
assert number, "the dashboards have no expressions"
