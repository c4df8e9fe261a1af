#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A timer that a program starts goes on while nothing asks for it, on both
engines; writing over its element ends it, and so does the end of its map."""
import json
import os
import time

from weir import BUILD, Case, main

SOURCE = os.path.join(BUILD, "tests/unit/ticks.o")


class Interpreted(Case):
    args = ("--engine", "interp")

    def weir(self, *words):
        got, out, err = self.daemon.weir(*words)
        self.assertEqual(got, 0, (words, out, err))
        return out

    def fired(self, map_id):
        entry = json.loads(self.weir("map", "lookup", str(map_id), "key", "0",
                                     "0", "0", "0", "-j"))
        return entry["formatted"]["value"]["fired"]

    def until_fired(self, map_id, least):
        for _ in range(2000):
            if self.fired(map_id) >= least:
                return
            time.sleep(0.01)
        self.fail("it does not go on")

    def test_it_goes_on_until_its_element_is_another(self):
        got = json.loads(self.weir("prog", "load", SOURCE, "-j"))
        prog, = (p["id"] for p in got["programs"])
        ticks, = (m["id"] for m in got["maps"] if m["name"] == "ticks")
        attached = json.loads(self.weir("prog", "attach", str(prog), "p0",
                                        "xdp", "-j"))
        self.until_fired(ticks, 5)
        self.weir("prog", "detach", str(attached["attachment"]))
        before = self.fired(ticks)
        self.until_fired(ticks, before + 5)
        # no packet starts another
        self.weir("map", "update", str(ticks), "key", "0", "0", "0", "0",
                  "value", "hex", *["00"] * 16, *["01"] + ["00"] * 15)
        for _ in range(10): # one may still be on its way
            before = self.fired(ticks)
            time.sleep(0.2)
            if self.fired(ticks) == before:
                break
        else:
            self.fail("it goes on")
        self.weir("prog", "unload", str(got["object"]))
        for _ in range(200):
            if not json.loads(self.weir("prog", "list", "-j")):
                return
            time.sleep(0.05)
        self.fail("its program stays")

    def test_it_ends_with_its_map(self):
        got = json.loads(self.weir("prog", "load", SOURCE, "-j"))
        prog, = (p["id"] for p in got["programs"])
        ticks, = (m["id"] for m in got["maps"] if m["name"] == "ticks")
        attached = json.loads(self.weir("prog", "attach", str(prog), "p0",
                                        "xdp", "-j"))
        self.until_fired(ticks, 2)
        self.weir("prog", "unload", str(got["object"]))
        self.weir("prog", "detach", str(attached["attachment"]))
        for _ in range(200):
            if not json.loads(self.weir("prog", "list", "-j")):
                return
            time.sleep(0.05)
        self.fail("its program stays")


class Compiled(Interpreted):
    args = ("--engine", "jit")


if __name__ == "__main__":
    main()
