#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""`weir test` as a command: what it takes, writes, prints and exits with."""
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
NS = 0xa1b23c4d
HEAD = struct.Struct("=IHHiIII")
RECORD = struct.Struct("=IIII")


def write_pcap(path, packets, snaplen=65535, link=1):
    """packets: (ns, bytes) or (ns, bytes, length on the wire)"""
    with open(path, "wb") as file:
        file.write(HEAD.pack(NS, 2, 4, 0, 0, snaplen, link))
        for ns, data, *wire in packets:
            file.write(RECORD.pack(ns // 10**9, ns % 10**9, len(data),
                                   wire[0] if wire else len(data)) + data)


def read_pcap(path):
    raw = pathlib.Path(path).read_bytes()
    assert HEAD.unpack_from(raw)[0] == NS, "no nanoseconds"
    packets, at = [], HEAD.size
    while at < len(raw):
        seconds, ns, size, wire = RECORD.unpack_from(raw, at)
        at += RECORD.size
        packets.append((seconds * 10**9 + ns, raw[at:at + size], wire))
        at += size
    return packets


def frame(proto=0x88b5, size=60):
    return (bytes.fromhex("02000000000b02000000000a") +
            struct.pack("!H", proto)).ljust(size, b"\x5a")


def udp(dport, source="10.0.0.1"):
    payload = b"x" * 18
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(payload), 0, 0, 64,
                     17, 0, bytes(map(int, source.split("."))), bytes(4))
    return frame(0x0800, 14) + ip + struct.pack(
        "!HHHH", 1000, dport, 8 + len(payload), 0) + payload


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="weir-test-")
        self.addCleanup(shutil.rmtree, self.dir)

    def path(self, name):
        return os.path.join(self.dir, name)

    def pcap(self, *packets, **how):
        write_pcap(self.path("in.pcap"), packets, **how)
        return self.path("in.pcap")

    def weir(self, *words, code=0):
        done = subprocess.run([WEIR, "test", *map(str, words)], check=False,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, f"{words}\n{done.stdout}"
                         f"{done.stderr}")
        return done

    def result(self, *words, code=0):
        return json.loads(self.weir(*words, "-j", code=code).stdout)

    def build(self, source):
        """An object of this C."""
        clang = shutil.which("clang-19") or self.skipTest("no clang-19")
        multiarch = subprocess.run(["gcc", "-print-multiarch"], check=True,
                                   capture_output=True,
                                   text=True).stdout.strip()
        pathlib.Path(self.path("x.c")).write_text(
            "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n" + source)
        subprocess.run([clang, "-g", "-O2", "-target", "bpf", "-mcpu=v3",
                        "-isystem", os.path.join(BUILD, "include"),
                        f"-I/usr/include/{multiarch}", "-c", self.path("x.c"),
                        "-o", self.path("x.o")], check=True)
        return self.path("x.o")


def program(name):
    return os.path.join(BUILD, "progs", name + ".bpf.o")


MISSING = (("license", "'license': variables of a section that the file lacks"),
           (".maps", "'.maps': variables of a section that the file lacks"),
           (".symtab", r"cut.o: the table of symbols \(.symtab\) is missing: "
                       ".*programs and maps.*compile it anew"),
           (".strtab", r"cut.o: the table with the names of its sections "
                       r"\(.strtab, .*\) is missing.*compile it anew"))


class Words(Case):
    def refused(self, code, *words, says):
        done = self.weir(*words, code=code)
        self.assertRegex(done.stderr, says)
        return done

    def test_what_is_missing_is_said(self):
        self.refused(2, says="which object")
        self.refused(2, program("pass"), says="which packets")
        self.refused(2, program("pass"), "-r", CAPTURE, "--all", says="-w")
        self.refused(2, program("pass"), "-r", CAPTURE, "--vs", "windows",
                     says="kernel")
        self.refused(2, program("pass"), "-r", CAPTURE, "--hook", "rx",
                     says="tc-ingress")
        self.refused(2, program("pass"), program("acl"), "-r", CAPTURE,
                     says="too many")

    def test_what_does_not_exist_is_3(self):
        self.refused(3, "/nowhere.o", "-r", CAPTURE, says="nowhere.o")
        self.refused(3, program("acl"), "-r", "/nowhere.pcap",
                     says="nowhere.pcap")
        self.refused(3, program("acl"), "-r", CAPTURE, "--prog", "nobody",
                     says="(?s)nobody.*xdp_acl")
        self.refused(3, program("acl"), "-r", CAPTURE, "--update",
                     "name nothing key 0 0 0 0 value 1 0 0 0",
                     says="nothing")

    def test_one_of_several_programs_must_be_named(self):
        self.refused(2, program("nat"), "-r", CAPTURE,
                     says="(?s)--prog.*nat_in.*nat_out")
        self.refused(2, program("classid"), "-r", CAPTURE, "--hook", "xdp",
                     says="no program for xdp")
        self.refused(2, program("acl"), "-r", CAPTURE, "--prog", "xdp_acl",
                     "--hook", "tc-ingress", says="tc")
        self.result(program("pass"), "-r", CAPTURE, "--hook", "xdp")

    def test_what_is_no_object_is_5(self):
        pathlib.Path(self.path("text.o")).write_text("this is text" * 100)
        self.refused(5, self.path("text.o"), "-r", CAPTURE, says="text.o")
        whole = pathlib.Path(program("acl")).read_bytes()
        pathlib.Path(self.path("cut.o")).write_bytes(whole[:len(whole) // 2])
        self.refused(5, self.path("cut.o"), "-r", CAPTURE, says="cut.o")

    def without(self, *names):
        """An object whose sections of these names are gone."""
        elf = bytearray(pathlib.Path(program("acl")).read_bytes())
        shoff, = struct.unpack_from("<Q", elf, 40)
        size, count, index = struct.unpack_from("<HHH", elf, 58)
        heads = [shoff + n * size for n in range(count)]
        text, = struct.unpack_from("<Q", elf, heads[index] + 24)
        for head in heads:
            at = text + struct.unpack_from("<I", elf, head)[0]
            if elf[at:elf.index(0, at)].decode() in names:
                elf[head:head + size] = bytes(size)
        pathlib.Path(self.path("cut.o")).write_bytes(elf)
        return self.path("cut.o")

    def test_what_an_object_lacks_is_said(self):
        for name, says in MISSING:
            with self.subTest(section=name):
                self.refused(5, self.without(name), "-r", CAPTURE, says=says)

    def test_errors_are_json_too(self):
        done = self.weir(program("acl"), "-r", "/nowhere.pcap", "-j", code=3)
        self.assertEqual(json.loads(done.stdout)["error"]["code"], "ENOENT")


class Captures(Case):
    def test_a_cut_file_names_the_packet_and_keeps_what_was_done(self):
        path = self.pcap((1, frame()), (2, frame()))
        with open(path, "rb+") as file:
            file.truncate(os.path.getsize(path) - 7)
        done = self.weir(program("acl"), "-r", path, "-w", self.path("out"),
                         code=1)
        self.assertIn("pcap file ends inside packet 2", done.stderr)
        self.assertEqual(len(read_pcap(self.path("out"))), 1)

    def test_only_ethernet(self):
        done = self.weir(program("acl"), "-r",
                         self.pcap((1, frame()), link=113), code=1)
        self.assertIn("LINUX_SLL", done.stderr)

    def test_what_passes_is_written_as_it_is_left_with_its_time(self):
        times = 1700000000123456789, 1700000000123456790, 5
        path = self.pcap((times[0], udp(9)), (times[1], udp(10)),
                         (times[2], frame(size=40), 100))
        rule = ("--update",
                "acl key hex 00 00 00 00 00 09 00 00 value 1 0 0 0")
        out = self.path("out")
        result = self.result(program("acl"), "-r", path, "-w", out, *rule)
        self.assertEqual(result["verdicts"], {"XDP_DROP": 1, "XDP_PASS": 2})
        self.assertEqual(read_pcap(out), [(times[1], udp(10), len(udp(10))),
                                          (times[2], frame(size=40), 100)])
        self.result(program("acl"), "-r", path, "-w", out, "--all", *rule)
        self.assertEqual([p[0] for p in read_pcap(out)], list(times))

    def test_a_socket_filter_says_how_much_is_kept(self):
        source = (ROOT / "tests/data/socket.bpf.c").read_text()
        obj = self.build(source)
        long = udp(9) + bytes(40)
        tcp = long[:23] + b"\x06" + long[24:]
        path = self.pcap((1, long), (2, frame()), (3, tcp), (4, udp(9)[:50]))
        out = self.path("out")
        for hook in ((), ("--hook", "socket")):
            result = self.result(obj, "--prog", "keep_some", "-r", path, "-w",
                                 out, "--dump-maps", *hook)
            self.assertEqual(result["hook"], "socket")
            self.assertEqual(result["verdicts"],
                             {"60": 2, "0": 1, "4294967295": 1})
            self.assertEqual(read_pcap(out),
                             [(1, long[:60], len(long)), (3, tcp, len(tcp)),
                              (4, udp(9)[:50], 50)])
            (sums,) = (m["entries"] for m in result["maps"])
            # a packet socket's packet has its link header
            self.assertEqual(sums[17]["formatted"]["value"], len(long) + 50)
        tag = bytes.fromhex("8100a005")
        tagged = long[:12] + tag + long[12:]
        self.result(obj, "--prog", "keep_some", "-r", self.pcap((1, tagged)),
                    "-w", out)
        self.assertEqual(read_pcap(out), [(1, tagged[:64], len(tagged))])
        self.pcap((1, long), (2, frame()), (3, tcp), (4, udp(9)[:50]))
        done = self.weir(obj, "--prog", "keep_some", "--hook", "xdp", "-r",
                         path, code=2)
        self.assertIn("for socket, not for xdp", done.stderr)

    def test_a_capture_nobody_may_write_to(self):
        done = self.weir(program("acl"), "-r", CAPTURE, "-w",
                         "/nowhere/out.pcap", code=3)
        self.assertIn("/nowhere/out.pcap", done.stderr)

    def test_the_capture_it_reads_is_not_written_over(self):
        path = self.pcap((1, frame()), (2, frame()))
        done = self.weir(program("acl"), "-r", path, "-w", path, code=1)
        self.assertIn("in use", done.stderr)
        self.assertEqual(len(read_pcap(path)), 2)

    def test_too_long_and_too_short(self):
        path = self.pcap((1, frame(size=3520)), (2, frame(size=3521)),
                         (3, b"short"))
        result = self.result(program("pass"), "-r", path, "--hook", "xdp")
        self.assertEqual(result["verdicts"], {"XDP_PASS": 2})
        self.assertEqual(result["not_run"], {"too_long": 1})
        result = self.result(program("pass"), "-r", path, "--hook",
                             "tc-ingress")
        self.assertEqual(result["verdicts"], {"TC_ACT_OK": 2})
        self.assertEqual(result["not_run"], {"too_short": 1})

    def test_no_packets(self):
        result = self.result(program("acl"), "-r", self.pcap())
        self.assertEqual((result["packets"], result["verdicts"]), (0, {}))


class Runs(Case):
    def test_twice_the_same(self):
        words = (program("flow_counter"), "-r", CAPTURE, "--dump-maps", "-j")
        self.assertEqual(self.weir(*words).stdout, self.weir(*words).stdout)

    def test_programs_see_the_captures_time(self):
        obj = self.build("""
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 10);
	 __type(key, __u64); __type(value, __u64); } seen SEC(".maps");
SEC("xdp") int when(struct xdp_md *ctx)
{
	__u64 now = bpf_ktime_get_ns(), one = 1;
	bpf_map_update_elem(&seen, &now, &one, 0);
	return XDP_PASS;
}
char LICENSE[] SEC("license") = "GPL";
""")
        result = self.result(obj, "-r", self.pcap(
            (1000, frame()), (2000, frame()), (500, frame())), "--dump-maps")
        times = sorted(e["formatted"]["key"]
                       for e in result["maps"][0]["entries"])
        # it never goes back, and each question takes a nanosecond
        self.assertEqual(times, [1000, 2000, 2001])

    def test_a_code_drops_where_weir_run_drops(self):
        """STOLEN and TRAP are no codes of tcx's, QUEUED is none of either."""
        codes = {"TC_ACT_OK": 0, "TC_ACT_SHOT": 2, "TC_ACT_STOLEN": 4,
                 "TC_ACT_QUEUED": 5, "TC_ACT_TRAP": 8}
        obj = self.build("".join(
            f"""SEC("{section}") int {style}_{code}(struct __sk_buff *skb)
                {{ return {code}; }}\n"""
            for style, section in (("tcx", "tcx/ingress"), ("cls", "tc"))
            for code in codes.values()) +
            'char LICENSE[] SEC("license") = "GPL";')
        capture, out = self.pcap((1, frame())), self.path("out")
        for style, drops in (("tcx", {2}), ("cls", {2, 4, 8})):
            for code in codes.values():
                name = f"{style}_{code}"
                self.weir(obj, "--prog", name, "-r", capture, "-w", out)
                self.assertEqual(len(read_pcap(out)), code not in drops, name)
                run = subprocess.run(
                    [WEIR, "run", "--no-huge", "-s", self.path("sock"),
                     "--port", f"p=pcap:{capture},{self.path('sent')}",
                     "--tc-ingress", f"p={obj}:{name}", "--until-eof"],
                    check=False, capture_output=True, text=True, timeout=60)
                self.assertEqual(run.returncode, 0, run.stderr)
                self.assertEqual(read_pcap(self.path("sent")),
                                 read_pcap(out), name)

    def test_a_redirect_to_nowhere_is_dropped_as_weir_run_drops_it(self):
        obj = self.build('''
SEC("xdp") int xdp_no(struct xdp_md *ctx) { return XDP_REDIRECT; }
SEC("xdp") int xdp_yes(struct xdp_md *ctx) { return bpf_redirect(1, 0); }
SEC("tc") int cls_no(struct __sk_buff *skb) { return 7; }
SEC("tc") int cls_yes(struct __sk_buff *skb) { return bpf_redirect(1, 0); }
SEC("tcx/ingress") int tcx_no(struct __sk_buff *skb) { return 7; }
SEC("tcx/ingress") int tcx_yes(struct __sk_buff *skb)
{
	return bpf_redirect(1, 0);
}
char LICENSE[] SEC("license") = "GPL";
''')
        capture, out = self.pcap((1, frame())), self.path("out")
        for name, hook in (("xdp", "xdp"), ("cls", "tc-ingress"),
                           ("tcx", "tc-ingress")):
            for goes in ("no", "yes"):
                prog = f"{name}_{goes}"
                self.weir(obj, "--prog", prog, "-r", capture, "-w", out)
                self.assertEqual(len(read_pcap(out)), goes == "yes", prog)
                run = subprocess.run(
                    [WEIR, "run", "--no-huge", "-s", self.path("sock"),
                     "--port", f"p=pcap:{capture},{self.path('sent')}",
                     f"--{hook}", f"p={obj}:{prog}", "--until-eof"],
                    check=False, capture_output=True, text=True, timeout=60)
                self.assertEqual(run.returncode, 0, run.stderr)
                self.assertEqual(len(read_pcap(self.path("sent"))),
                                 goes == "yes", prog)

    def test_a_program_that_does_what_it_must_not_is_refused(self):
        obj = self.build("""
SEC("xdp") int beyond(struct xdp_md *ctx)
{
	return *((char *)(long)ctx->data_end + 10000);
}
char LICENSE[] SEC("license") = "GPL";
""")
        done = self.weir(obj, "-r", self.pcap((1, frame())), code=5)
        self.assertRegex(done.stderr, r"program beyond: .*x\.c:\d+: insn \d")
        self.assertIn("pkt_end", done.stderr)

    def test_maps_can_be_made_otherwise(self):
        words = (program("acl"), "-r", CAPTURE)
        full = [w for port in (1, 2, 3) for w in
                ("--update",
                 f'name acl key {{"dport": {port}}} value {{"verdict": 1}}')]
        self.result(*words, *full)
        done = self.weir(*words, *full, "--set", "acl.max_entries=2", code=1)
        self.assertIn("acl", done.stderr)
        self.weir(*words, "--set", "acl.colour=2", code=2)
        self.weir(*words, "--set", "nothing.max_entries=2", code=5)

    def test_ports_in_json_are_those_of_packets(self):
        packets = self.pcap((1, udp(53)), (2, udp(53, "10.0.0.2")),
                            (3, udp(54)), (4, udp(13568)))
        result = self.result(
            program("acl"), "-r", packets, "--update",
            'acl key {"saddr":"10.0.0.1","dport":53,"proto":17}'
            ' value {"verdict":1}')
        self.assertEqual(result["verdicts"]["XDP_DROP"], 1)
        self.assertEqual(result["verdicts"]["XDP_PASS"], 3)

    def test_maps_are_printed_by_type(self):
        done = self.weir(program("acl"), "-r", CAPTURE, "--dump-maps",
                         "--update",
                         'acl key {"saddr":"10.0.0.1", "dport":53, "proto":17}'
                         ' value {"verdict":1}')
        self.assertIn("acl (hash, 1 entry)", done.stdout)
        self.assertRegex(done.stdout, r'"dport": 53,')
        raw = self.result(program("acl"), "-r", CAPTURE, "--dump-maps")
        self.assertEqual({m["name"] for m in raw["maps"]},
                         {"acl", "acl6", "acl_default", "acl_counts"})


if __name__ == "__main__":
    unittest.main(verbosity=2)
