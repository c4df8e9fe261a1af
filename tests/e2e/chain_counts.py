#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The parser chain counts in the recorded capture what tshark counts."""
import json
import os
import re
import shutil
import subprocess
import sys
import unittest

from weir import BUILD, WEIR

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
CAPTURE = os.path.join(ROOT, "tests/data/mixed.pcap")
sys.path.insert(0, os.path.join(ROOT, "tests/data"))
import expect
import report

EXPECTED = expect.recorded(CAPTURE)


def chain(name):
    return os.path.join(BUILD, "progs", name + ".bpf.o")


def weir(*args):
    done = subprocess.run([WEIR, *args, "--dump-maps", "-j"], check=False,
                          capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise AssertionError(f"weir {' '.join(args)}: {done.returncode}\n"
                             f"{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


class Table(unittest.TestCase):
    def test_protocols_txt_has_the_counters_of_parse_h(self):
        with open(os.path.join(ROOT, "progs/parse.h"),
                  encoding="utf-8") as file:
            enum = re.search(r"enum protocol {(.*?)};", file.read(),
                             re.S).group(1)
        enum = re.sub(r"/\*.*?\*/", "", enum, flags=re.S)
        names = [item.split("=")[0].strip().removeprefix("PROTO_").lower()
                 for item in enum.split(",") if "PROTO_" in item]
        self.assertEqual([(i, name) for i, name, _ in expect.table()],
                         list(enumerate(names)))

    @unittest.skipUnless(shutil.which("tshark"), "tshark is missing")
    def test_the_expected_counts_are_tsharks(self):
        self.assertEqual(expect.expect(CAPTURE), EXPECTED)

    def test_the_capture_has_every_protocol_it_should(self):
        absent = {name for name, n in EXPECTED.items() if not n}
        self.assertEqual(absent, {"routing", "ah", "malformed", "too_deep"})


class Counts(unittest.TestCase):
    def check(self, result):
        self.assertEqual(report.counts(result), EXPECTED)
        # A flow's packet for each IP header but those that errors quote.
        quoted = {"icmp": 0, "icmpv6": 0}
        if shutil.which("tshark"):
            for (protocols,) in expect.tshark(CAPTURE, ["frame.protocols"]):
                names = protocols[0].split(":")
                for outer, inner in zip(names, names[1:]):
                    quoted["icmp"] += (outer, inner) == ("icmp", "ip")
                    quoted["icmpv6"] += (outer, inner) == ("icmpv6", "ipv6")
            self.assertEqual(
                sum(flow.packets for flow in report.flows(result)),
                EXPECTED["ipv4"] + EXPECTED["ipv6"] - sum(quoted.values()))
        return result

    def test_weir_test_at_xdp(self):
        self.check(weir("test", chain("parse"), "--prog", "parse",
                        "-r", CAPTURE))

    def test_weir_test_at_tc(self):
        self.check(weir("test", chain("parse_tc"), "--prog", "parse",
                        "--hook", "tc-ingress", "-r", CAPTURE))

    def test_weir_run_on_a_pcap_port(self):
        result = self.check(weir(
            "run", "--port", f"in=pcap:{CAPTURE}",
            "--xdp", f"in={chain('parse')}:parse", "--until-eof",
            "-s", f"/tmp/weir-chain-{os.getpid()}.sock"))
        (port,) = result["ports"]
        self.assertEqual(port["rx_packets"],
                         port["tx_packets"] + sum(port["drops"].values()))


if __name__ == "__main__":
    unittest.main()
