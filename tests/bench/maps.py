#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Maps: Weir's, called natively, against the same maps of the live kernel,
driven by a program that loops inside BPF_PROG_TEST_RUN, with rte_hash and
rte_lpm or rte_fib beside them.

	tests/bench/maps.py [--build DIR] [--huge N] [--json FILE] [WORD...]

Case names are map-operation-entries-kKEY-tTHREADS: hash-lookup_hit-1M-k16-t1.
"""
import argparse
import os
import sys

import runner

HASH, ARRAY, PERCPU_HASH, PERCPU_ARRAY = 1, 2, 5, 6
LRU, LPM = 9, 11
NAMES = {HASH: "hash", ARRAY: "array", PERCPU_HASH: "percpu_hash",
         PERCPU_ARRAY: "percpu_array", LRU: "lru_hash", LPM: "lpm_trie"}
SIZES = {"1K": 1000, "10K": 10000, "100K": 100000, "1M": 1000000,
         "10M": 10000000}
ALL = tuple(SIZES)

# type, operation, sizes, keys, threads, references beside the kernel
ROWS = [
    (HASH, "lookup_hit", ALL, (16,), (1, 2), ("rte",)),
    (HASH, "lookup_hit", ("10K", "1M"), (4, 64), (1,), ("rte",)),
    (HASH, "lookup_burst", ALL, (16,), (1, 2), ("rte",)),
    (HASH, "lookup_miss", ALL, (16,), (1,), ("rte",)),
    (HASH, "update", ALL, (16,), (1, 2), ()),
    (HASH, "insert_delete", ALL, (16,), (1, 2), ()),
    (PERCPU_HASH, "lookup_hit", ("10K", "1M"), (16,), (1,), ()),
    (LRU, "lookup_hit", ("10K", "1M"), (16,), (1, 2), ()),
    (LRU, "churn", ("1K", "10K", "100K", "1M"), (16,), (1, 2), ()),
    (LPM, "lookup_hit", ("1K", "10K"), (8,), (1, 2), ("rte", "fib")),
    # more rules take rte_lpm minutes, and a million exceed rte_fib's tables
    (LPM, "lookup_hit", ("100K",), (8,), (1, 2), ("fib",)),
    (LPM, "lookup_hit", ("1M",), (8,), (1, 2), ()),
    (ARRAY, "lookup_hit", ("1K", "1M"), (4,), (1,), ()),
    (ARRAY, "lookup_inline", ("1K", "1M"), (4,), (1,), ()),
    (PERCPU_ARRAY, "lookup_hit", ("1K", "1M"), (4,), (1,), ()),
    (PERCPU_ARRAY, "lookup_inline", ("1K", "1M"), (4,), (1,), ()),
]

# What is to be reached against the kernel, as the first row that fits says.
TARGETS = [
    (HASH, "lookup_hit", ("1K", "10K"), 3),
    (HASH, "lookup_hit", ("1M", "10M"), 1.5),
    (HASH, "lookup_burst", ("1M", "10M"), 4),
    (HASH, "update", ("1K", "10K", "100K"), 2),
    (HASH, "update", ("1M", "10M"), 1.5),
    (HASH, "insert_delete", ALL, 2),
    (LRU, "churn", ALL, 4),
    (LPM, "lookup_hit", ("1M",), 3),
    (ARRAY, "lookup_inline", ALL, 1.5),
    (PERCPU_ARRAY, "lookup_inline", ALL, 1.5),
]


class MapSide(runner.LineSide):
    def __init__(self, name, program, words, options):
        path = os.path.join(options.build, "tests/bench", program)
        super().__init__(name, [path, *map(str, words)])
        self.entries = words[2]

    def start(self):
        if not os.path.exists(self.command[0]):
            raise runner.Failed(f"{self.command[0]} is not built")
        super().start()

    def notes(self):
        """Memory: what the budget is charged, what the kernel's fdinfo says."""
        size = int(self.ask("memory"))
        return {"bytes_per_entry": size / self.entries} if size else {}


def target_of(kind, operation, size, threads):
    for of, what, sizes, least in TARGETS:
        if of == kind and what == operation and size in sizes:
            return least if kind != LRU or threads == 2 else None
    return None


def cases(options):
    if options.huge:
        os.environ["BENCH_HUGE"] = "1"
    return [case_of(options, kind, operation, size, key, threads, beside)
            for kind, operation, sizes, keys, counts, beside in ROWS
            for size in sizes for key in keys for threads in counts]


def case_of(options, kind, operation, size, key, threads, beside):
    def words(op):
        return (op, kind, SIZES[size], key, 16, threads)

    plain = "lookup_hit" if operation in ("lookup_burst", "lookup_inline") \
        else operation
    sides = [MapSide("weir", "map-weir", words(operation), options),
             MapSide("kernel", "map-kernel", words(plain), options)]
    if "rte" in beside:
        sides.append(MapSide("rte", "map-rte", words(operation), options))
    if "fib" in beside:
        side = MapSide("fib", "map-rte", words(operation), options)
        side.command[:0] = ["/usr/bin/env", "BENCH_FIB=1"]
        sides.append(side)
    case = runner.Case(
        f"{NAMES[kind]}-{operation}-{size}-k{key}-t{threads}",
        f"{SIZES[size]} entries, {key}-byte keys, {threads} thread"
        + ("s" if threads > 1 else ""), sides)
    case.target = target_of(kind, operation, size, threads)
    return case


class HugePages:
    """Reserved for the run, and given back."""
    PATH = "/proc/sys/vm/nr_hugepages"

    def __init__(self, pages):
        self.pages = pages
        self.before = None

    def __enter__(self):
        if self.pages:
            with open(self.PATH, encoding="ascii") as f:
                self.before = f.read()
            with open(self.PATH, "w", encoding="ascii") as f:
                f.write(str(self.pages))
            with open(self.PATH, encoding="ascii") as f:
                if int(f.read()) < self.pages:
                    print("fewer huge pages than asked for",
                          file=sys.stderr)
        return self

    def __exit__(self, *_):
        if self.before is not None:
            with open(self.PATH, "w", encoding="ascii") as f:
                f.write(self.before)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--huge", type=int, default=0, metavar="N",
                        help="reserve N huge pages of 2 MB for the run")
    options, _ = parser.parse_known_args()
    with HugePages(options.huge):
        runner.main(cases, parser)


if __name__ == "__main__":
    main()
