#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Where packets go: XDP, tc ingress, forwarding, tc egress.

Packets carry what each hook is to do with them (tests/data/steer.bpf.c) and
note the hooks that they passed.  A model of the rules, here, says for each
packet out of which port it comes with which bytes, or why it does not.
"""
import collections
import json
import os
import random
import shutil
import subprocess
import tempfile
import unittest

import capture
from weir import WEIR, main

PASS, DROP, ODD, TX, REDIRECT, REDIRECT_INGRESS, UNKNOWN = range(7)
STEPS = 20
REDIRECTS = 8  # that tc may do to a packet
XDP, INGRESS, EGRESS = "xdp", "tc-ingress", "tc-egress"
HOOKS = [XDP, INGRESS, EGRESS]
DROPS = {(XDP, DROP): "xdp_drop", (XDP, ODD): "xdp_aborted",
         (XDP, UNKNOWN): "xdp_bad_code",
         (INGRESS, DROP): "tc_shot", (INGRESS, ODD): "tc_stolen",
         (EGRESS, DROP): "tc_shot", (EGRESS, ODD): "tc_stolen"}
# what each of the five ports does with what passes, and where that leads
FORWARDS = ["pair", "pair", "port:p4", "drop", "back"]
OUT = [1, 0, 4, None, 4]
PORTS = len(OUT)


def script(steps, number, tag=None, size=90):
    """The frame of a packet with these (op, argument)s."""
    data = b"\x02\0\0\0\0\x0b\x02\0\0\0\0\x0a"
    if tag is not None:
        data += b"\x81\x00" + tag.to_bytes(2, "big")
    code = b"".join(bytes(step) for step in steps).ljust(2 * STEPS, b"\0")
    data += b"\x88\xb5\0" + code + bytes(STEPS) + number.to_bytes(4, "big")
    return data.ljust(size, b"\xa5")


class Model:
    """One packet's way: .out is the port it leaves by, or .drop says why it
    does not; .data what it looks like then."""

    def __init__(self, data, port, hooks=HOOKS):
        self.data = bytearray(data)
        self.at = 18 if data[12:14] == b"\x81\0" else 14
        self.hooks = hooks
        self.drop = self.out = None
        self.rounds = 0
        self.xdp(port)

    def step(self, hook, port):
        if hook not in self.hooks:
            return PASS, 0
        n = self.data[self.at]
        if n >= STEPS:
            return PASS, 0
        op, arg = self.data[self.at + 1 + 2 * n:][:2]
        self.data[self.at] = n + 1
        self.data[self.at + 1 + 2 * STEPS + n] = \
            HOOKS.index(hook) << 6 | port + 1
        if (hook, op) in DROPS:
            self.drop = DROPS[hook, op]
        return op, arg

    def xdp(self, port):
        op, arg = self.step(XDP, port)
        if self.drop:
            return
        if op == TX:
            self.out = port
        elif op == REDIRECT:
            self.leave(arg)
        else:
            self.ingress(port)

    def leave(self, ifindex):
        if 1 <= ifindex <= PORTS:
            self.out = ifindex - 1
        else:
            self.drop = "redirect_failed"

    def redirect(self, op, ifindex):
        if not 1 <= ifindex <= PORTS:
            self.drop = "redirect_failed"
            return
        self.rounds += 1
        if self.rounds > REDIRECTS:
            self.drop = "redirect_loop"
        elif op == REDIRECT:
            self.egress(ifindex - 1)
        else:
            self.ingress(ifindex - 1)

    def ingress(self, port):
        op, arg = self.step(INGRESS, port)
        if self.drop:
            return
        if op in (REDIRECT, REDIRECT_INGRESS):
            self.redirect(op, arg)
        elif OUT[port] is None:
            self.drop = "forward_drop"
        else:
            self.egress(OUT[port])

    def egress(self, port):
        op, arg = self.step(EGRESS, port)
        if self.drop:
            return
        if op in (REDIRECT, REDIRECT_INGRESS):
            self.redirect(op, arg)
        else:
            self.out = port


class Forward(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="weir-forward-")
        cls.addClassCleanup(shutil.rmtree, cls.dir)
        cls.steer = capture.compile_bpf("steer",
                                        os.path.join(cls.dir, "steer.o"))

    def path(self, name):
        return os.path.join(self.dir, name)

    def run_weir(self, packets, hooks=HOOKS, lcores=None, extra=()):
        """packets: of each port its frames.  What came out of each, and what
        was counted."""
        words = [WEIR, "run", "--no-huge", "--until-eof", "-j",
                 "-s", self.path("sock")]
        for i, frames in enumerate(packets):
            capture.write(self.path(f"in{i}"), [(1000 * n + i, data)
                                                for n, data in
                                                enumerate(frames)])
            words += ["--port", f"p{i}=pcap:{self.path(f'in{i}')},"
                                f"{self.path(f'out{i}')}",
                      "--forward", f"p{i}={FORWARDS[i]}"]
            for hook in hooks:
                prog = "steer_" + hook.removeprefix("tc-")
                words += [f"--{hook}", f"p{i}={self.steer}:{prog}"]
        if lcores:
            words += ["--lcores", lcores]
        done = subprocess.run([*words, *extra], check=False, text=True,
                              capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        out = [[data for _, data in capture.read(self.path(f"out{i}"))]
               for i in range(PORTS)]
        self.log = done.stderr
        return out, json.loads(done.stdout)

    def compare(self, packets, hooks=HOOKS, **how):
        out, result = self.run_weir(packets, hooks, **how)
        expect = [[] for _ in range(PORTS)]
        drops = [collections.Counter() for _ in range(PORTS)]
        for port, frames in enumerate(packets):
            for data in frames:
                m = Model(data, port, hooks)
                if m.drop:
                    drops[port][m.drop] += 1
                else:
                    expect[m.out].append(bytes(m.data))
        for port, counted in enumerate(result["ports"]):
            self.assertEqual(counted["rx_packets"], len(packets[port]))
            self.assertEqual(counted["rx_bytes"],
                             sum(map(len, packets[port])))
            self.assertEqual(counted["drops"], dict(drops[port]))
            self.assertEqual(counted["tx_packets"], len(expect[port]))
            self.assertEqual(counted["tx_bytes"],
                             sum(map(len, expect[port])))
            self.assertEqual(sorted(out[port]), sorted(expect[port]))
        total = result["total"]
        self.assertEqual(total["rx_packets"], total["tx_packets"] +
                         sum(total["drops"].values()))
        return out, result

    def each(self, steps_of_port, **how):
        """These scripts on every port, each with and without a tag."""
        packets = [[script(steps, 100 * n + port, tag)
                    for n, steps in enumerate(steps_of_port)
                    for tag in (None, 5)]
                   for port in range(PORTS)]
        return self.compare(packets, **how)

    def test_without_programs_packets_are_forwarded_unchanged(self):
        packets = [[script([], n, tag, 60 + n)
                    for n in range(80) for tag in (None, 7)]
                   for _ in range(PORTS)]
        out, _ = self.compare(packets, hooks=[])
        self.assertEqual(out[1], packets[0])  # in order

    def test_every_verdict_of_xdp(self):
        self.each([[(op, arg)] for op in range(8)
                   for arg in (0, 1, 3, PORTS, PORTS + 1, 255)])

    def test_every_verdict_of_tc_ingress(self):
        self.each([[(PASS, 0), (op, arg)] for op in range(8)
                   for arg in (0, 1, 3, PORTS, PORTS + 1, 255)])

    def test_every_verdict_of_tc_egress(self):
        self.each([[(PASS, 0), (PASS, 0), (op, arg)] for op in range(8)
                   for arg in (0, 1, 3, PORTS, PORTS + 1, 255)])

    def test_what_xdp_sends_passes_no_tc(self):
        out, _ = self.each([[(TX, 0), (DROP, 0)], [(REDIRECT, 2), (DROP, 0)]])
        for data in (data for port in out for data in port):
            at = 18 if data[12:14] == b"\x81\0" else 14
            self.assertEqual(data[at], 1)

    def test_redirects_are_bounded(self):
        for op in (REDIRECT, REDIRECT_INGRESS):
            for length in (REDIRECTS - 1, REDIRECTS, REDIRECTS + 1, 15):
                with self.subTest(op=op, length=length):
                    self.each([[(PASS, 0)] + [(op, 1 + n % PORTS)
                                              for n in range(length)]])

    def test_a_tag_put_in_front_by_egress_is_on_the_wire(self):
        """Untagged at ingress, tagged again at the end: not one byte moves."""
        packets = [[script([(PASS, 0)] * 3, n, n) for n in range(1, 4000, 50)]
                   for _ in range(PORTS)]
        out, _ = self.compare(packets)
        self.assertTrue(all(data[12:14] == b"\x81\0" for data in out[1]))

    def test_a_chain_without_one_of_its_hooks(self):
        for hooks in ([XDP], [INGRESS], [EGRESS], [INGRESS, EGRESS]):
            with self.subTest(hooks=hooks):
                self.each([[(op, 2), (op, 3)] for op in range(7)],
                          hooks=hooks)

    def test_random_ways_follow_the_model(self):
        seed = random.randrange(1 << 32)
        rng = random.Random(seed)
        ops = [PASS] * 6 + [TX, DROP, ODD, UNKNOWN] + \
            [REDIRECT, REDIRECT_INGRESS] * 5

        def packet(number):
            steps = [(rng.choice(ops), rng.randrange(0, PORTS + 2))
                     for _ in range(rng.randrange(STEPS))]
            return script(steps, number, rng.choice((None, 3, 0x6fff)),
                          rng.randrange(90, 1500))
        packets = [[packet(n) for n in range(3000)] for _ in range(PORTS)]
        with self.subTest(seed=seed):
            self.compare(packets)
        cpus = sorted(os.sched_getaffinity(0))
        if len(cpus) > 1:
            with self.subTest(seed=seed, lcores=2):
                self.compare(packets, lcores=f"{cpus[0]},{cpus[1]}")

    def test_timestamps_stay(self):
        self.compare([[script([], n) for n in range(50)]] + [[]] * 4)
        sent = capture.read(self.path("out1"))
        self.assertEqual([ns for ns, _ in sent],
                         [1000 * n for n in range(50)])

    def test_frames_too_short_for_tc_are_dropped(self):
        packets = [[bytes(13), bytes(12) + b"\x81\0\0\0\0"] for _ in
                   range(PORTS)]
        _, result = self.run_weir(packets, hooks=[])
        for port in result["ports"]:
            self.assertEqual(port["rx_packets"], 2)
            self.assertEqual(port["drops"], {"too_short": 2})

    def test_text_says_what_json_says(self):
        packets = [[script([(op, 0)], op) for op in range(7)]] + [[]] * 4
        _, result = self.compare(packets)
        text = subprocess.run(
            [WEIR, "run", "--no-huge", "--until-eof", "-s", self.path("sock"),
             "--port", f"p0=pcap:{self.path('in0')}", "--forward", "p0=back",
             "--xdp", f"p0={self.steer}:steer_xdp"], check=False, text=True,
            capture_output=True, timeout=60)
        self.assertEqual(text.returncode, 0, text.stderr)
        rows = [line.split() for line in text.stdout.splitlines()]
        for name, count in result["ports"][0]["verdicts"]["xdp"].items():
            self.assertIn(["xdp", name, str(count)],
                          [row[:3] for row in rows])


if __name__ == "__main__":
    main("run")
