#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Two taps and a capture that loops, under traffic: whatever is done to the
daemon meanwhile, every packet arrives once, in order, or is counted."""
import errno
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

import capture
from weir import BUILD, Case, Client, b64, main, need_taps, own_namespaces

LEFT, RIGHT = "weirrun0", "weirrun1"
CAPTURE = os.path.join(capture.ROOT, "tests/data/mixed.pcap")
WINDOW = 200  # packets on their way; the kernel queues 500 for a tap
ETH_P_ALL = 3
SO_RCVBUFFORCE = 33


def obj(name):
    return os.path.join(BUILD, "progs", name + ".bpf.o")


def frame(number, saddr=b"\x0a\0\0\x01", size=60):
    """UDP to port 53 with a number in it."""
    data = struct.pack("!Q", number).ljust(size, b"\x5a")
    udp = struct.pack("!HHHH", 1000, 53, 8 + len(data), 0)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(data), 0, 0, 64, 17,
                     0, saddr, b"\x0a\0\0\x02")
    return b"\x02\0\0\0\0\x0b\x02\0\0\0\0\x0a\x08\0" + ip + udp + data


class Wire:
    """A tap, from the other side than Weir's."""

    def __init__(self, name):
        self.name = name
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        self.sock.bind((name, ETH_P_ALL))
        self.sock.settimeout(10)

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.send(data)

    def forget(self):
        """What is queued, and that the link was down."""
        self.sock.setblocking(False)
        while True:
            try:
                self.sock.recv(4096)
            except BlockingIOError:
                break
            except OSError as e:
                if e.errno != errno.ENETDOWN:
                    raise
        self.sock.settimeout(10)

    def receive(self):
        while True:
            data, (_, _, kind, *_) = self.sock.recvfrom(4096)
            if kind != socket.PACKET_OUTGOING:
                return data


def link(name, *words):
    subprocess.run(["ip", "link", "set", name, *words], check=True)


class Traffic(Case):
    ports = ()

    @classmethod
    def setUpClass(cls):
        # The kernel sends nothing of its own.
        with open("/proc/sys/net/ipv6/conf/default/disable_ipv6", "w",
                  encoding="ascii") as file:
            file.write("1")
        scratch = tempfile.mkdtemp(prefix="weir-traffic-")
        cls.addClassCleanup(shutil.rmtree, scratch)
        config = os.path.join(scratch, "weir.yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write("ports:\n"
                       f"  - {{name: left, spec: 'tap:{LEFT}'}}\n"
                       f"  - {{name: right, spec: 'tap:{RIGHT}'}}\n"
                       f"  - {{name: file, spec: 'pcap:{CAPTURE}', "
                       "replay: loop, forward: back}\n")
        cpus = sorted(os.sched_getaffinity(0))
        cls.args = ("-c", config, "--lcores",
                    ",".join(str(cpu) for cpu in cpus[:2]))
        super().setUpClass()
        cls.left, cls.right = Wire(LEFT), Wire(RIGHT)
        cls.addClassCleanup(cls.left.close)
        cls.addClassCleanup(cls.right.close)

    def setUp(self):
        self.left.forget()
        self.right.forget()

    def tearDown(self):
        with Client(self.daemon.sock) as c:
            for port in c.call("port.list"):
                for hook in port["hooks"].values():
                    for a in hook:
                        c.call("prog.detach", attachment=a["attachment"])
            for o in c.call("prog.objects"):
                c.call("prog.unload", object=o["object"])
        super().tearDown()

    def attach(self, c, name, port="left", **how):
        loaded = c.call("prog.load", path=obj(name))
        return loaded, c.call("prog.attach", port=port, hook="xdp",
                              prog=loaded["programs"][0]["id"],
                              **how)["attachment"]

    def exchange(self, count, meanwhile=None):
        """Numbered packets from left to right, and what comes out checked;
        meanwhile(n) is called before every packet."""
        sent = 0
        for n in range(count):
            while sent < count and sent - n < WINDOW:
                if meanwhile:
                    meanwhile(sent)
                self.left.send(frame(sent))
                sent += 1
            self.assertEqual(self.right.receive(), frame(n))

    def counts(self, c):
        return {p["name"]: p for p in c.call("port.stats")}

    def test_both_ways(self):
        self.exchange(2000)
        for n in range(500):
            self.right.send(frame(n))
            self.assertEqual(self.left.receive(), frame(n))

    def test_ten_thousand_updates_at_once_lose_no_packet(self):
        c = self.client()
        loaded, _ = self.attach(c, "acl")
        acl = next(m["id"] for m in loaded["maps"] if m["name"] == "acl")
        keys = b"".join(struct.pack("!IHBB", 0x0b000000 + i, 53, 17, 0)
                        for i in range(10000))
        values = struct.pack("<I", 1) * 10000
        asked = []

        def update(n):
            if n % 500 == 0:
                c.ask("map.update_batch", map=acl, keys=b64(keys),
                      values=b64(values))
                asked.append(n)
        before = self.counts(c)["left"]["drops"]
        self.exchange(5000, update)
        for _ in asked:
            self.assertEqual(c.reply()["result"], {"count": 10000})
        self.assertEqual(self.counts(c)["left"]["drops"], before)

    def test_a_rule_is_seen_by_the_next_packet(self):
        c = self.client()
        loaded, _ = self.attach(c, "acl")
        acl = next(m["id"] for m in loaded["maps"] if m["name"] == "acl")
        rule = {"map": acl, "key_hex": "0a00000100351100"}
        for n in range(200):
            c.call("map.update", value_hex="01000000", **rule)
            before = self.dropped(c)
            self.left.send(frame(2 * n))
            self.wait_for(lambda: self.dropped(c) == before + 1)
            c.call("map.delete", **rule)
            self.left.send(frame(2 * n + 1))
            self.assertEqual(self.right.receive(), frame(2 * n + 1))

    def dropped(self, c):
        return self.counts(c)["left"]["drops"].get("xdp_drop", 0)

    def wait_for(self, condition):
        for _ in range(1000):
            if condition():
                return
            time.sleep(0.005)
        self.fail("it does not happen")

    def test_killed_clients_cost_no_packet(self):
        c = self.client()
        loaded, _ = self.attach(c, "acl")
        acl = next(m["id"] for m in loaded["maps"] if m["name"] == "acl")
        half = b'{"id":1,"method":"map.dump","args":{"map":%d}}\n' \
               b'{"id":2,"method":"map.upd' % acl

        def kill(n):
            if n % 20 == 0:
                with Client(self.daemon.sock) as victim:
                    victim.send(half)
        self.exchange(2000, kill)

    def test_programs_come_change_and_go_without_a_loss(self):
        c = self.client()
        progs = [c.call("prog.load", path=obj("pass"))["programs"][0]["id"]
                 for _ in range(2)]
        state = {}

        def change(n):
            if n % 4 == 0:
                state["at"] = c.call("prog.attach", port="left", hook="xdp",
                                     prog=progs[0])["attachment"]
            elif n % 4 == 3:
                c.call("prog.detach", attachment=state["at"])
            else:
                c.call("prog.replace", attachment=state["at"],
                       prog=progs[n % 2])
        self.exchange(4000, change)

    def test_reloads_cost_no_packet(self):
        def reload(n):
            if n % 50 == 0:
                self.daemon.process.send_signal(signal.SIGHUP)
        self.exchange(2000, reload)
        self.assertNotIn("nothing is changed", self.daemon.text())

    def test_what_was_received_is_sent_or_dropped(self):
        c = self.client()
        loaded, _ = self.attach(c, "acl")
        acl = next(m["id"] for m in loaded["maps"] if m["name"] == "acl")
        c.call("map.update", map=acl, key_hex="0a00000900351100",
               value_hex="01000000")
        before = self.counts(c)
        for n in range(1000):
            self.left.send(frame(n, b"\x0a\0\0\x09"))
            self.left.send(frame(n))
            try:
                self.assertEqual(self.right.receive(), frame(n))
            except TimeoutError:
                self.fail(f"packet {n} is lost: {self.counts(c)}, before "
                          f"{before}")

        def grown(port, of):
            return self.counts(c)[port][of] - before[port][of]
        self.wait_for(lambda: grown("left", "rx_packets") == 2000 and
                      grown("right", "tx_packets") == 1000)
        drops = self.counts(c)["left"]["drops"]
        self.assertEqual(drops["xdp_drop"] -
                         before["left"]["drops"].get("xdp_drop", 0), 1000)
        self.assertEqual({k: n for k, n in drops.items() if k != "xdp_drop"},
                         {k: n for k, n in before["left"]["drops"].items()
                          if k != "xdp_drop"})

    def test_a_link_that_is_down_is_counted(self):
        c = self.client()
        self.exchange(10)
        before = self.counts(c)["left"]
        link(RIGHT, "down")
        self.wait_for(lambda: self.link_of_right(c) == "down")
        for n in range(50):
            self.left.send(frame(n))
        self.wait_for(lambda: self.counts(c)["left"]["drops"].get(
            "tx_link_down", 0) - before["drops"].get("tx_link_down", 0) == 50)
        link(RIGHT, "up")
        self.wait_for(lambda: self.link_of_right(c) == "up")
        self.right.forget()
        self.exchange(100)
        self.assertRegex(self.daemon.text(), "port right: link down")

    @staticmethod
    def link_of_right(c):
        return next(p["link"] for p in c.call("port.list")
                    if p["name"] == "right")


if __name__ == "__main__":
    need_taps()
    own_namespaces("-n")
    main("run")
