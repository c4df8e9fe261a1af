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
        self.endless = capture.compile_bpf(
            "loop", os.path.join(self.dir, "loop.o"))

    def test_a_change_is_seen_between_the_packets_of_a_burst(self):
        c = self.client()
        prog = c.call("prog.load", path=self.endless)["programs"][0]["id"]

        def stopped():
            return c.call("prog.show", prog=prog).get("stopped", 0)

        for _ in range(4):
            at = c.call("prog.attach", prog=prog, port="p0",
                        hook="xdp")["attachment"]
            before = stopped()
            # the first burst may be a whole one
            while stopped() < before + 40:
                time.sleep(0.01)
            c.call("prog.detach", attachment=at)
            now = stopped()
            last = None
            while last != (last := stopped()):
                time.sleep(0.5)
            # the one that is running, and one that may have begun since
            self.assertLessEqual(last - now, 2)


if __name__ == "__main__":
    main("run")
