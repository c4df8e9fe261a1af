#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every program of progs/, and of Debian's xdp-tools, on the recorded capture:
Linux says the same of every packet, and the maps are the same afterwards."""
import json
import glob
import os
import subprocess
import sys
import unittest

from weir import BUILD, WEIR

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
CAPTURE = os.path.join(ROOT, "tests/data/mixed.pcap")
TOOLS = "/usr/lib/*/bpf"


def programs(path):
    """(section, name) of each program, as the object's symbols say."""
    done = subprocess.run(["llvm-readelf-19", "-s", "-S", "--elf-output-style",
                           "JSON", path], check=True, capture_output=True,
                          text=True)
    (file,) = json.loads(done.stdout)
    sections = {s["Section"]["Index"]: s["Section"]["Name"]["Name"]
                for s in file["Sections"]}
    for entry in file["Symbols"]:
        symbol = entry["Symbol"]
        section = sections.get(symbol["Section"]["Value"], "")
        if (symbol["Type"]["Name"] == "Function" and
                symbol["Binding"]["Name"] == "Global" and
                section.split("/")[0].split(".")[0] in
                ("xdp", "tc", "tcx", "classifier", "action")):
            yield section, symbol["Name"]["Name"]


def weir(*words):
    return subprocess.run([WEIR, "test", *words, "-r", CAPTURE, "--vs",
                           "kernel", "-j"], check=False, capture_output=True,
                          text=True, timeout=300)


# entries that make the programs do something
UPDATES = {
    "xdp_acl": ["acl_default key 0 0 0 0 value 1 0 0 0",
                "acl key hex 00 00 00 00 01 bb 06 00 value hex 02 00 00 00",
                "acl6 key hex " + "00 " * 17 + "50 06 00 value 2 0 0 0"],
    "xdp_rate_limit": ['limit key 0 0 0 0 value {"rate": 5, "burst": 3}'],
    "vlan_tag": ["vlan_tags key 0 0 0 0 value 0x64 0x20 0 0"],
    "xdp_redirect": ["redirect_to key 1 0 0 0 value 1 0 0 0"],
    "tc_redirect": ["redirect_to key 1 0 0 0 value 1 0 0 0"],
    "xdp_mark": ["marks key 1 0 0 0 value 7 0 0 0"],
}


class Objects(unittest.TestCase):
    def check(self, path, name, *words):
        done = weir(path, "--prog", name, *words)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        result = json.loads(done.stdout)
        kernel = result["kernel"]
        self.assertEqual(kernel["different"], 0)
        self.assertEqual(kernel["compared"] +
                         sum(kernel["not_compared"].values()),
                         result["packets"])
        self.assertGreater(kernel["compared"], 0)
        return result

    def test_progs(self):
        for path in sorted(glob.glob(os.path.join(BUILD, "progs/*.bpf.o"))):
            for _, name in programs(path):
                more = [word for update in UPDATES.get(name, ())
                        for word in ("--update", update)]
                with self.subTest(object=path, program=name):
                    self.check(path, name)
                    if more:
                        self.check(path, name, *more)

    def test_xdp_tools(self):
        found = [path for what in ("xdpfilt_*.o", "xdp-dispatcher.o")
                 for path in sorted(glob.glob(os.path.join(TOOLS, what)))]
        if not found:
            self.skipTest("xdp-tools is not installed")
        for path in found:
            for section, name in programs(path):
                if section.startswith("xdp"):
                    with self.subTest(object=os.path.basename(path),
                                      program=name):
                        self.check(path, name)

    def test_the_parser_chain_counts_the_same(self):
        for base, hook in (("parse", "xdp"), ("parse_tc", "tc-ingress")):
            path = os.path.join(BUILD, "progs", base + ".bpf.o")
            result = self.check(path, "parse", "--hook", hook, "--dump-maps")
            flows = [m for m in result["maps"] if m["name"] == "flows"]
            self.assertGreater(len(flows[0]["entries"]), 10)


if __name__ == "__main__":
    probe = weir(os.path.join(BUILD, "progs/pass.bpf.o"), "--hook", "xdp")
    if probe.returncode == 1 and "cannot be asked" in probe.stderr:
        print(probe.stderr)
        sys.exit(77)
    unittest.main(verbosity=2)
