#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The port loop: weir run with a program that passes everything, or swaps
addresses, against dpdk-testpmd's modes that do the same, both between two null
ports on one core.

	tests/bench/port_loop.py [--build DIR] [--huge] [--core N] [--json FILE]
"""
import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import runner


class Process:
    """Polls at full speed from start to stop, so it is frozen while another
    side is measured."""

    def __init__(self, name, options):
        self.name = name
        self.options = options
        self.dir = tempfile.mkdtemp(prefix="weir-bench-")
        self.process = None

    def launch(self, command, **streams):
        self.log = open(os.path.join(self.dir, "log"), "w+b")
        self.process = subprocess.Popen(
            command, stdout=streams.get("stdout", self.log),
            stderr=self.log, stdin=streams.get("stdin", subprocess.DEVNULL))

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)
        time.sleep(0.1)

    def fail(self, why):
        self.log.flush()
        self.log.seek(0)
        tail = self.log.read().decode(errors="replace")[-2000:]
        raise runner.Failed(f"{self.name}: {why}\n{tail}")

    def measure(self, seconds):
        """Millions of packets a second."""
        self.thaw()
        try:
            before, at = self.packets(), time.monotonic()
            time.sleep(seconds)
            after, now = self.packets(), time.monotonic()
        finally:
            self.freeze()
        if after <= before:
            self.fail("no packet was forwarded")
        return (after - before) / (now - at) / 1e6

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def memory(self):
        return [] if self.options.huge else ["--no-huge"]


class Weir(Process):
    def __init__(self, program, options):
        super().__init__("weir", options)
        self.program = program

    def start(self):
        build = os.path.abspath(self.options.build)
        os.environ.setdefault("XDG_CACHE_HOME",
                              os.path.join(build, "tests"))
        sock = os.path.join(self.dir, "sock")
        program = os.path.join(build, "progs", self.program)
        self.launch([os.path.join(build, "weir"), "run", "-s", sock,
                     "--lcores", str(self.options.core),
                     "--port", "p0=null", "--port", "p1=null",
                     "--xdp", "p0=" + program, "--xdp", "p1=" + program,
                     *self.memory()])
        for _ in range(200):
            if self.process.poll() is not None:
                self.fail("it ended")
            try:
                self.sock = socket.socket(socket.AF_UNIX)
                self.sock.connect(sock)
                break
            except OSError:
                self.sock.close()
                time.sleep(0.05)
        else:
            self.fail("its socket does not answer")
        self.answers = self.sock.makefile("rb")
        self.measure(0.2)

    def packets(self):
        self.sock.sendall(b'{"id":1,"method":"port.stats"}\n')
        reply = json.loads(self.answers.readline())
        return sum(port["tx_packets"] for port in reply["result"])

    def stop(self):
        if hasattr(self, "answers"):
            self.answers.close()
            self.sock.close()
        super().stop()


class Testpmd(Process):
    def __init__(self, mode, options):
        super().__init__("testpmd", options)
        self.mode = mode

    def start(self):
        # One lcore forwards, the main one (another core) reads commands.
        other = 0 if self.options.core else 1
        self.launch(["stdbuf", "-oL", "dpdk-testpmd", "-l", f"{other},{self.options.core}",
                     "--in-memory" if self.options.huge else "--no-shconf",
                     *(self.memory() + ["-m", "512"]), "--no-pci",
                     "--vdev", "net_null0", "--vdev", "net_null1", "--",
                     f"--forward-mode={self.mode}", "--nb-cores=1", "--burst=32",
                     "--total-num-mbufs=16384", "--interactive"],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.ask("start")
        self.measure(0.2)

    def ask(self, command):
        """Everything up to the next prompt."""
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()
        # An unknown command's answer says that the one before has ended.
        self.process.stdin.write(b"show end-of-answer\n")
        self.process.stdin.flush()
        text = ""
        while "Bad arguments" not in text:
            line = self.process.stdout.readline().decode(errors="replace")
            if not line:
                self.fail("it ended")
            text += line
        return text

    def packets(self):
        counts = re.findall(r"TX-packets:\s*(\d+)", self.ask(
            "show port stats all"))
        if len(counts) != 2:
            self.fail("its statistics cannot be read")
        return sum(int(n) for n in counts)


CASES = [
    ("pass", "pass.bpf.o:xdp_pass", "io",
     "a program returns XDP_PASS for each packet; testpmd forwards in io mode"),
    ("mac-swap", "mac_swap.bpf.o:xdp_mac_swap", "macswap",
     "a program swaps the MAC addresses and returns XDP_TX; testpmd forwards "
     "in macswap mode"),
]


def cases(options):
    return [runner.Case(
        "port-loop-" + name,
        "two null ports, 64-byte packets, bursts of 32, one lcore; " + what +
        ("" if options.huge else "; no huge pages"),
        [Weir(program, options), Testpmd(mode, options)],
        unit="Mpps", better="higher") for name, program, mode, what in CASES]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--core", type=int, default=1,
                        help="the core that polls")
    parser.add_argument("--huge", action="store_true")
    runner.main(cases, parser)
