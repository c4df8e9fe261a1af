# SPDX-License-Identifier: BSD-3-Clause
"""Measure sides of a comparison alternately, in one run.

A machine that others use too is slow now and fast then.  So every round runs
each side once, in turn, and what is compared are the rounds: the ratio of a
round is that of two measurements taken next to each other, and the result is
the median of the ratios with an interval.

	case = Case("port-loop-pass", "64-byte packets, one lcore", unit="Mpps",
	            better="higher", sides=[Weir(), Testpmd()])
	main([case])

The first side is ours, each other one a reference.  A side has a name, start(),
measure(seconds) giving a number in the case's unit, and stop(); what notes()
gives, if it has that, stands beside its numbers.
"""
import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys


class Case:
    def __init__(self, name, about, sides, unit="ns", better="lower"):
        self.name = name
        self.about = about
        self.sides = sides
        self.unit = unit
        self.better = better
        self.target = None  # of the ratio to the first reference


class LineSide:
    """A program that measures when told to: for each line on its standard
    input it runs one round and prints a number in the case's unit."""

    def __init__(self, name, command, cpu=None):
        self.name = name
        self.command = pinned(command, cpu)
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.command, text=True,
                                        stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def ask(self, line):
        try:
            self.process.stdin.write(f"{line}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        answer = self.process.stdout.readline()
        if not answer:
            raise Failed(f"{self.name} ended with {self.process.wait()}")
        return answer

    def measure(self, seconds):
        return float(self.ask(seconds))

    def stop(self):
        if self.process:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass
            self.process.wait(timeout=60)
            self.process.stdout.close()


class Failed(Exception):
    """A side that cannot be measured, and why."""


def pinned(command, cpu):
    return command if cpu is None else ["taskset", "-c", str(cpu)] + command


def interval(values, confidence=0.95, resamples=2000):
    """Of the median, by the bootstrap."""
    if len(values) < 2:
        return values[0], values[0]
    pick = random.Random(1)
    medians = sorted(statistics.median(pick.choices(values, k=len(values)))
                     for _ in range(resamples))
    cut = int(resamples * (1 - confidence) / 2)
    return medians[cut], medians[-1 - cut]


def ratio_of(case, ours, theirs):
    """How many times better ours is."""
    return ours / theirs if case.better == "higher" else theirs / ours


def measure(case, rounds, warmups, seconds):
    """Each side's numbers, round by round, and what it says of itself."""
    numbers = {side.name: [] for side in case.sides}
    notes = {}
    started = []
    try:
        for side in case.sides:
            started.append(side)
            side.start()
        for number in range(-warmups, rounds):
            for side in case.sides:
                value = side.measure(seconds)
                if number >= 0:
                    numbers[side.name].append(value)
        for side in case.sides:
            if hasattr(side, "notes"):
                notes[side.name] = side.notes()
    finally:
        for side in reversed(started):
            side.stop()
    return numbers, notes


def summary(case, numbers, notes):
    ours = numbers[case.sides[0].name]
    sides = []
    for side in case.sides:
        values = numbers[side.name]
        row = {"side": side.name, "median": statistics.median(values),
               "interval": interval(values), "rounds": values,
               **notes.get(side.name, {})}
        if side is not case.sides[0]:
            ratios = [ratio_of(case, a, b) for a, b in zip(ours, values)]
            row["ratio"] = statistics.median(ratios)
            row["ratio_interval"] = interval(ratios)
        sides.append(row)
    return {"case": case.name, "about": case.about, "unit": case.unit,
            "better": case.better, "target": case.target, "sides": sides}


def machine():
    model = ""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {"cpu": model, "cpus": os.cpu_count(),
            "kernel": platform.release()}


def show(result, out=sys.stdout):
    print(f"{result['case']}: {result['about']}", file=out)
    for row in result["sides"]:
        low, high = row["interval"]
        line = (f"  {row['side']:<12} {row['median']:>10.4g} "
                f"[{low:.4g}, {high:.4g}] {result['unit']}")
        if "ratio" in row:
            low, high = row["ratio_interval"]
            line += f"   ours {row['ratio']:.2f} times [{low:.2f}, {high:.2f}]"
        if "bytes_per_entry" in row:
            line += f"   {row['bytes_per_entry']:.1f} bytes an entry"
        print(line, file=out)
    if result["target"]:
        reached = result["sides"][1]["ratio"] >= result["target"]
        print(f"  target {result['target']} times: "
              f"{'reached' if reached else 'MISSED'}", file=out)
    out.flush()


def cell(row):
    if "ratio" not in row:
        return f"{row['median']:.3g}"
    low, high = row["ratio_interval"]
    return f"{row['median']:.3g}, {row['ratio']:.2f} [{low:.2f}, {high:.2f}]"


def show_table(results, out=sys.stdout):
    """Markdown: medians, and how many times better ours is."""
    names = []
    for result in results:
        names += [row["side"] for row in result["sides"]
                  if row["side"] not in names]
    print("| case | " + " | ".join(names) + " | target |", file=out)
    print("|---" * (len(names) + 2) + "|", file=out)
    for result in results:
        rows = {row["side"]: cell(row) for row in result["sides"]}
        target = ""
        if result["target"]:
            reached = result["sides"][1]["ratio"] >= result["target"]
            target = f"{result['target']}{'' if reached else ' **missed**'}"
        print(f"| {result['case']} | "
              + " | ".join(rows.get(name, "") for name in names)
              + f" | {target} |", file=out)


def main(cases, parser=None):
    """Run the cases whose names contain a word of the command line."""
    parser = parser or argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--warmups", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.0,
                        help="length of one measurement")
    parser.add_argument("--json", metavar="FILE",
                        help="everything that was measured")
    parser.add_argument("--markdown", action="store_true",
                        help="and a table of all at the end")
    parser.add_argument("words", nargs="*", help="cases with these in the name")
    options = parser.parse_args()
    if callable(cases):
        cases = cases(options)
    results, failed = [], 0
    for case in cases:
        if options.words and not any(w in case.name for w in options.words):
            continue
        try:
            measured = measure(case, options.rounds, options.warmups,
                               options.seconds)
        except Failed as reason:
            print(f"{case.name}: {reason}", file=sys.stderr)
            failed += 1
            continue
        results.append(summary(case, *measured))
        show(results[-1])
    if options.markdown:
        show_table(results)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as f:
            json.dump({"schema": 1, "machine": machine(),
                       "results": results}, f, indent=1)
    sys.exit(1 if failed or not results else 0)
