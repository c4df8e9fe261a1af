# SPDX-License-Identifier: BSD-3-Clause
"""Captures written and read as bytes, and programs compiled for a test."""
import os
import struct
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
NANOSECONDS = 0xa1b23c4d
MICROSECONDS = 0xa1b2c3d4


def write(path, packets):
    """packets: (ns, bytes)"""
    with open(path, "wb") as file:
        file.write(struct.pack("=IHHiIII", NANOSECONDS, 2, 4, 0, 0, 262144, 1))
        for ns, data in packets:
            file.write(struct.pack("=IIII", ns // 10**9, ns % 10**9,
                                   len(data), len(data)) + data)


def read(path):
    """[(ns, bytes)]"""
    with open(path, "rb") as file:
        text = file.read()
    magic, = struct.unpack_from("=I", text)
    unit = {NANOSECONDS: 1, MICROSECONDS: 1000}[magic]
    packets, at = [], 24
    while at < len(text):
        seconds, part, size, _ = struct.unpack_from("=IIII", text, at)
        at += 16
        packets.append((seconds * 10**9 + part * unit, text[at:at + size]))
        at += size
    return packets


def compile_bpf(source, output, *flags):
    """tests/data/SOURCE.bpf.c into an object"""
    multiarch = subprocess.run(["gcc", "-print-multiarch"], check=True,
                               capture_output=True, text=True).stdout.strip()
    subprocess.run(["clang-19", "-g", "-O2", "-target", "bpf", "-mcpu=v3",
                    "-I/usr/include/" + multiarch, *flags, "-c",
                    os.path.join(ROOT, "tests/data", source + ".bpf.c"),
                    "-o", output], check=True)
    return output
