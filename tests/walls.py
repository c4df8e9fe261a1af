#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The direction of includes and the walls between rooms.

A room may include itself and the rooms of lower ranks, never a higher one or a
sibling of its rank (docs/architecture.md).  Some libraries may be used in some
rooms only.  Exits 1 and names file, line and rule for each breach.
"""
import os
import re
import shutil
import subprocess
import sys

RANKS = ["base", "mem", "bpf", "maps", "net", "prog", "elf helper", "verify",
         "vm jit", "sys", "oracle", "port stats", "hook", "lcore", "ctl",
         "app"]
RANK = {room: i for i, row in enumerate(RANKS) for room in row.split()}

EAL_ROOMS = {"base", "mem", "port", "hook", "lcore", "stats", "ctl", "app"}
# pattern in a line of code, rooms where it may stand, what it is
WALLS = [
    (re.compile(r"\brte_\w+"), EAL_ROOMS, "rte_*"),
    (re.compile(r'#\s*include\s*[<"]llvm-c/'), {"jit"}, "llvm-c/"),
    (re.compile(r"#\s*include\s*<(libelf|gelf|elf)\.h>"), {"elf"}, "libelf"),
    (re.compile(r"#\s*include\s*<bpf/(libbpf|btf|bpf)\.h>"), {"bpf"},
     "libbpf"),
]
INCLUDE = re.compile(r'#\s*include\s*"([^"]+)"')
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)


def room_of(path):
    parts = path.split(os.sep)
    if parts[0] == "lib":
        return parts[1] if len(parts) > 2 else None
    return parts[0] if parts[0] in RANK else None


def without_comments(text):
    return COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def breaches(root):
    for top in ("lib", "maps", "app"):
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in sorted(names):
                # *.bpf.c are programs, not part of any room's library
                if not name.endswith((".c", ".h")) or name.endswith(".bpf.c"):
                    continue
                path = os.path.join(folder, name)
                rel = os.path.relpath(path, root)
                with open(path, encoding="utf-8") as f:
                    yield from check(root, rel, without_comments(f.read()))


def check(root, rel, text):
    room = room_of(rel)
    if room not in RANK:
        yield f"{rel}: room '{room}' has no rank"
        return
    for number, line in enumerate(text.split("\n"), 1):
        place = f"{rel}:{number}"
        m = INCLUDE.search(line)
        if m:
            yield from check_include(root, rel, place, room, m.group(1))
        for pattern, rooms, what in WALLS:
            if room not in rooms and pattern.search(line):
                yield f"{place}: {what} is not for {room}/"


def check_include(root, rel, place, room, target):
    beside = os.path.join(root, os.path.dirname(rel), target)
    if "/" not in target:
        # a header of the same folder, or one that the build generates
        if room != "app" and os.path.exists(beside):
            yield f'{place}: write "{room}/{target}"'
        return
    other = target.split("/")[0]
    if other in ("cli", "daemon"):
        other = "app"
    if other not in RANK:
        yield f"{place}: \"{target}\" is in no room"
    elif other != room and RANK[other] >= RANK[room]:
        yield f"{place}: {room}/ may not include {other}/"


TOP_LEVEL = {"meson.build", "meson_options.txt", "app", "lib", "maps", "progs", "config", "tests",
             "docs", "README.md", "LICENSE", "run.sh", "test.sh", ".ci",
             ".clang-format", ".clang-tidy"}


def strangers_at_top(root):
    if not shutil.which("git"):
        return
    listed = subprocess.run(["git", "-C", root, "ls-files"], check=False,
                            capture_output=True, text=True)
    tops = {line.split("/")[0] for line in listed.stdout.splitlines()}
    for name in sorted(tops - TOP_LEVEL):
        yield f"{name}: not one of the top level's"


def self_test():
    """The check can fail: planted breaches are found."""
    planted = [
        ("lib/base/x.c", '#include "mem/mem.h"\n'),
        ("lib/elf/x.c", '#include "helper/helper.h"\n'),
        ("lib/vm/x.c", "int f(void) { return rte_lcore_id(); }\n"),
        ("maps/x.c", '#include <libelf.h>\n'),
        ("lib/sys/x.c", '#include <bpf/libbpf.h>\n'),
    ]
    allowed = [
        ("lib/vm/x.c", '#include "helper/helper.h"\n/* rte_ring */\n'),
        ("lib/port/x.c", "int f(void) { return rte_lcore_id(); }\n"),
    ]
    missed = [p for p in planted
              if not list(check("/", p[0], without_comments(p[1])))]
    wrong = [p for p in allowed
             if list(check("/", p[0], without_comments(p[1])))]
    if missed or wrong:
        sys.exit(f"walls: the check itself is wrong: {missed} {wrong}")


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "."
    self_test()
    found = list(breaches(root)) + list(strangers_at_top(root))
    print("\n".join(found), end="\n" if found else "")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
