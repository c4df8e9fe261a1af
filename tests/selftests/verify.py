# SPDX-License-Identifier: BSD-3-Clause
"""Asks `weir verify --vs kernel` of every object in a folder and prints where
the two agree: verify.py WEIR FOLDER.  Fails where Weir accepts what Linux
rejects, or rejects what Linux accepts and Weir does not call unsupported."""
import collections
import json
import os
import re
import statistics
import subprocess
import sys

OURS = re.compile(rb"^(\?)?(xdp|tc|tcx|classifier|action|socket)(\b|_|[0-9])")
AGREE = {
    ("accept", "accept"): "both accept",
    ("reject", "reject"): "both reject",
    ("accept", "reject"): "Linux rejects, Weir accepts",
    ("reject", "accept"): "Linux accepts, Weir rejects",
}
WRONG = ("Linux rejects, Weir accepts", "Linux accepts, Weir rejects")


def sections(path):
    """The names of an object's sections."""
    with open(path, "rb") as f:
        data = f.read()
    at, size, count, names = (
        int.from_bytes(data[a:b], "little")
        for a, b in ((40, 48), (58, 60), (60, 62), (62, 64)))
    heads = [data[at + i * size:at + (i + 1) * size] for i in range(count)]
    start = int.from_bytes(heads[names][24:32], "little")
    for head in heads:
        name = start + int.from_bytes(head[0:4], "little")
        yield data[name:data.index(b"\0", name)]


def ask_weir(words, member, seconds):
    """What a command says as JSON, or why it says nothing."""
    done = subprocess.run([*words, "-j"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=seconds, check=False)
    for text in (done.stdout, done.stderr):
        try:
            said = json.loads(text)
        except ValueError:
            continue
        if member in said:
            return said, None
        if "error" in said:
            return None, said["error"]["message"]
    return None, "exit status %d" % done.returncode


def ask(weir, path):
    """The programs Weir runs, or a reason why there is no answer."""
    said, reason = ask_weir([weir, "verify", path, "--vs", "kernel"],
                            "programs", 600)
    return said["programs"] if said else [], reason


def unloadable(kernel):
    """Linux said no before it looked at an instruction, and not why."""
    return (kernel["verdict"] == "reject" and not kernel["processed"]
            and kernel["message"] in (os.strerror(2), os.strerror(22),
                                      os.strerror(95), os.strerror(524)))


def kind_of(p):
    kernel = p["kernel"]
    if p.get("message", "").startswith("this program type"):
        return None
    if unloadable(kernel) and p["verdict"] == "accept":
        return "Linux cannot load"
    if p.get("code") == "unsupported":
        return "unsupported, Linux %ss" % kernel["verdict"]
    return AGREE[p["verdict"], kernel["verdict"]]


class Table:
    def __init__(self):
        self.count = collections.Counter()
        self.lines = collections.defaultdict(list)
        self.causes = collections.Counter()  # of what is unsupported
        self.work = []   # (ours, Linux's, name) of what both accept
        self.times = []  # ours by Linux's
        self.words = 0   # both reject, with the same first line

    def add(self, name, p):
        kind = kind_of(p)
        if not kind:
            return
        self.count[kind] += 1
        where = "%s: %s" % (name, p["name"])
        mine, theirs = p.get("message", ""), p["kernel"].get("message", "")
        if kind == "both accept":
            self.work.append((p["processed"], p["kernel"]["processed"], where))
            if p["kernel"]["time_us"]:
                self.times.append(p["time_us"] / p["kernel"]["time_us"])
        elif kind == "both reject":
            self.words += mine == theirs
        elif kind.startswith("unsupported"):
            self.causes[mine.partition(": not supported")[0]] += 1
        else:
            self.lines[kind].append("%s: %s" % (where, mine or theirs))

    def cannot_read(self, name, reason):
        self.count["not readable"] += 1
        self.lines["not readable"].append("%s: %s" % (name, reason))

    def show(self):
        for kind, n in self.count.most_common():
            print("%6d  %s" % (n, kind))
        for kind in sorted(self.lines):
            print("\n%s:" % kind)
            for line in self.lines[kind]:
                print("    " + line)
        if self.causes:
            print("\nunsupported, by cause:")
            for cause, n in self.causes.most_common():
                print("%6d  %s" % (n, cause))
        if self.work:
            same = sum(a == b for a, b, _ in self.work)
            print("\nBoth accept: %d of %d after as many instructions; the"
                  " others:" % (same, len(self.work)))
            for a, b, where in self.work:
                if a != b:
                    print("    %s: %d, Linux %d" % (where, a, b))
        if self.count["both reject"]:
            print("Both reject: %d of %d in the same words"
                  % (self.words, self.count["both reject"]))
        if self.times:
            print("Time by Linux's: median %.2f"
                  % statistics.median(self.times))


def main():
    weir, folder = sys.argv[1:]
    table = Table()
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if not name.endswith(".o") or not any(
                OURS.match(s) for s in sections(path)):
            continue
        programs, reason = ask(weir, path)
        if reason:
            table.cannot_read(name[:-2], reason)
        for p in programs:
            table.add(name[:-2], p)
    table.show()
    return 1 if any(table.count[kind] for kind in WRONG) else 0


if __name__ == "__main__":
    sys.exit(main())
