# SPDX-License-Identifier: BSD-3-Clause
"""Runs every program of a folder's objects that Linux loads on a capture with
`weir test --vs kernel`, and prints how many do the same here: run.py WEIR
FOLDER CAPTURE.  Fails where one does something else, or where fewer than 95 of
100 do the same."""
import collections
import json
import os
import re
import subprocess
import sys

import verify

WANTED = 0.95
SECONDS = 60
TIMES = re.compile(r"[0-9]+|0x[0-9a-f]+")


def test(weir, path, name, capture):
    """What `weir test --vs kernel` says of a program, or why it says nothing."""
    try:
        done = subprocess.run(
            [weir, "test", path, "--prog", name, "-r", capture, "--vs",
             "kernel", "-j"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return None, "longer than a minute"
    for text in (done.stdout, done.stderr):
        try:
            said = json.loads(text)
        except ValueError:
            continue
        if "kernel" in said:
            return said, None
        if "error" in said:
            return None, said["error"]["message"].split("\n")[0]
    return None, "exit status %d: %s" % (
        done.returncode, done.stderr.decode(errors="replace").strip()[:200])


def kind_of(said, reason):
    if reason:
        return "not run"
    kernel = said["kernel"]
    if kernel["different"]:
        return "different"
    return "the same" if kernel["compared"] else "Linux runs none of it"


def main():
    weir, folder, capture = sys.argv[1:]
    count = collections.Counter()
    lines = collections.defaultdict(list)
    causes = collections.defaultdict(list)
    for file in sorted(os.listdir(folder)):
        path = os.path.join(folder, file)
        if not file.endswith(".o") or not any(
                verify.OURS.match(s) for s in verify.sections(path)):
            continue
        programs, _ = verify.ask(weir, path)
        for p in programs:
            if verify.kind_of(p) is None or \
                    p["kernel"]["verdict"] != "accept":
                continue
            said, reason = test(weir, path, p["name"], capture)
            kind = kind_of(said, reason)
            where = "%s: %s" % (file[:-2], p["name"])
            count[kind] += 1
            if kind == "not run":
                causes[TIMES.sub("N", reason)].append(where)
            elif kind == "different":
                more = said["kernel"].get("differences", [""])
                lines[kind].append("%s: %d packets; %s" % (
                    where, said["kernel"]["different"], more[0]))
            elif kind != "the same":
                lines[kind].append("%s: %s" % (
                    where, ", ".join(said["kernel"]["not_compared"])))
    for kind, n in count.most_common():
        print("%6d  %s" % (n, kind))
    for kind in sorted(lines):
        print("\n%s:" % kind)
        for line in lines[kind]:
            print("    " + line)
    if causes:
        print("\nnot run, by reason:")
        for reason, where in sorted(causes.items(), key=lambda c: -len(c[1])):
            print("%6d  %s" % (len(where), reason))
            for name in where:
                print("            " + name)
    asked = sum(count.values()) - count["Linux runs none of it"]
    print("\n%d of %d the same" % (count["the same"], asked))
    return 1 if count["different"] or \
        count["the same"] < WANTED * asked else 0


if __name__ == "__main__":
    sys.exit(main())
