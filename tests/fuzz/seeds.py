#!/usr/bin/env python3
"""Makes the seeds of a fuzz target: what a first look at its input needs to go on from.

    seeds.py TARGET FOLDER

They come from the recorded events in `tests/fixtures`, and for stored rows from the table in `runtime/src/claim/dynamodb/table.rs`.
Nothing of it is committed: the fixtures are the one copy.
"""

import base64
import hashlib
import json
import pathlib
import sys

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures"

# The request that `src/row.rs` sends: its owner, payload and version.
OWNER = "0123456789abcdef" * 2
VALIDATION = base64.urlsafe_b64encode(hashlib.sha256(b"x").digest()).decode().rstrip("=")
OTHER_VALIDATION = base64.urlsafe_b64encode(hashlib.sha256(b"y").digest()).decode().rstrip("=")


def events():
    return [path.read_bytes() for path in sorted(FIXTURES.rglob("*.json"))]


def bodies():
    """The bodies of all records, each once."""
    found = []
    for event in events():
        try:
            records = json.loads(event)["Records"]
            found += [record["body"] for record in records if isinstance(record.get("body"), str)]
        except (ValueError, KeyError, TypeError, AttributeError):
            pass
    # A lone surrogate has no UTF-8.
    encoded = [body.encode("utf-8", "ignore") for body in found]
    return sorted(set(encoded))


def keys():
    """Values with a name of their own, and the names on the way to them."""
    values = [b'"A-1001"', b'"A-\\u0031001"', b"20000000000000000001", b"-1", b"1.5", b"true", b"null", b'[1,{"a":"b"}]']
    ways = [[b"orderId"], [b"order", b"id"], [b"a/b", b"c~d", b"0"]]
    pairs = [[one, other, *way] for one in values for other in values[:4] for way in ways]
    return [b"\xff".join(parts) for parts in pairs] + [body + b"\xff1\xff/orderId" for body in bodies()]


def rows():
    """Rows in every status: ours, and another attempt's with another payload."""
    for status in ["INPROGRESS", "COMPLETED", "RELEASED", "FAILED"]:
        for owner, validation in [(OWNER, VALIDATION), ("0" * 32, VALIDATION), ("0" * 32, OTHER_VALIDATION)]:
            texts = {"status": status, "owner": owner, "validation": validation}
            numbers = {"fence": 5, "since": 1800000000000, "attempts": 1, "expiration": 1801000000, "v": 1}
            if status == "INPROGRESS":
                numbers["in_progress_expiration"] = 1800000060000
            if status == "COMPLETED":
                texts["data"] = '{"a":1}'
            if status == "FAILED":
                texts |= {"version": "7", "error": "no such order"}
            yield texts, numbers


def items():
    for texts, numbers in rows():
        item = {"id": {"S": "orders#k"}}
        item |= {name: {"S": text} for name, text in texts.items()}
        item |= {name: {"N": str(number)} for name, number in numbers.items()}
        yield json.dumps(item, separators=(",", ":")).encode()


def hashes():
    for texts, numbers in rows():
        yield "\n".join(f"{name}={value}" for name, value in (texts | numbers).items()).encode()


SEEDS = {
    "event": events,
    "body": bodies,
    "envelope": bodies,
    "key": keys,
    "stored_item": items,
    "stored_hash": hashes,
}


def main():
    target, folder = sys.argv[1:]
    for n, seed in enumerate(SEEDS[target]()):
        (pathlib.Path(folder) / f"{n:03}").write_bytes(seed)


main()
