#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""`weir bench`: every program is timed, on Weir's side and on Linux's, and what
is said of the two belongs together.  No time is compared with a fixed one."""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import unittest

from weir import BUILD, WEIR

ROOT = pathlib.Path(__file__).resolve().parents[2]
CAPTURE = ROOT / "tests/data/mixed.pcap"
PROGS = pathlib.Path(BUILD, "progs")
SLOW = """#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int slow(struct xdp_md *ctx)
{
	__u32 x = ctx->data_end - ctx->data;
#pragma clang loop unroll(disable)
	for (int i = 0; i < 1000; i++)
		x = x * 31 ^ x >> 3;
	return x ? XDP_PASS : XDP_DROP;
}
char LICENSE[] SEC("license") = "GPL";
"""


def bench(*words, status=0):
    done = subprocess.run([WEIR, "bench", *map(str, words), "-j"], check=False,
                          text=True, capture_output=True, timeout=250)
    if done.returncode != status:
        raise AssertionError(f"{done.returncode}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def asks_kernel():
    done = subprocess.run([WEIR, "bench", PROGS / "pass.bpf.o", "--flows", "1",
                           "--rounds", "1", "--vs", "kernel", "-j"],
                          check=False, text=True, capture_output=True)
    return '"kernel_ns"' in done.stdout


def slow_object(test):
    folder = tempfile.mkdtemp(prefix="weir-bench-")
    test.addCleanup(shutil.rmtree, folder)
    pathlib.Path(folder, "slow.c").write_text(SLOW, encoding="utf-8")
    subprocess.run(["clang-19", "-O2", "-g", "-target", "bpf",
                    "-I/usr/include/x86_64-linux-gnu", "-c", "slow.c"],
                   cwd=folder, check=True)
    return pathlib.Path(folder, "slow.o")


class Alone(unittest.TestCase):
    def test_all_programs_of_a_hook_are_timed(self):
        found = bench(PROGS / "pass.bpf.o", "-r", CAPTURE, "--rounds", 1)
        self.assertEqual([p["name"] for p in found["programs"]],
                         ["xdp_pass", "tc_pass"])
        for prog in found["programs"]:
            self.assertGreater(prog["ns"]["p50"], 0)
            self.assertGreaterEqual(prog["ns"]["p99"], prog["ns"]["p50"])
            self.assertNotIn("kernel_ns", prog)
            self.assertEqual(prog["refused"], 0)
        self.assertEqual((found["packets"], found["flows"]), (256, 0))
        only = bench(PROGS / "pass.bpf.o", "-r", CAPTURE, "--rounds", 1,
                     "--hook", "tc-ingress")
        self.assertEqual([p["name"] for p in only["programs"]], ["tc_pass"])

    def test_a_slow_program_takes_longer(self):
        slow, quick = (
            bench(path, "--flows", 1, "--rounds", 1)["programs"][0]["ns"]["p50"]
            for path in (slow_object(self), PROGS / "pass.bpf.o"))
        self.assertGreater(slow, 20 * quick)

    def test_entries_and_overrides_count(self):
        found = bench(PROGS / "flow_counter.bpf.o", "--flows", 2000,
                      "--rounds", 1, "--set", "flows.max_entries=4096",
                      "--prog", "xdp_flow_counter")
        self.assertEqual(found["flows"], 2000)
        self.assertGreater(found["programs"][0]["samples"], 0)

    def test_what_is_wrong_is_said(self):
        for words, status in (
                ((PROGS / "pass.bpf.o",), 2),
                ((PROGS / "pass.bpf.o", "--flows", "0"), 2),
                ((PROGS / "pass.bpf.o", "--flows", 1 << 25), 2),
                ((PROGS / "none.bpf.o", "--flows", 1), 3),
                ((PROGS / "pass.bpf.o", "-r", "/none"), 3),
                ((PROGS / "pass.bpf.o", "-r", CAPTURE, "--prog", "no"), 3)):
            self.assertIn("error", bench(*words, status=status))


def records(dump):
    """Of a jitdump file: (id, what is behind the record's head) each."""
    magic, version, size = struct.unpack_from("<III", dump)
    assert (magic, version) == (0x4a695444, 1)
    while size < len(dump):
        kind, length = struct.unpack_from("<II", dump, size)
        yield kind, dump[size + 16:size + length]
        size += length


def entries(debug):
    address, count = struct.unpack_from("<QQ", debug)
    at = 16
    for _ in range(count):
        where, line, _ = struct.unpack_from("<QII", debug, at)
        end = debug.index(b"\0", at + 16)
        yield where - address, line, debug[at + 16:end].decode()
        at = end + 1
    assert at == len(debug)


class Perf(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="weir-perf-")
        self.addCleanup(shutil.rmtree, self.dir)

    def run_with(self, *words):
        done = subprocess.Popen([WEIR, "bench", PROGS / "flow_counter.bpf.o",
                                 "--flows", "1", "--rounds", "1",
                                 "--perf", self.dir, *words],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out = done.communicate(timeout=100)
        self.assertEqual(done.returncode, 0, out)
        path = pathlib.Path(f"/tmp/perf-{done.pid}.map")
        self.addCleanup(path.unlink)
        return (path.read_text(encoding="ascii").splitlines(),
                pathlib.Path(self.dir, f"jit-{done.pid}.dump").read_bytes())

    def test_perf_learns_of_code_and_its_source(self):
        names, dump = self.run_with()
        if not names:
            self.skipTest("this weir has no compiler")
        address, size, name = names[0].split()
        self.assertRegex(name, "^bpf_prog_[0-9a-f]{16}_xdp_flow_counter$")
        (debug, lines), (load, code) = list(records(dump))[:2]
        self.assertEqual((debug, load), (2, 0))
        self.assertEqual(struct.unpack_from("<QQ", code, 8)[0],
                         int(address, 16))
        self.assertIn(name.encode() + b"\0", code)
        size = int(size, 16)
        source = (ROOT / "progs/flow_counter.bpf.c").read_text().splitlines()
        found = list(entries(lines))
        self.assertTrue(all(0 <= off < size for off, _, _ in found))
        ours = {line for _, line, file in found
                if file.endswith("flow_counter.bpf.c")}
        self.assertTrue(any("bpf_map_lookup_elem" in source[line - 1]
                            for line in ours), ours)

    def test_an_interpreter_has_no_code(self):
        names, dump = self.run_with("--engine", "interp")
        self.assertEqual((names, list(records(dump))), ([], []))


@unittest.skipUnless(os.geteuid() == 0, "takes root, to ask the kernel")
class AgainstLinux(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not asks_kernel():
            raise unittest.SkipTest("the kernel runs no programs for us")

    def check(self, found, names=None):
        if names:
            self.assertEqual([p["name"] for p in found["programs"]], names)
        for prog in found["programs"]:
            ours, theirs = prog["ns"]["p50"], prog["kernel_ns"]["p50"]
            self.assertAlmostEqual(prog["ratio"], theirs / ours,
                                   delta=0.01 * max(prog["ratio"], 1))
            net = max(theirs - prog["kernel_loop_ns"], 0) / ours
            self.assertAlmostEqual(prog["ratio_net"], net, delta=0.01)
            self.assertEqual(prog["different"], 0, prog)
            self.assertGreater(prog["kernel_loop_ns"], 0)

    def test_every_packet_of_a_capture(self):
        found = bench(PROGS / "mac_swap.bpf.o", "-r", CAPTURE, "--rounds", 1,
                      "--vs", "kernel")
        self.check(found, ["xdp_mac_swap"])
        self.assertEqual(found["programs"][0]["refused"], 0)

    def test_packets_that_programs_change(self):
        self.check(bench(PROGS / "vlan.bpf.o", "-r", CAPTURE, "--rounds", 1,
                         "--vs", "kernel"), ["vlan_tag", "vlan_untag"])
        self.check(bench(PROGS / "trim.bpf.o", "-r", CAPTURE, "--rounds", 1,
                         "--vs", "kernel"))

    def test_flows(self):
        self.check(bench(PROGS / "flow_counter.bpf.o", "--flows", 1000,
                         "--rounds", 1, "--vs", "kernel"),
                   ["xdp_flow_counter"])

    def test_linux_takes_longer_for_a_slow_program_too(self):
        slow = bench(slow_object(self), "--flows", 1, "--rounds", 1, "--vs",
                     "kernel")["programs"][0]
        self.assertGreater(slow["kernel_ns"]["p50"],
                           5 * slow["kernel_loop_ns"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
