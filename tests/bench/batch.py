#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Updates in batches: map.update_batch over the control socket against the
kernel's BPF_MAP_UPDATE_BATCH, of the same entries in maps of a million.

	tests/bench/batch.py [--build DIR] [--json FILE] [WORD...]

Requests and buffers are made beforehand on both sides; the socket's client
sends the next requests while it waits for an answer.  The rate is that of the
clock; the cases called cpu are the time that client and server together were on
a processor, which does not depend on who else is.
"""
import argparse
import json
import os
import signal
import time

import entries
import kernel_map
import runner

SIZES = (100, 1000, 10000, 100000)
AHEAD = 8


class Side:
    def __init__(self, rig, size):
        self.rig = rig
        self.size = size
        self.next = 0

    def start(self):
        self.rig.start(self.size)

    def stop(self):
        self.rig.stop()

    def run(self, seconds):
        """Millions of updates a second, or microseconds for one."""
        done, began, busy = 0, time.monotonic(), self.busy()
        while (now := time.monotonic()) - began < seconds:
            done += self.step()
        if self.rig.cpu:
            return (self.busy() - busy) / done * 1e6
        return done / (now - began) / 1e6

    def busy(self):
        """Seconds on a processor."""
        return time.process_time()


class Weir(Side):
    name = "weir"

    def measure(self, seconds):
        for _ in range(AHEAD):
            self.send()
        got = self.run(seconds)
        for _ in range(AHEAD):
            self.answer()
        return got

    def busy(self):
        return super().busy() + self.rig.server_busy()

    def send(self):
        requests = self.rig.requests
        self.rig.pair.client.send(requests[self.next % len(requests)])
        self.next += 1

    def answer(self):
        got = self.rig.pair.client.reply()
        if "error" in got:
            raise runner.Failed(got["error"]["message"])
        return got["result"]["count"]

    def step(self):
        count = self.answer()
        self.send()
        return count


class Kernel(Side):
    name = "kernel"

    def measure(self, seconds):
        process = self.rig.pair.daemon.process
        os.kill(process.pid, signal.SIGSTOP)
        try:
            return self.run(seconds)
        finally:
            os.kill(process.pid, signal.SIGCONT)

    def step(self):
        chunks = self.rig.chunks
        keys, values, count = chunks[self.next % len(chunks)]
        kernel_map.update_batch(self.rig.fd, keys, values, count)
        self.next += 1
        return count


class Rig:
    """Started by the first side, stopped by the last."""

    def __init__(self, options, cpu):
        self.options = options
        self.cpu = cpu
        self.users = 0
        self.pair = None

    def start(self, size):
        self.users += 1
        if self.pair:
            return
        self.pair = entries.Pair(self.options.build)
        self.pair.fill("raw", self.options.entries)
        self.fd = self.pair.kernel_fd("raw")
        self.chunks = list(entries.chunks(
            *entries.make(self.options.entries), size))
        self.requests = [self.request(*chunk) for chunk in self.chunks]

    def server_busy(self):
        """Of the control thread; that which polls a port is not counted."""
        tasks = f"/proc/{self.pair.daemon.process.pid}/task"
        for task in os.listdir(tasks):
            with open(f"{tasks}/{task}/comm", encoding="ascii") as f:
                if f.read().strip() != "weir-ctl":
                    continue
            with open(f"{tasks}/{task}/schedstat", encoding="ascii") as f:
                return int(f.read().split()[0]) / 1e9
        raise runner.Failed("there is no control thread")

    @staticmethod
    def request(keys, values, _count):
        return json.dumps({
            "id": 1, "method": "map.update_batch",
            "args": {"map": "raw", "keys": entries.text(keys),
                     "values": entries.text(values)}}).encode() + b"\n"

    def stop(self):
        self.users -= 1
        if not self.users and self.pair:
            os.close(self.fd)
            self.pair.remove()
            self.pair = self.chunks = self.requests = None


def cases(options):
    made = []
    for size, cpu in ((size, cpu) for size in SIZES for cpu in (False, True)):
        rig = Rig(options, cpu)
        made.append(runner.Case(
            f"batch-update-{size}" + ("-cpu" if cpu else ""),
            f"{size} entries a batch, all present, 16-byte keys and values",
            [Weir(rig, size), Kernel(rig, size)],
            unit="us" if cpu else "M/s",
            better="lower" if cpu else "higher"))
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    entries.add_options(parser)
    runner.main(cases, parser)


if __name__ == "__main__":
    main()
