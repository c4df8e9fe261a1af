#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Links, pins, type information and test runs over the socket, in bpftool's
words: where bpftool can be asked the same, its answers are the same."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import time

from weir import BUILD, Case, Client, b64, main

BPFTOOL = shutil.which("bpftool", path="/usr/sbin:/usr/bin:/sbin:/bin")
PACKET = bytes.fromhex("ffffffffffff" "020000000001" "88b5") + bytes(range(50))


def obj(name):
    return os.path.join(BUILD, "progs", name + ".bpf.o")


class Objects(Case):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="weir-objects-")
        self.addCleanup(shutil.rmtree, self.dir)

    def weir(self, *words, code=0):
        got, out, err = self.daemon.weir(*words)
        self.assertEqual(got, code, (words, out, err))
        return out

    def json(self, *words, code=0):
        return json.loads(self.weir("-j", *words, code=code))

    def load(self, path):
        loaded = self.json("prog", "load", path)
        self.addCleanup(self.daemon.weir, "prog", "unload",
                        str(loaded["object"]))
        return loaded["programs"][0]["id"]

    def file(self, name, data=b""):
        path = os.path.join(self.dir, name)
        with open(path, "wb") as f:
            f.write(data)
        return path

    # ---- what programs consist of ----

    def test_instructions_stand_under_their_source(self):
        prog = str(self.load(obj("flow_counter")))
        rows = self.json("prog", "dump", prog, "insns")
        self.assertEqual(rows[0]["insn"], 0)
        self.assertTrue(all(r["text"].startswith("(") for r in rows))
        calls = [r for r in rows if "map_lookup_elem" in r["text"]]
        self.assertTrue(calls)
        source = [r for r in rows if "bpf_map_lookup_elem" in
                  r.get("source", "")]
        self.assertTrue(source[0]["file"].endswith("flow_counter.bpf.c"))
        text = self.weir("prog", "dump", prog, "insns", "linum")
        self.assertIn(f"; {source[0]['source']} [file:{source[0]['file']} "
                      f"line_num:{source[0]['line']} ", text)
        self.assertIn("; " + source[0]["source"] + "\n",
                      self.weir("prog", "dump", prog, "insns"))

    def test_machine_code_and_what_it_was_made_from(self):
        prog = str(self.load(obj("pass")))
        shown = self.json("prog", "show", prog)
        text = self.weir("prog", "show", prog)
        if shown["jited"]:
            self.assertGreater(shown["bytes_jited"], 0)
            self.assertIn(f"  jited {shown['bytes_jited']}B", text)
        else:
            self.assertIn("  not jited", text)
            self.skipTest("this weir has no compiler")
        rows = self.json("prog", "dump", prog, "asm")
        self.assertTrue(any(r["text"].startswith("ret") for r in rows))
        self.assertEqual([r["off"] for r in rows],
                         sorted(r["off"] for r in rows))
        self.assertTrue(any("XDP_PASS" in r.get("source", "") for r in rows))
        llvm = self.weir("prog", "dump", prog, "llvm")
        self.assertRegex(llvm, "define .*i64 @entry\\(")
        self.assertIn("ret i64 2", llvm)

    def test_what_cannot_be_dumped_is_said(self):
        prog = str(self.load(obj("pass")))
        self.assertIn("insns, llvm, asm",
                      self.json("prog", "dump", prog, "bytes", code=1)
                      ["error"]["hint"])
        self.weir("prog", "dump", prog, code=2)
        self.weir("prog", "dump", "99999", "insns", code=3)

    # ---- links ----

    def test_a_link_holds_its_program_at_the_hook_while_it_is_pinned(self):
        prog = self.load(obj("pass"))
        link = self.json("link", "attach", str(prog), "p0", "xdp", "/l/one")
        self.assertEqual(link["type"], "xdp")
        self.assertEqual(link["prog_id"], prog)
        self.assertEqual(link["devname"], "p0")
        self.assertEqual(link["pinned"], ["/l/one"])
        self.assertEqual(self.json("link", "list"), [link])
        self.assertEqual(self.json("link", "show", "pinned", "/l/one"), link)
        self.assertIn(f"{link['id']}: xdp  prog {prog}\n\tifindex p0(1)\n"
                      "\tpinned /l/one\n", self.weir("link", "list"))
        at = self.json("port", "list")[0]["hooks"]["xdp"]
        self.assertEqual([a["prog"] for a in at], [prog])
        self.weir("link", "pin", "id", str(link["id"]), "/l/two")
        self.weir("link", "unpin", "/l/one")
        self.assertEqual(self.json("link", "show", str(link["id"]))["pinned"],
                         ["/l/two"])
        self.weir("link", "unpin", "/l/two")
        self.assertEqual(self.json("link", "list"), [])
        self.assertEqual(self.json("port", "list")[0]["hooks"]["xdp"], [])

    def test_a_link_that_cannot_be_pinned_is_not_made(self):
        prog = self.load(obj("pass"))
        self.weir("prog", "pin", str(prog), "/taken")
        self.weir("link", "attach", str(prog), "p0", "xdp", "/taken", code=1)
        self.assertEqual(self.json("link", "list"), [])
        self.assertEqual(self.json("port", "list")[0]["hooks"]["xdp"], [])
        self.weir("prog", "unpin", "/taken")

    def test_a_link_gets_another_program(self):
        one, two = self.load(obj("pass")), self.load(obj("mac_swap"))
        tc = self.load(obj("classid"))
        link = str(self.json("link", "attach", str(one), "p0", "xdp",
                             "/l/x")["id"])
        self.weir("link", "update", link, str(two))
        self.assertEqual(self.json("link", "show", link)["prog_id"], two)
        self.weir("link", "update", link, str(tc), code=1)
        c = self.client()
        self.refused("EPERM", c, "link.update", link=int(link), prog=one,
                     old=one)
        c.call("link.update", link=int(link), prog=one, old=two)
        self.assertEqual(self.json("link", "show", link)["prog_id"], one)
        self.weir("link", "detach", link)
        shown = self.json("link", "show", link)
        self.assertEqual((shown["devname"], shown["ifindex"]),
                         ("(detached)", 0))
        self.refused("ENOLINK", c, "link.update", link=int(link), prog=two)
        self.weir("link", "unpin", "/l/x")

    def test_tcx_links_run_in_their_order(self):
        one, two = self.load(obj("parse_tc")), self.load(obj("classid"))
        for i, prog in enumerate((one, two)):
            link = self.json("link", "attach", str(prog), "p1", "tc-ingress",
                             f"/l/{i}")
            self.assertEqual(link["attach_type"], "tcx_ingress")
        at = self.json("port", "list")[1]["hooks"]["tc-ingress"]
        self.assertEqual([a["prog"] for a in at], [one, two])
        for i in range(2):
            self.weir("link", "unpin", f"/l/{i}")

    def test_what_no_link_can_be_is_said(self):
        prog = str(self.load(obj("pass")))
        c = self.client()
        self.weir("link", "show", "77", code=3)
        self.weir("link", "attach", prog, "p0", "tc-ingress", "/l/y", code=1)
        self.weir("prog", "attach", prog, "p0", "xdp")
        error = self.refused("EBUSY", c, "link.attach", prog=int(prog),
                             port="p0", hook="xdp", path="/l/y")
        self.assertIn("port list", error["hint"])
        self.weir("prog", "detach", prog, "p0", "xdp")
        self.assertEqual(self.json("link", "list"), [])

    def test_a_pin_keeps_a_program(self):
        loaded = self.json("prog", "load", obj("pass"))
        prog = loaded["programs"][0]["id"]
        self.weir("prog", "pin", "id", str(prog), "/p/one")
        self.weir("prog", "unload", str(loaded["object"]))
        self.assertEqual(self.json("prog", "show", "pinned",
                                   "/p/one")["pinned"], ["/p/one"])
        self.weir("map", "show", "pinned", "/p/one", code=3)
        self.weir("prog", "unpin", "/p/one")
        self.weir("prog", "show", str(prog), code=3)

    # ---- type information ----

    def test_types_are_printed_as_bpftool_prints_them(self):
        self.load(obj("acl"))
        btf = self.json("btf", "list")[-1]
        with Client(self.daemon.sock) as c:
            raw = c.call("btf.dump", btf=btf["id"])
        path = self.file("raw")
        subprocess.run(["base64", "-d"], input=raw.encode(), check=True,
                       stdout=open(path, "wb"))
        self.assertEqual(os.path.getsize(path), btf["size"])
        words = ("btf", "dump", "id", str(btf["id"]))
        c_text = self.weir(*words, "format", "c")
        compiled = subprocess.run(["gcc", "-xc", "-fsyntax-only", "-"],
                                  input=c_text, text=True, check=False,
                                  capture_output=True)
        self.assertEqual(compiled.returncode, 0, compiled.stderr)
        if not BPFTOOL:
            return
        for option in ((), ("-j",)):
            theirs = subprocess.run([BPFTOOL, *option, "btf", "dump", "file",
                                     path], check=True, capture_output=True,
                                    text=True).stdout
            self.assertEqual(self.weir(*option, *words), theirs)

    # ---- test runs ----

    def test_a_run_gives_what_came_out(self):
        prog = str(self.load(obj("mac_swap")))
        data, out = self.file("in", PACKET), self.file("out")
        run = self.json("prog", "run", prog, "data_in", data, "data_out", out)
        self.assertEqual(run["retval"], 3)
        swapped = PACKET[6:12] + PACKET[:6] + PACKET[12:]
        with open(out, "rb") as f:
            self.assertEqual(f.read(), swapped)
        run = self.json("prog", "run", prog, "data_in", data, "data_out", "-",
                        "repeat", "2")
        self.assertEqual(run["data_out"], list(PACKET))
        text = self.weir("prog", "run", prog, "data_in", data)
        self.assertRegex(text, r"^Return value: 3, duration: \d+ns\n$")
        self.weir("prog", "run", prog, "data_in", self.file("short", b"x"),
                  code=1)
        self.weir("prog", "run", prog, "data_in", data, "data_out", out,
                  "data_size_out", "10", code=1)
        self.weir("prog", "run", prog, code=2)

    def test_the_context_goes_in_and_comes_out(self):
        prog = str(self.load(obj("classid")))
        ctx = bytearray(192)
        run = self.json("prog", "run", prog, "data_in",
                        self.file("in", PACKET), "ctx_in",
                        self.file("ctx", bytes(ctx)), "ctx_out", "-")
        self.assertEqual(len(run["ctx_out"]), 192)

    def test_a_run_is_what_bpftool_gives(self):
        if not BPFTOOL or os.geteuid() != 0:
            self.skipTest("there is no bpftool that may load programs")
        pin = f"/sys/fs/bpf/weir-objects-{os.getpid()}"
        done = subprocess.run([BPFTOOL, "prog", "load", obj("mac_swap"), pin],
                              check=False, capture_output=True, text=True)
        if done.returncode:
            self.skipTest("bpf(2): " + done.stderr)
        self.addCleanup(os.unlink, pin)
        prog = str(self.load(obj("mac_swap")))
        words = ["data_in", self.file("in", PACKET), "data_out", "-",
                 "repeat", "3"]
        for option in ((), ("-j",)):
            theirs = subprocess.run([BPFTOOL, *option, "prog", "run",
                                     "pinned", pin, *words], check=True,
                                    capture_output=True, text=True).stdout
            mine = self.weir(*option, "prog", "run", prog, *words)
            number = re.compile(r'(duration[^\d]*)\d+')
            self.assertEqual(number.sub(r"\1", mine),
                             number.sub(r"\1", theirs))

    def test_a_long_run_is_in_nobodys_way(self):
        prog = self.load(obj("mac_swap"))
        with self.client() as busy, self.client() as other:
            busy.ask("prog.run", prog=prog, data_in=b64(PACKET),
                     repeat=2**32 - 1)
            self.assertEqual(other.call("prog.run", prog=prog,
                                        data_in=b64(PACKET))["retval"], 3)
            self.assertEqual(len(other.call("port.list")), 2)
        self.ends()

    def test_what_runs_for_a_client_that_went_ends(self):
        prog = self.load(obj("mac_swap"))
        busy = self.client()
        busy.ask("prog.run", prog=prog, data_in=b64(PACKET), repeat=2**32 - 1)
        while not self.threads():
            time.sleep(0.01)
        busy.close()
        self.ends()

    def test_a_client_that_ended_its_words_gets_its_answer(self):
        prog = self.load(obj("mac_swap"))
        c = self.client()
        c.ask("prog.run", prog=prog, data_in=b64(PACKET), repeat=200000)
        c.sock.shutdown(1)
        self.assertEqual(c.reply()["result"]["retval"], 3)

    def test_the_daemon_ends_in_the_middle_of_a_run(self):
        prog = self.load(obj("mac_swap"))
        with self.client() as busy:
            busy.ask("prog.run", prog=prog, data_in=b64(PACKET),
                     repeat=2**32 - 1)
            while not self.threads():
                time.sleep(0.01)
            self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()

    def threads(self):
        tasks = f"/proc/{self.daemon.process.pid}/task"
        names = []
        for task in os.listdir(tasks):
            try:
                with open(f"{tasks}/{task}/comm", encoding="utf-8") as f:
                    names.append(f.read().strip())
            except FileNotFoundError:
                pass  # it has just ended
        return names.count("weir-prog-run")

    def ends(self):
        while self.threads():
            time.sleep(0.01)


if __name__ == "__main__":
    main("link", "btf")
