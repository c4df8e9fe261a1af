#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every side of the map benchmarks runs: a short round of each operation on
small maps.  How fast is for those who run the benchmark."""
import os
import sys
import unittest

import maps
import runner

SMALL = 10000


class Options:
    build = os.environ.get("WEIR_BUILD", "build")
    huge = 0


def small_cases():
    for kind, operation, sizes, keys, counts, beside in maps.ROWS:
        if maps.SIZES[sizes[0]] > SMALL:
            continue
        for key in keys:
            for threads in counts:
                yield maps.case_of(Options, kind, operation, sizes[0], key,
                                   threads, beside)


class SidesRun(unittest.TestCase):
    def test_every_side_measures_what_it_is_told(self):
        for case in small_cases():
            with self.subTest(case.name):
                numbers, notes = runner.measure(case, 1, 0, 0.01)
                for side in case.sides:
                    self.assertGreater(min(numbers[side.name]), 0, side.name)
                for name in ("weir", "kernel"):
                    self.assertGreater(notes[name]["bytes_per_entry"], 0)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("the kernel's side needs bpf(2)")
        sys.exit(77)
    unittest.main()
