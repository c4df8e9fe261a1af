#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""bpf_redirect_map() over real ports: devmaps, broadcasts, cpumaps, and the
programs of their entries.  Every packet is accounted for."""
import os
import shutil
import socket
import tempfile
import time

import capture
from weir import TapCase, main, need_taps, own_namespaces

TAPS = [f"weirrd{i}" for i in range(3)]
PASS, PORTS, BY_NUMBER, CPUS = range(4)
XDP_DROP, XDP_PASS = 1, 2
ALL, NOT_BACK = 16, 32
MAPS = {PORTS: "ports", BY_NUMBER: "by_number", CPUS: "cpus"}


def order(which, key, flags=XDP_DROP, drop=0, number=0):
    data = bytes(5) + b"\x01" + bytes(5) + b"\x02" + b"\x88\xb5"
    return data + bytes([which, key, flags, 0, 0, 0, drop, number]).ljust(
        60, b"\x5a")


class Redirect(TapCase):
    taps = TAPS
    protocol = 3  # ETH_P_ALL
    ports = [f"p{i}=tap:{name}" for i, name in enumerate(TAPS)]
    args = ["--lcores", ",".join(map(str, sorted(os.sched_getaffinity(0))[:2])),
            "--forward", "p0=port:p2", "--forward", "p1=port:p2",
            "--forward", "p2=drop"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dir = tempfile.mkdtemp(prefix="weir-redirect-")
        cls.addClassCleanup(shutil.rmtree, cls.dir)
        cls.object = capture.compile_bpf("redirect",
                                         os.path.join(cls.dir, "redirect.o"))
        for wire in cls.wires:
            wire.settimeout(0.2)
        got = cls.ask("prog", "load", cls.object)
        cls.progs = {p["name"]: p["id"] for p in got["programs"]}
        cls.maps = {m["name"]: m["id"] for m in got["maps"]}
        for port in ("p0", "p1"):
            cls.ask("prog", "attach", str(cls.progs["follow_order"]), port,
                    "xdp")

    def put(self, which, key, first, prog=None):
        value = first.to_bytes(4, "little") + (
            self.progs[prog] if prog else 0).to_bytes(4, "little")
        self.ask("map", "update", str(self.maps[MAPS[which]]),
                 "key", *map(str, key.to_bytes(4, "little")),
                 "value", *map(str, value))
        self.addCleanup(self.daemon.weir, "map", "delete",
                        str(self.maps[MAPS[which]]),
                        "key", *map(str, key.to_bytes(4, "little")))

    def total(self):
        return self.ask("stats")["total"]

    @staticmethod
    def accounted(counts):
        return counts["rx_packets"] + counts.get("copies", 0) == \
            counts["tx_packets"] + sum(counts["drops"].values())

    def send(self, frames, port=0):
        """What comes out of each port, and what was dropped, for frames."""
        before = self.total()
        for frame in frames:
            self.wires[port].send(frame)
        for _ in range(200):
            after = self.total()
            if after["rx_packets"] - before["rx_packets"] == len(frames) and \
                    self.accounted(after):
                break
            time.sleep(0.02)
        self.assertEqual(after["rx_packets"] - before["rx_packets"],
                         len(frames))
        self.assertTrue(self.accounted(after), after)
        drops = {name: n - before["drops"].get(name, 0)
                 for name, n in after["drops"].items()
                 if n > before["drops"].get(name, 0)}
        return [self.received(wire, frames) for wire in self.wires], drops, \
            after.get("copies", 0) - before.get("copies", 0)

    @staticmethod
    def received(wire, frames):
        """Frames from Weir, without those that this test sent."""
        got = []
        try:
            while True:
                data, address = wire.recvfrom(2048)
                if address[2] != socket.PACKET_OUTGOING and \
                        data[12:14] == b"\x88\xb5":
                    got.append(data)
        except TimeoutError:
            return got

    def test_an_entry_names_the_port(self):
        self.put(PORTS, 3, 2)
        self.put(BY_NUMBER, 200, 3)
        frames = [order(PORTS, 3, number=n) for n in range(20)]
        out, drops, _ = self.send(frames)
        self.assertEqual((out, drops), ([[], frames, []], {}))
        frames = [order(BY_NUMBER, 200, number=n) for n in range(20)]
        out, drops, _ = self.send(frames, 1)
        self.assertEqual((out, drops), ([[], [], frames], {}))

    def test_without_an_entry_the_default_action_is_taken(self):
        out, drops, _ = self.send([order(PORTS, 5)] * 3)
        self.assertEqual((out, drops), ([[]] * 3, {"xdp_drop": 3}))
        passed = [order(BY_NUMBER, 5, XDP_PASS)]
        out, drops, _ = self.send(passed)
        self.assertEqual((out, drops), ([[], [], passed], {}))

    def test_the_program_of_a_port_sees_both_and_decides(self):
        self.put(PORTS, 0, 2, "on_port")
        frames = [order(PORTS, 0), order(PORTS, 0, drop=1)]
        out, drops, _ = self.send(frames)
        self.assertEqual(drops, {"xdp_drop": 1})
        self.assertEqual([data[14:21] for data in out[1]],
                         [bytes([PORTS, 0, XDP_DROP]) + b"D" +
                          bytes([1, 2, 0])])

    def test_a_broadcast_goes_to_all(self):
        for which in (PORTS, BY_NUMBER):
            for key in range(3):
                self.put(which, key, key + 1)
            frames = [order(which, 0, ALL, number=n) for n in range(10)]
            out, drops, copies = self.send(frames)
            self.assertEqual((out, drops, copies), ([frames] * 3, {}, 20))
            frames = [order(which, 9, ALL | NOT_BACK)] * 5
            out, drops, copies = self.send(frames)
            self.assertEqual((out, drops, copies),
                             ([[], frames, frames], {}, 5))

    def test_a_broadcast_to_nobody(self):
        self.put(PORTS, 0, 1)
        out, drops, _ = self.send([order(PORTS, 0, ALL | NOT_BACK)] * 4)
        self.assertEqual((out, drops), ([[]] * 3, {"redirect_nobody": 4}))

    def test_each_copy_has_its_own_program(self):
        self.put(PORTS, 0, 2, "on_port")
        self.put(PORTS, 1, 3, "on_port")
        out, _, _ = self.send([order(PORTS, 0, ALL)])
        self.assertEqual([[data[17:20] for data in port] for port in out],
                         [[], [b"D\1\2"], [b"D\1\3"]])

    def lcores(self):
        return self.ask("stats")["lcores"]

    def test_a_cpumap_hands_packets_to_another_lcore(self):
        note = self.ask("prog", "attach", str(self.progs["note_cpu"]), "p0",
                        "tc-ingress")
        self.addCleanup(self.daemon.weir, "prog", "detach",
                        str(note["attachment"]))
        for slot in range(self.lcores()):
            self.put(CPUS, slot, 192)
            frames = [order(CPUS, slot, number=n) for n in range(50)]
            out, drops, _ = self.send(frames)
            self.assertEqual((out[:2], drops), ([[], []], {}))
            self.assertEqual([data[21] for data in out[2]], list(range(50)))
            self.assertEqual({data[19] for data in out[2]}, {slot})

    def test_the_program_of_an_lcore_decides(self):
        slot = self.lcores() - 1
        self.put(CPUS, slot, 192, "on_cpu")
        self.put(PORTS, 1, 2)
        frames = [order(CPUS, slot, drop=d) for d in (0, 1, 2)]
        out, drops, _ = self.send(frames)
        self.assertEqual(drops, {"xdp_drop": 1})
        self.assertEqual([data[17:19] for data in out[2]], [b"C\1"])
        self.assertEqual([data[17:19] for data in out[1]], [b"C\1"])

    def test_what_names_no_port_or_lcore_is_refused(self):
        for which, value in ((PORTS, 4), (CPUS, 16385)):
            status, _, _ = self.daemon.weir(
                "map", "update", str(self.maps[MAPS[which]]), "key", "0", "0",
                "0", "0", "value", *map(str, value.to_bytes(4, "little")),
                "0", "0", "0", "0")
            self.assertNotEqual(status, 0)
        status, _, _ = self.daemon.weir(
            "map", "update", str(self.maps["cpus"]), "key",
            str(self.lcores()), "0", "0", "0",
            "value", "1", "0", "0", "0", "0", "0", "0", "0")
        self.assertNotEqual(status, 0)

    def test_maps_of_ports_are_shown(self):
        self.put(PORTS, 2, 3, "on_port")
        prog = self.progs["on_port"]
        got = self.ask("map", "dump", str(self.maps["ports"]))
        self.assertEqual(len(got), 1)
        value = [int(byte, 16) for byte in got[0]["value"]]
        self.assertEqual(value, list((3).to_bytes(4, "little") +
                                     prog.to_bytes(4, "little")))


if __name__ == "__main__":
    need_taps()
    own_namespaces("-n")
    main("map", "prog")
