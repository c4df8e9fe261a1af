#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""`weir verify`: what it says of programs that are safe, of those that are
not, and whether Linux says the same."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from weir import BUILD, WEIR

OBJECTS = sorted(pathlib.Path(BUILD, "progs").glob("*.bpf.o"))
HEAD = """#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
"""
UNCHECKED = HEAD + """
SEC("xdp") int unchecked(struct xdp_md *ctx)
{
	return *((char *)(long)ctx->data + 13);
}
SEC("xdp") int fine(struct xdp_md *ctx) { return XDP_PASS; }
"""

# What no version of Linux has, guarded and not.
LACKING = HEAD + """
struct no_such_type { int x; } __attribute__((preserve_access_index));
extern int bpf_obj_drop_impl(void *, void *) __ksym;
const volatile int never;
SEC("xdp") int guarded(struct xdp_md *ctx)
{
	struct no_such_type *p = (void *)(long)ctx->data;

	if (!never)
		return XDP_PASS;
	return bpf_obj_drop_impl(ctx, 0) + p->x;
}
SEC("xdp") int field(struct xdp_md *ctx)
{
	return ((struct no_such_type *)(long)ctx->data)->x;
}
SEC("xdp") int function(struct xdp_md *ctx)
{
	return bpf_obj_drop_impl(ctx, 0);
}
"""


def weir(*words):
    return subprocess.run([WEIR, *map(str, words)], check=False, text=True,
                          capture_output=True, timeout=120)


class Verify(unittest.TestCase):
    def build(self, text):
        folder = tempfile.mkdtemp(prefix="weir-verify-")
        self.addCleanup(shutil.rmtree, folder)
        source = pathlib.Path(folder, "x.c")
        source.write_text(text, encoding="utf-8")
        subprocess.run(["clang-19", "-O2", "-g", "-target", "bpf",
                        "-I/usr/include/x86_64-linux-gnu", "-c", "x.c"],
                       cwd=folder, check=True)
        return source.with_suffix(".o")

    def test_samples_are_safe(self):
        self.assertTrue(OBJECTS)
        for path in OBJECTS:
            done = weir("verify", path, "-j")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            for prog in json.loads(done.stdout)["programs"]:
                self.assertEqual(prog["verdict"], "accept")
                self.assertEqual(prog["code"], "ok")
                self.assertGreater(prog["processed"], 0)

    def test_a_refusal_names_reason_place_and_remedy(self):
        path = self.build(UNCHECKED)
        done = weir("verify", path, "-j")
        self.assertEqual(done.returncode, 5)
        bad, good = json.loads(done.stdout)["programs"]
        self.assertEqual(good["verdict"], "accept")
        self.assertEqual(bad["verdict"], "reject")
        self.assertEqual(bad["code"], "packet-bounds")
        self.assertEqual(bad["class"], "unproven")
        self.assertTrue(bad["message"].startswith(
            "invalid access to packet, off=13 size=1"), bad["message"])
        self.assertRegex(bad["place"], r"x\.c:7: insn \d+: \(71\)")
        self.assertIn("data_end", bad["hint"])
        self.assertEqual(bad["more"], "R1 offset is outside of the packet")
        self.assertEqual(bad["line"], 7)
        self.assertIn("ctx->data + 13", bad["source"])
        first = bad["history"][0]
        self.assertEqual(first["event"], "loaded")
        self.assertEqual(first["line"], 7)
        self.assertIn("packet pointer", first["known"])
        self.assertEqual(weir("verify", path, "--prog", "fine").returncode, 0)
        self.assertEqual(weir("verify", path, "--prog", "none").returncode, 3)

    def test_every_program_has_its_numbers(self):
        path = self.build(UNCHECKED)
        lines = weir("verify", path).stdout.split("\n")
        for name, verdict in (("unchecked", "reject"), ("fine", "accept")):
            self.assertTrue(any(re.fullmatch(
                rf"{name}: {verdict}, \d+ instructions processed, "
                r"\d+ states, \d+ bytes of stack", line) for line in lines))

    def test_v_is_the_log_of_level_2(self):
        path = self.build(UNCHECKED)
        done = weir("verify", path, "--prog", "fine", "-v")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"(?s)func#0 @0.*Live regs before insn:"
                         r".*0: R1=ctx\(\) R10=fp0\n.*"
                         r"0: \(b7\) r0 = 2 +; R0=2\n.*"
                         r"processed 2 insns \(limit 1000000\)")

    @unittest.skipUnless(os.geteuid() == 0, "asks the kernel")
    def test_both_verdicts_are_told(self):
        path = self.build(UNCHECKED)
        text = weir("verify", path, "--vs", "kernel").stdout
        self.assertIn("Linux: reject, ", text)
        self.assertIn("Linux: accept, 2 instructions processed", text)
        bad, good = json.loads(weir("verify", path, "--vs", "kernel",
                                    "-j").stdout)["programs"]
        self.assertEqual(good["kernel"]["verdict"], "accept")
        self.assertEqual(good["kernel"]["processed"], good["processed"])
        self.assertEqual(bad["kernel"]["message"], bad["more"])
        self.assertIn(bad["message"], bad["kernel"]["log"])

    def test_what_lacks_is_named_where_it_is_reached(self):
        done = weir("verify", self.build(LACKING), "-j")
        self.assertEqual(done.returncode, 5)
        guarded, field, function = json.loads(done.stdout)["programs"]
        self.assertEqual(guarded["verdict"], "accept")
        for prog, message in (
                (field, "invalid CO-RE relocation: type 'no_such_type' does "
                        "not exist"),
                (function, "kernel function bpf_obj_drop_impl: not supported "
                           "by Weir")):
            self.assertEqual(prog["code"], "unsupported")
            self.assertEqual(prog["message"], message)
            self.assertRegex(prog["place"], r"x\.c:\d+: insn \d+: \(85\)")

    @unittest.skipUnless(os.geteuid() == 0, "asks the kernel")
    def test_linux_says_the_same(self):
        made = [self.build(text) for text in (UNCHECKED, LACKING)]
        for path in [*OBJECTS, *made]:
            done = weir("verify", path, "--vs", "kernel", "-j")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            for prog in json.loads(done.stdout)["programs"]:
                self.assertEqual(prog["verdict"], prog["kernel"]["verdict"],
                                 prog["name"])


class Cases(unittest.TestCase):
    """`verify-cases`: an answer to each line, whatever the line is."""

    def test_a_line_an_answer(self):
        def case(insns, **more):
            return json.dumps({"prog_type": 6, "insns": insns,
                               "insn_cnt": len(insns) // 16, "maps": [],
                               "license": "GPL", **more})

        move, leave = "b700000002000000", "95" + "0" * 14
        asked = [
            (case(move + leave), r"accept"),
            (case(leave), r"reject\tR0 !read_ok"),
            (case("850000009e000000" + leave),
             r"unsupported\tget_current_task_btf"),
            (case("no digits"), r"reject\t.+"),
            ("{", r"reject\t.+"),
            # read once, not once for each instruction
            (case(move * 1000000 + leave), r"reject\t.*1000001.*"),
            (case(move + leave), r"accept"),
        ]
        done = subprocess.run([pathlib.Path(BUILD, "verify-cases")],
                              check=True, text=True, capture_output=True,
                              input="".join(q + "\n" for q, _ in asked),
                              timeout=240)
        answers = done.stdout.splitlines()
        self.assertEqual(len(answers), len(asked))
        for answer, (question, expected) in zip(answers, asked):
            self.assertRegex(answer, f"^{expected}$", question[:80])


if __name__ == "__main__":
    unittest.main(verbosity=2)
