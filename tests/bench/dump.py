#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A dump of a million entries as JSON: `weir -j map dump` through the control
socket against `bpftool -j map dump` of the same map in the kernel.

	tests/bench/dump.py [--build DIR] [--json FILE] [WORD...]

Both write to /dev/null and are told to print the same; that they do is seen
before anything is measured.
"""
import argparse
import os
import signal
import subprocess
import time

import entries
import runner

TARGET = 4


class Dump:
    def __init__(self, rig, name):
        self.rig = rig
        self.map = name

    def start(self):
        self.rig.start(self.map)

    def stop(self):
        self.rig.stop()

    def run(self, **streams):
        return subprocess.run(self.command(), check=True, **streams)

    def measure(self, _seconds):
        began = time.monotonic()
        self.run(stdout=subprocess.DEVNULL)
        return time.monotonic() - began


class Weir(Dump):
    name = "weir"

    def command(self):
        return [self.rig.pair.weir, "-s", self.rig.pair.daemon.sock, "-j",
                "map", "dump", "name", self.map]


class Bpftool(Dump):
    name = "bpftool"

    def command(self):
        return ["bpftool", "-j", "map", "dump", "pinned",
                self.rig.pair.pin(self.map)]

    def measure(self, seconds):
        self.rig.freeze(True)
        try:
            return super().measure(seconds)
        finally:
            self.rig.freeze(False)


class Rig:
    """Started by the first side, stopped by the last."""

    def __init__(self, options):
        self.options = options
        self.users = 0
        self.pair = None

    def start(self, name):
        self.users += 1
        if self.pair:
            return
        self.pair = entries.Pair(self.options.build)
        self.pair.fill(name, self.options.entries)
        sizes = {side.name: self.size(side(self, name))
                 for side in (Weir, Bpftool)}
        if len(set(sizes.values())) != 1:
            raise runner.Failed(f"the outputs differ in length: {sizes}")

    @staticmethod
    def size(side):
        with subprocess.Popen(side.command(),
                              stdout=subprocess.PIPE) as process:
            total, last = 0, b""
            while data := process.stdout.read(1 << 20):
                total += len(data)
                last = data
        return total - last.endswith(b"\n")

    def stop(self):
        self.users -= 1
        if not self.users and self.pair:
            self.pair.remove()
            self.pair = None

    def freeze(self, frozen):
        os.kill(self.pair.daemon.process.pid,
                signal.SIGSTOP if frozen else signal.SIGCONT)


def cases(options):
    made = []
    for name, about in (("raw", "bytes alone"), ("typed", "bytes and BTF")):
        rig = Rig(options)
        case = runner.Case(f"dump-{name}",
                           f"{options.entries} entries of 16-byte keys and "
                           f"values, {about}",
                           [Weir(rig, name), Bpftool(rig, name)], unit="s")
        case.target = TARGET
        made.append(case)
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    entries.add_options(parser)
    runner.main(cases, parser)


if __name__ == "__main__":
    main()
