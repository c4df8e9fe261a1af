#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Programs that call what calls them back, or what the kernel gives them by
name, or what reads and writes text: Linux says the same of every packet, and the maps are the same."""
import itertools
import json
import os
import subprocess
import sys
import unittest

from weir import BUILD, WEIR
from weir_test import Case

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
CAPTURE = os.path.join(ROOT, "tests/data/mixed.pcap")


def weir(*words):
    return subprocess.run([WEIR, "test", *words, "-r", CAPTURE, "--vs",
                           "kernel", "-j", "--dump-maps"], check=False,
                          capture_output=True, text=True, timeout=300)


class Calls(Case):
    def equal(self, source, *names):
        """What Linux says, too; of each program on each engine."""
        with open(os.path.join(ROOT, "tests/data", source),
                  encoding="utf-8") as file:
            obj = self.build(file.read())
        for name, engine in itertools.product(names, ("interp", "jit")):
            with self.subTest(program=name, engine=engine):
                done = weir(obj, "--prog", name, "--engine", engine)
                result = json.loads(done.stdout)
                self.assertIn("kernel", result, done.stderr)
                kernel = result["kernel"]
                self.assertEqual(kernel["different"], 0,
                                 "\n".join(kernel.get("differences", ())))
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertGreater(kernel["compared"], 100)
                yield result

    def check(self, source, *names):
        """Results of every packet, said once by each."""
        for result in self.equal(source, *names):
            results, = [m["entries"] for m in result["maps"]
                        if m["name"] == "results"]
            self.assertEqual(len(results), result["kernel"]["compared"])

    def test_callbacks(self):
        self.check("callbacks.bpf.c", "loops_xdp", "loops_tc", "walks_xdp",
                   "walks_tc")

    def test_dynptrs(self):
        self.check("dynptrs.bpf.c", "memory_tc", "dynptrs_xdp", "dynptrs_tc")

    def test_text(self):
        self.check("text.bpf.c", "text_xdp", "text_tc")

    def test_socket_filters(self):
        for result in self.equal("socket.bpf.c", "keep_some",
                                 "keep_by_length"):
            self.assertEqual(result["hook"], "socket")
            self.assertGreater(len(result["verdicts"]), 2)

    def test_iterators(self):
        self.check("dynptrs.bpf.c", "numbers_xdp", "goto_tc")


if __name__ == "__main__":
    probe = weir(os.path.join(BUILD, "progs/pass.bpf.o"), "--hook", "xdp")
    if probe.returncode == 1 and "cannot be asked" in probe.stderr:
        print(probe.stderr)
        sys.exit(77)
    unittest.main(verbosity=2)
