#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Ask tshark how often each protocol occurs in a capture.

    expect.py CAPTURE        print the counts, one "counter count" a line
    expect.py -u CAPTURE     write them to CAPTURE's .expected

The names are in protocols.txt, beside this file.
"""
import collections
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent

# Every header where it stands: nothing put together from several packets.
ONE_BY_ONE = ["ip.defragment:FALSE", "ipv6.defragment:FALSE",
              "tcp.desegment_tcp_streams:FALSE"]


def table():
    """The rows of protocols.txt: (index, counter, tshark's names)."""
    rows = []
    for line in (HERE / "protocols.txt").read_text().splitlines():
        words = line.split("#")[0].split()
        if words:
            rows.append((int(words[0]), words[1],
                         [w for w in words[2:] if w != "-"]))
    return rows


def tshark(capture, fields):
    """For each packet a list: of each field its occurrences."""
    command = ["tshark", "-n", "-r", str(capture), "-T", "fields",
               "-E", "occurrence=a", "-E", "separator=/t"]
    for option in ONE_BY_ONE:
        command += ["-o", option]
    for field in fields:
        command += ["-e", field]
    out = subprocess.run(command, check=True, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    for line in out.stdout.splitlines():
        yield [value.split(",") if value else []
               for value in line.split("\t")]


def expect(capture):
    """{counter: count} as tshark sees the capture."""
    rows = table()
    fields = [name[len("field:"):] for _, _, names in rows
              for name in names if name.startswith("field:")]
    seen = collections.Counter()
    for protocols, *values in tshark(capture, ["frame.protocols"] + fields):
        seen.update(protocols[0].split(":"))
        for field, occurrences in zip(fields, values):
            seen["field:" + field] += sum(int(v, 0) != 0 for v in occurrences)
    return {counter: sum(seen[name] for name in names)
            for _, counter, names in rows}


def recorded(capture):
    """{counter: count} as committed beside the capture."""
    text = pathlib.Path(capture).with_suffix(".expected").read_text()
    lines = [line.split() for line in text.splitlines() if line[:1] != "#"]
    return {counter: int(count) for counter, count in lines}


def main(args):
    update = args[:1] == ["-u"]
    if len(args) != 1 + update:
        sys.exit(__doc__)
    capture = pathlib.Path(args[-1])
    text = "".join(f"{counter:<16}{count}\n"
                   for counter, count in expect(capture).items())
    if update:
        note = f"# By tshark (expect.py -u {capture.name})\n"
        capture.with_suffix(".expected").write_text(note + text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main(sys.argv[1:])
