#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Programs that take long do not keep those waiting who change something."""
import os
import shutil
import tempfile
import time
import unittest

import capture
from weir import Case, main


class Pace(Case):
    ports = ("p0=null",)

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="weir-pace-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.slow = capture.compile_bpf(
            "slow", os.path.join(self.dir, "slow.o"))

    def test_a_change_is_seen_between_the_packets_of_a_burst(self):
        c = self.client()
        prog = c.call("prog.load", path=self.slow)["programs"][0]["id"]

        def runs():
            return c.call("prog.show", prog=prog)["run_cnt"]

        for _ in range(4):
            at = c.call("prog.attach", prog=prog, port="p0",
                        hook="xdp")["attachment"]
            before = runs()
            # the first burst may be a whole one
            while runs() < before + 40:
                time.sleep(0.01)
            c.call("prog.detach", attachment=at)
            now, last = runs(), None
            while last != (last := runs()):
                time.sleep(0.5)
            # those that were running, of a burst of 32
            self.assertLessEqual(last - now, 4)


if __name__ == "__main__":
    main("run")
