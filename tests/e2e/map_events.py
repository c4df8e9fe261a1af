#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Maps that carry events or redirect, from the command line: what programs
write comes out of `weir map events`, and every command has an answer in JSON."""
import json
import os
import shutil
import subprocess
import tempfile
import time

import capture
from weir import TapCase, WEIR, main, need_taps, own_namespaces

TAP = "weirev0"


class Events(TapCase):
    taps = (TAP,)
    ports = [f"t0=tap:{TAP}"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dir = tempfile.mkdtemp(prefix="weir-events-")
        cls.addClassCleanup(shutil.rmtree, cls.dir)
        got = cls.ask("prog", "load", capture.compile_bpf(
            "events", os.path.join(cls.dir, "events.o")))
        cls.maps = {m["name"]: str(m["id"]) for m in got["maps"]}
        cls.ask("prog", "attach", str(got["programs"][0]["id"]), "t0", "xdp")

    def listen(self, name):
        reader = subprocess.Popen(
            [WEIR, "-s", self.daemon.sock, "map", "events", self.maps[name],
             "-j"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(reader.stdout.close)
        self.addCleanup(reader.stderr.close)
        self.addCleanup(reader.wait)
        self.addCleanup(reader.kill)
        return reader

    @staticmethod
    def next(reader):
        event = json.loads(reader.stdout.readline())
        return bytes(int(byte, 16) for byte in event.pop("data")), event

    def send(self, sizes):
        for size in sizes:
            self.wire.send((bytes(11) + b"\x01\x88\xb5").ljust(size, b"\x33"))

    def drain(self, reader):
        """What others left there; the reader is there for certain then."""
        self.send([77])
        number = None
        while number is None:
            data, _ = self.next(reader)
            if int.from_bytes(data[:4], "little") == 77:
                number = int.from_bytes(data[4:8], "little")
        return number

    def test_records_come_in_order(self):
        reader = self.listen("ring")
        number = self.drain(reader)
        sizes = list(range(100, 150))
        self.send(sizes)
        for i, size in enumerate(sizes):
            data, event = self.next(reader)
            self.assertEqual(data, size.to_bytes(4, "little") +
                             (number + 1 + i).to_bytes(4, "little"))
            self.assertEqual(event, {"event": "map",
                                     "map": int(self.maps["ring"])})

    def test_samples_come_with_the_packet(self):
        reader = self.listen("samples")
        for _ in range(200):
            self.send([60])
            time.sleep(0.02)
            if os.get_blocking(reader.stdout.fileno()) and \
                    self.ask("map", "show", self.maps["samples"])["entries"]:
                break
        self.drain(reader)
        self.send([90, 91])
        for size in (90, 91):
            data, event = self.next(reader)
            # 8 of the program, 14 of the packet, up to 4 less than 8 n
            self.assertEqual(len(data), 28)
            self.assertEqual(data[:4], size.to_bytes(4, "little"))
            self.assertEqual(data[8:22], bytes(11) + b"\x01\x88\xb5")
            self.assertEqual(event["lcore"], 0)
        reader.kill()
        reader.wait()
        for _ in range(200):
            if not self.ask("map", "show", self.maps["samples"])["entries"]:
                return
            time.sleep(0.02)
        self.fail("the reader's rings stay")

    def test_a_map_has_one_reader(self):
        reader = self.listen("ring")
        self.drain(reader)
        status, _, err = self.daemon.weir("map", "events", self.maps["ring"])
        self.assertNotEqual(status, 0)
        self.assertIn("another client", err)
        status, _, err = self.daemon.weir("map", "events",
                                          self.maps["events.bss"]
                                          if "events.bss" in self.maps else
                                          self.maps[next(
                                              n for n in self.maps
                                              if n.endswith(".bss"))])
        self.assertNotEqual(status, 0)
        self.assertIn("no events", err)

    def create(self, kind, key, value, entries):
        path = f"/test/{kind}"
        self.ask("map", "create", path, "type", kind, "key", str(key), "value",
                 str(value), "entries", str(entries), "name", kind[:15])
        self.addCleanup(self.daemon.weir, "map", "unpin", path)
        return "pinned", path

    def refused(self, *words):
        status, out, err = self.daemon.weir(*words, "-j")
        self.assertNotEqual(status, 0, words)
        self.assertTrue(json.loads(out)["error"], (words, out, err))

    def test_rings_have_no_entries(self):
        for kind in ("ringbuf", "user_ringbuf"):
            where = self.create(kind, 0, 0, 8192)
            shown = self.ask("map", "show", *where)
            self.assertEqual((shown["type"], shown["max_entries"]),
                             (kind, 8192))
            self.refused("map", "dump", *where)

    def test_entries_of_events_are_their_readers(self):
        where = self.create("perf_event_array", 4, 4, 2)
        key = ["key", "0", "0", "0", "0"]
        self.assertEqual(self.ask("map", "show", *where)["type"],
                         "perf_event_array")
        self.refused("map", "update", *where, *key, "value", "1", "0", "0",
                     "0")
        self.refused("map", "lookup", *where, *key)
        self.refused("map", "delete", *where, *key)

    def test_redirect_maps_have_entries(self):
        key, value = ["key", "0", "0", "0", "0"], ["1", "0", "0", "0"]
        for kind in ("devmap", "devmap_hash", "cpumap"):
            where = self.create(kind, 4, 4, 4)
            self.assertEqual(self.ask("map", "dump", *where), [])
            self.ask("map", "update", *where, *key, "value", *value)
            entry = {"key": ["0x00"] * 4, "value": ["0x01"] + ["0x00"] * 3}
            self.assertEqual(self.ask("map", "lookup", *where, *key), entry)
            self.assertEqual(self.ask("map", "dump", *where), [entry])
            self.ask("map", "delete", *where, *key)
            self.assertEqual(self.ask("map", "dump", *where), [])


if __name__ == "__main__":
    need_taps()
    own_namespaces("-n")
    main("map", "prog")
