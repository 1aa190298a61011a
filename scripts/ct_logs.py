#!/usr/bin/env python3
"""Makes core/ct_logs.inc from lists of Certificate Transparency logs.

usage: ct_logs.py DATE LIST.json... >core/ct_logs.inc

LIST.json is Google's all_logs_list.json (https://www.gstatic.com/ct/log_list/v3/all_logs_list.json), Apple's
current_log_list.json (https://valid.apple.com/ct/log_list/current_log_list.json), or another of that form. Where two lists
name a log differently the first list counts. DATE is the day of the newest list. A log whose id is not the SHA-256 of its key
stops it.
"""
import base64
import hashlib
import json
import sys


def read(path, logs):
    with open(path, encoding="utf-8") as f:
        doc = json.load(f)
    num = 0
    for operator in doc["operators"]:
        for log in operator.get("logs", []) + operator.get("tiled_logs", []):
            log_id = base64.b64decode(log["log_id"], validate=True)
            if hashlib.sha256(base64.b64decode(log["key"], validate=True)).digest() != log_id:
                sys.exit(f"{path}: {log['description']}: its id is not the hash of its key")
            logs.setdefault(log_id, (log["description"], operator["name"]))
            num += 1
    stamp = doc.get("log_list_timestamp", "no date")
    return f"{num} logs, version {doc.get('version', 'not stated')}, {stamp}"


def literal(text):
    plain = "".join(c if " " <= c <= "~" else "?" for c in text)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    logs = {}
    print("/*\n * Certificate Transparency logs by ascending id. Made by scripts/ct_logs.py; do not edit.\n *")
    for path in sys.argv[2:]:
        said = read(path, logs)
        print(f" * Source     {path.rsplit('/', 1)[-1]}: {said}")
    print(" */")
    print(f"#define CT_LOGS_DATE {literal(sys.argv[1])}")
    for log_id, (name, operator) in sorted(logs.items()):
        octets = ["".join(f"\\x{o:02x}" for o in log_id[i:i + 16]) for i in (0, 16)]
        print(f'X("{octets[0]}"\n  "{octets[1]}",\n  {literal(name)}, {literal(operator)})')


main()
