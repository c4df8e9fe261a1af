#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a port receives and sends, captured while it does: whole or as a socket
filter says, with nothing missing that is not counted, and not touched."""
import base64
import os
import shutil
import struct
import subprocess
import tempfile
import time

from weir import (BUILD, Client, TapCase, WEIR, main, need_taps,
                  own_namespaces)

TAPS = ("weircap0", "weircap1")
MACS = bytes.fromhex("02000000000b02000000000a")
TYPE = 0x88b5
IN, OUT = 1, 2


def frame(number, size=100):
    return (MACS + struct.pack("!HI", TYPE, number)).ljust(size, b"\x5a")


def udp(dport, size=300, tag=b""):
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, size - 14, 0, 0, 64, 17, 0,
                     bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]))
    return (MACS + tag + b"\x08\0" + ip +
            struct.pack("!HHHH", 1000, dport, size - 34, 0)).ljust(
                size + len(tag), b"\x5a")


def options(data):
    found, at = {}, 0
    while at < len(data):
        code, size = struct.unpack_from("<HH", data, at)
        if code == 0:
            break
        found[code] = data[at + 4:at + 4 + size]
        at += 4 + (size + 3) // 4 * 4
    return found


def read_pcapng(path):
    """The interface's name, and (ns, bytes, wire length, direction, lost)."""
    with open(path, "rb") as file:
        raw = file.read()
    packets, name, at = [], None, 0
    while at < len(raw):
        kind, size = struct.unpack_from("<II", raw, at)
        assert struct.unpack_from("<I", raw, at + size - 4) == (size,)
        body = raw[at + 8:at + size - 4]
        if kind == 1:
            assert struct.unpack_from("<H", body) == (1,)
            name = options(body[8:])[2].decode()
            assert options(body[8:])[9] == b"\x09"
        elif kind == 6:
            _, high, low, size_kept, wire = struct.unpack_from("<IIIII", body)
            more = options(body[20 + (size_kept + 3) // 4 * 4:])
            packets.append((high << 32 | low, body[20:20 + size_kept], wire,
                            struct.unpack("<I", more[2])[0],
                            struct.unpack("<Q", more[4])[0]))
        at += size
    return name, packets


class Capture(TapCase):
    taps = TAPS
    protocol = 3  # all
    ports = [f"t{i}=tap:{name}" for i, name in enumerate(TAPS)]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dir = tempfile.mkdtemp(prefix="weir-capture-")
        cls.addClassCleanup(shutil.rmtree, cls.dir)
        cls.ask("prog", "load", os.path.join(BUILD, "progs/filter.bpf.o"))
        cls.ask("prog", "load", os.path.join(BUILD, "progs/pass.bpf.o"))
        cls.ask("map", "update", "name", "wanted", "key", "53", "value", "0")

    def capture(self, *words, port="t0"):
        """A capture that has begun, and its file."""
        path = os.path.join(self.dir, self.id())
        process = subprocess.Popen([WEIR, "-s", self.daemon.sock, "port",
                                    "capture", port, "-w", path, *words])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        for _ in range(500):
            if os.path.exists(path) and os.path.getsize(path):
                return process, path
            time.sleep(0.01)
        self.fail("no capture began")

    def ended(self, process, path):
        self.assertEqual(process.wait(timeout=20), 0)
        name, packets = read_pcapng(path)
        self.assertEqual(name, "t0")
        return packets

    def receive(self, wire, n):
        wire.settimeout(10)
        got = []
        while len(got) < n:
            data, address = wire.recvfrom(2000)
            if address[2] != 4:  # PACKET_OUTGOING: our own
                got.append(data)
        return got

    def test_both_directions_with_their_times(self):
        start = time.time_ns()
        process, path = self.capture("-c", "6")
        sizes = (60, 61, 62, 63, 1400)
        sent = [frame(n, size) for n, size in enumerate(sizes)]
        for data in sent:
            self.wires[0].send(data)
        self.assertEqual(self.receive(self.wires[1], 5), sent)
        self.wires[1].send(frame(9))
        packets = self.ended(process, path)
        self.assertEqual([p[1:] for p in packets],
                         [(data, len(data), IN, 0) for data in sent] +
                         [(frame(9), 100, OUT, 0)])
        times = [p[0] for p in packets]
        self.assertEqual(times, sorted(times))
        self.assertTrue(start <= times[0] <= times[-1] <= time.time_ns())
        self.receive(self.wires[0], 1)
        if shutil.which("tcpdump"):
            read = subprocess.run(["tcpdump", "-nr", path], check=True,
                                  capture_output=True, text=True)
            self.assertEqual(len([line for line in read.stdout.splitlines()
                                  if not line.startswith("\t")]), 6)

    def test_a_filter_says_what_is_kept(self):
        process, path = self.capture("-c", "4", "--filter", "filter")
        tag = bytes.fromhex("8100a005")
        sent = [udp(53), udp(54), udp(53, tag=tag), frame(1), udp(53, 80)]
        for data in sent:
            self.wires[0].send(data)
        # what goes on is what came
        self.assertEqual(
            [len(d) for d in self.receive(self.wires[1], 5)],
            [300, 300, 300, 100, 80])
        self.assertEqual(
            [p[1:4] for p in self.ended(process, path)],
            [(sent[0][:96], 300, IN), (sent[2][:100], 304, IN),
             (frame(1), 100, IN), (sent[4], 80, IN)])

    def test_one_client_at_a_time(self):
        with self.client() as first:
            first.call("port.capture", port="t0")
            error = self.refused("EALREADY", first, "port.capture", port="t1")
            self.assertIn("already", error["message"])
            with self.client() as other:
                self.refused("EBUSY", other, "port.capture", port="t0")
                other.call("port.capture", port="t1", filter="filter")
        for _ in range(200):
            with self.client() as other:
                try:
                    other.call("port.capture", port="t0")
                    return
                except Exception:
                    time.sleep(0.02)
        self.fail("who has gone still captures")

    def test_only_socket_filters(self):
        status, _, err = self.daemon.weir("port", "capture", "t0", "-w",
                                          "/dev/null", "--filter", "xdp_pass")
        self.assertNotEqual(status, 0)
        self.assertIn("xdp_pass is a program of type xdp, no filter", err)
        self.assertIn('SEC("socket")', err)

    def test_what_a_slow_reader_loses_is_counted(self):
        count, kept, lost = 6000, [], 0
        before = self.ask("port", "stats", "t0")[0]["rx_packets"]
        with Client(self.daemon.sock) as slow:
            slow.call("port.capture", port="t0")
            for n in range(count):
                self.wires[0].send(frame(n, 1400))
            # the tap drops some itself
            rx, last = 0, -1
            while rx != last:
                time.sleep(0.1)
                last = rx
                rx = self.ask("port", "stats", "t0")[0]["rx_packets"] - before
            while len(kept) + lost < rx:
                event = slow.line()
                lost += event.get("lost", 0)
                if "data" in event:
                    data = base64.b64decode(event["data"])
                    kept.append(struct.unpack_from("!I", data, 14)[0])
                    self.assertEqual(data, frame(kept[-1], 1400))
        self.assertEqual(kept, sorted(set(kept)))
        self.assertEqual(len(kept) + lost, rx)
        self.assertGreater(lost, 0)
        self.assertGreater(len(kept), 500)


if __name__ == "__main__":
    need_taps()
    own_namespaces("-n")
    main("port", "prog")
