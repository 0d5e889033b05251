"""Judges events: events.py SCHEMA EVENTS [EVE_SCHEMA], as TAP.

Every line must be valid under our own schema; alerts without `ot` under Suricata's;
a path must have one JSON type; no alert may be longer than 16 KiB.  EVENT_TYPES names
those that must occur.
"""

import json
import os
import sys

import jsonschema

def types_of(value, path, seen):
    """Adds the type of every path below value to seen; numbers keep int and real apart."""
    if isinstance(value, dict):
        for key, member in value.items():
            types_of(member, path + "." + key, seen)
    elif isinstance(value, list):
        for element in value:
            types_of(element, path + "[]", seen)
    else:
        seen.setdefault(path, set()).add(type(value).__name__)


def problems(validator, events):
    found = []
    for number, event in enumerate(events, 1):
        for error in validator.iter_errors(event):
            found.append(f"line {number}: {error.json_path}: {error.message[:200]}")
    return found


def tell(number, name, found):
    print(f"{'not ok' if found else 'ok'} {number} - {name}")
    for line in found[:10]:
        print(f"# {line}")
    return not found


def main():
    with open(sys.argv[1]) as f:
        own = json.load(f)
    with open(sys.argv[2]) as f:
        lines = f.read().splitlines()
    events = [json.loads(line) for line in lines]
    seen = {}
    for event in events:
        types_of(event, "", seen)
    print("1..5")
    jsonschema.Draft202012Validator.check_schema(own)
    good = tell(1, "every event is valid under the generated schema",
                problems(jsonschema.Draft202012Validator(own), events))
    good &= tell(2, "every path has one JSON type",
                 [f"{p}: {t}" for p, t in seen.items() if len(t) > 1])
    good &= tell(3, "no alert is longer than 16 KiB",
                 [line[:80] for line, event in zip(lines, events)
                  if len(line) >= 16384 and event["event_type"].startswith("alert")])
    kinds = {event["event_type"] for event in events}
    wanted = set(os.environ.get(
        "EVENT_TYPES", "transaction flow health alert alert_update").split())
    good &= tell(4, "there is an event of every type", sorted(wanted - kinds))
    name = "an alert without ot is valid under Suricata's schema"
    if len(sys.argv) < 4:
        print(f"ok 5 - {name} # SKIP its schema is not here")
    else:
        with open(sys.argv[3]) as f:
            eve = json.load(f)
        alerts = [{k: v for k, v in event.items() if k != "ot"}
                  for event in events if event["event_type"].startswith("alert")]
        good &= tell(5, name, problems(jsonschema.Draft202012Validator(eve), alerts))
    return 0 if good else 1


sys.exit(main())
