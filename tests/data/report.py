#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Print what the parser chain found, beside what tshark found.

    weir run ... --until-eof --dump-maps -j >RESULT
    report.py CAPTURE <RESULT

RESULT may come from `weir test ... --dump-maps -j` too.

Exits 1 if a count differs from CAPTURE's .expected.
"""
import collections
import ipaddress
import json
import struct
import sys

sys.dont_write_bytecode = True
import expect

FLOW_KEY = struct.Struct("=16s16s2s2sHH")  # struct flow_key of progs/parse.h
FLOW = struct.Struct("=QQ")
IP_PROTOCOLS = {1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 47: "gre",
                58: "icmpv6"}
TOP = 10

Flow = collections.namedtuple("Flow", "proto depth source dest packets bytes")


def raw(values):
    """Bytes, as the entries of a dumped map have them."""
    return bytes(int(v, 0) if isinstance(v, str) else v for v in values)


def entries(result, name):
    for dumped in result["maps"]:
        if dumped["name"] == name:
            return dumped["entries"]
    sys.exit(f"report.py: there is no map {name} in the result")


def counts(result):
    """{counter: count} of the chain, all CPUs together."""
    total = {}
    names = {index: counter for index, counter, _ in expect.table()}
    for entry in entries(result, "protocols"):
        index = int.from_bytes(raw(entry["key"]), sys.byteorder)
        total[names[index]] = sum(
            int.from_bytes(raw(cpu["value"]), sys.byteorder)
            for cpu in entry["values"])
    return total


def endpoint(address, port):
    ip = ipaddress.IPv6Address(address)
    port = int.from_bytes(port, "big")
    if ip.ipv4_mapped:
        return f"{ip.ipv4_mapped}:{port}" if port else str(ip.ipv4_mapped)
    return f"[{ip}]:{port}" if port else str(ip)


def flows(result):
    """Every flow, the largest first."""
    found = []
    for entry in entries(result, "flows"):
        saddr, daddr, sport, dport, proto, depth = FLOW_KEY.unpack(
            raw(entry["key"]))
        found.append(Flow(IP_PROTOCOLS.get(proto, str(proto)), depth,
                          endpoint(saddr, sport), endpoint(daddr, dport),
                          *FLOW.unpack(raw(entry["value"]))))
    return sorted(found, key=lambda flow: (-flow.bytes, flow))


def verdicts(result):
    """{verdict: packets}, from either command."""
    if "verdicts" in result:
        return result["verdicts"]
    total = collections.Counter()
    for port in result["ports"]:
        for codes in port["verdicts"].values():
            total.update(codes)
    return dict(total)


def table(rows, head):
    """Columns as wide as they need to be, numbers to the right."""
    text = [head] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in text) for i in range(len(head))]
    right = [rows and all(isinstance(row[i], int) for row in rows)
             for i in range(len(head))]
    for row in text:
        cells = [cell.rjust(width) if to_right else cell.ljust(width)
                 for cell, width, to_right in zip(row, widths, right)]
        print("  " + "  ".join(cells).rstrip())
    print()


def main(args):
    if len(args) != 1:
        sys.exit(__doc__)
    result = json.load(sys.stdin)
    found, expected = counts(result), expect.recorded(args[0])
    total = sum(verdicts(result).values())

    print("Verdicts")
    table([[name, n, f"{100 * n / total:.1f} %"]
           for name, n in verdicts(result).items()],
          ["verdict", "packets", ""])
    print("Headers, by the parser chain and by tshark")
    table([[name, n, expected[name], "" if n == expected[name] else "differs"]
           for name, n in found.items()],
          ["protocol", "weir", "tshark", ""])
    largest = flows(result)
    print(f"The {min(TOP, len(largest))} largest of {len(largest)} flows"
          " (depth: of tunnels around it)")
    table([list(flow) for flow in largest[:TOP]],
          ["protocol", "depth", "from", "to", "packets", "bytes"])

    if found != expected:
        print("The counts differ from tshark's.")
        sys.exit(1)
    print(f"All {len(found)} counts of {total} packets equal tshark's.")


if __name__ == "__main__":
    main(sys.argv[1:])
