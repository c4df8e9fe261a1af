#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Programs, as `weir bench --vs kernel` times them, as one table: those of
progs/ and xdp-tools on the recorded capture, and lookups among many flows.

	tests/bench/programs.py [--build DIR] [--huge N] [--rounds N] [WORD...]
"""
import argparse
import glob
import json
import math
import os
import subprocess
import sys

from maps import HugePages

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
CAPTURE = os.path.join(ROOT, "tests/data/mixed.pcap")
FLOWS = (1000, 10000, 100000, 1000000, 10000000)
# of the ratio to the kernel
HASH_TARGETS = {1000: 3, 100000: 4, 1000000: 6, 10000000: 8}


def short(n):
    for unit, name in ((10**6, "M"), (10**3, "K")):
        if n >= unit:
            return f"{n // unit}{name}"
    return str(n)


def of_flows(build, prog, name, n, entries, target=None):
    obj = os.path.join(build, "tests/bench/flow.bpf.o")
    return (f"{prog} {name}", [obj, "--prog", prog, "--flows", str(n), "--set",
                               f"{'recent' if 'lru' in prog else 'flows'}"
                               f".max_entries={entries}"], target)


def cases(build):
    """(name, arguments, target)"""
    chain = os.path.join(build, "tests/bench/chain.bpf.o")
    for prog, target in ("parse_count", 2), ("chain_of_8", 3):
        yield prog, [chain, "--prog", prog, "-r", CAPTURE], target
    for n in FLOWS:
        yield of_flows(build, "flow_hash", short(n), n, n * 5 // 4,
                       HASH_TARGETS.get(n))
    for n in FLOWS[:1] + FLOWS[2:3]:
        yield of_flows(build, "flow_lru", f"churn {short(n)}", 2 * n, n, 4)
    for obj in sorted(glob.glob(os.path.join(build, "progs/*.bpf.o")) +
                      glob.glob("/usr/lib/*/bpf/xdp*.o")):
        yield os.path.basename(obj), [obj, "-r", CAPTURE], 1


def bench(build, rounds, arguments):
    done = subprocess.run([os.path.join(build, "weir"), "bench", *arguments,
                           "--vs", "kernel", "--rounds", str(rounds), "-j"],
                          check=False, capture_output=True, text=True)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return []
    return [p for p in json.loads(done.stdout)["programs"]
            if "kernel_ns" in p and "ratio" in p]


def row(name, p, target):
    missed = " **missed**" if target and p["ratio"] < target else ""
    ours, theirs = p["ns"], p["kernel_ns"]
    print(f"| {name} | {ours['p50']:.3g} | {ours['p99']:.3g} | "
          f"{theirs['p50']:.3g} | {theirs['p99']:.3g} | "
          f"{p['kernel_loop_ns']:.3g} | {p['ratio']:.2f} | "
          f"{p['ratio_net']:.2f} | {target or ''}{missed} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("words", nargs="*",
                        help="cases with one of these in the name")
    parser.add_argument("--build", default="build")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--huge", type=int, default=0, metavar="N",
                        help="reserve N huge pages of 2 MB for the run")
    options = parser.parse_args()
    if os.geteuid():
        print("takes root, to ask the kernel")
        sys.exit(77)
    ratios, rows = [], 0
    print("| program | weir | p99 | Linux | p99 | its loop | ratio | net | "
          "target |\n|---|---|---|---|---|---|---|---|---|")
    with HugePages(options.huge):
        for name, arguments, target in cases(options.build):
            if options.words and not any(w in name for w in options.words):
                continue
            found = bench(options.build, options.rounds, arguments)
            rows += len(found)
            for p in found:
                row(name if len(found) == 1 else f"{name} {p['name']}", p,
                    target)
                if target == 1:
                    ratios.append(p["ratio"])
    if not rows:
        sys.exit("nothing was compared")
    if ratios:
        # nothing is left of a program that took less than the way to it
        logs = [math.log(max(ratio, 0.001)) for ratio in ratios]
        mean = math.exp(sum(logs) / len(logs))
        print(f"\ngeometric mean of the {len(ratios)} programs on the capture: "
              f"{mean:.2f}, the least {min(ratios):.2f}")


if __name__ == "__main__":
    main()
