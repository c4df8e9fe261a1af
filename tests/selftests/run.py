# SPDX-License-Identifier: BSD-3-Clause
"""Runs every program of a folder's objects that Linux loads on a capture with
`weir test --vs kernel`, and prints how many do the same here: run.py WEIR
FOLDER CAPTURE.  Fails where one does something else, or where fewer than 95 of
100 do the same of those that need nothing that Weir refuses by name."""
import collections
import os
import re
import struct
import subprocess
import sys
import tempfile

import verify

WANTED = 0.95
SECONDS = 60
SLOW = "it takes longer than a minute"
FEW = 8  # packets, for programs that take long: a loop of may_goto has 250 ms
NUMBERS = re.compile(r"[0-9]+|0x[0-9a-f]+")

# What docs/verifier.md and docs/helpers.md have as refused, each by its name.
REFUSED = re.compile(
    r"(kernel function (bpf_(throw|obj_|list_|rbtree_|refcount_|cast_to_kern|"
    r"kfunc_call_test|crypto_|rcu_|preempt_)|__bpf)|kernel pointers in maps|"
    r"exceptions|kptr_xchg|sk_storage_get|reading struct bpf_map|map type|"
    r"this kind of map|this program|unknown func bpf_skc_to_)")

# What differs from run to run or from machine to machine, in Linux as well.
ADDRESS = "an address"
STACK = "a part of the stack that nothing was written to"
UNLIKE = {
    "verifier_basic_stack: uninitialized_stack2": STACK,
    "verifier_direct_packet_access: direct_packet_access_test4_write": ADDRESS,
    "verifier_direct_packet_access: packet_access_test17_pruning_alignment":
        ADDRESS,
    "verifier_direct_packet_access: test18_imm_pkt_ptr_1": ADDRESS,
    "verifier_direct_packet_access: test19_imm_pkt_ptr_2": ADDRESS,
    "verifier_direct_packet_access: test22_x_pkt_ptr_3": ADDRESS,
    "verifier_helper_access_var_len: stack_bitwise_and_zero_included": STACK,
    "verifier_helper_access_var_len: variable_memory_8_bytes_leak": STACK,
    "verifier_helper_access_var_len: ptr_to_mem_or_null_7": ADDRESS,
    "verifier_leak_ptr: leak_pointer_into_ctx_3": ADDRESS,
    "verifier_raw_stack: stack_no_skb_load_bytes": STACK,
    "verifier_ref_tracking: tracking_direct_access_for_lookup": ADDRESS,
    "verifier_ref_tracking: to_leak_released_ptr_reg": ADDRESS,
    "verifier_search_pruning: state_equality_check_way_1": ADDRESS,
    "verifier_search_pruning: state_equality_check_way_2": ADDRESS,
    "verifier_spill_fill: check_valid_spill_fill": ADDRESS,
    "verifier_spill_fill: check_corrupted_spill_fill_lsb": ADDRESS,
    "verifier_spill_fill: check_corrupted_spill_fill_msb": ADDRESS,
    "verifier_spill_fill: old_stack_misc_vs_cur_scalar": STACK,
    "verifier_stack_ptr: array_map_using_bpf_b": ADDRESS,
    "verifier_unpriv: unpriv_return_pointer": ADDRESS,
}


def first(capture, to):
    """Its first packets."""
    with open(capture, "rb") as f:
        data = f.read()
    at = 24
    for _ in range(FEW):
        at += 16 + struct.unpack_from("<I", data, at + 8)[0]
    with open(to, "wb") as f:
        f.write(data[:at])


def test(weir, path, name, capture):
    """What `weir test --vs kernel` says of a program, or why it says nothing."""
    try:
        said, reason = verify.ask_weir(
            [weir, "test", path, "--prog", name, "-r", capture, "--vs",
             "kernel"], "kernel", SECONDS)
    except subprocess.TimeoutExpired:
        return None, SLOW
    return said, reason and reason.split("\n")[0]


def kind_of(where, said, reason, refusal):
    if REFUSED.match(refusal):
        return "refused"
    if reason:
        return "not run"
    kernel = said["kernel"]
    if kernel["different"]:
        return "unlike" if where in UNLIKE else "different"
    return "the same" if kernel["compared"] else "Linux runs none of it"


class Table:
    def __init__(self):
        self.count = collections.Counter()
        self.names = collections.defaultdict(list)  # by kind and reason

    def add(self, where, said, reason, refusal):
        kind = kind_of(where, said, reason, refusal)
        self.count[kind] += 1
        if kind == "different":
            reason = "%d packets; %s" % (
                said["kernel"]["different"],
                said["kernel"].get("differences", [""])[0])
        elif kind == "unlike":
            reason = UNLIKE[where]
        elif kind == "refused":
            reason = refusal.partition(":")[0]
        elif kind == "Linux runs none of it":
            reason = ", ".join(said["kernel"]["not_compared"])
        if kind != "the same":
            self.names[kind, NUMBERS.sub("N", reason)].append(where)

    def show(self):
        for kind, n in self.count.most_common():
            print("%6d  %s" % (n, kind))
        for (kind, reason), names in sorted(
                self.names.items(), key=lambda n: (n[0][0], -len(n[1]))):
            print("\n%6d  %s: %s" % (len(names), kind, reason))
            for name in names:
                print("            " + name)
        asked = sum(self.count[kind] for kind in
                    ("the same", "different", "unlike", "not run"))
        print("\n%d of %d the same" % (self.count["the same"], asked))
        return not self.count["different"] and \
            self.count["the same"] >= WANTED * asked


def main():
    weir, folder, capture = sys.argv[1:]
    table = Table()
    with tempfile.NamedTemporaryFile(suffix=".pcap") as few:
        first(capture, few.name)
        for file in sorted(os.listdir(folder)):
            path = os.path.join(folder, file)
            if not file.endswith(".o") or not any(
                    verify.OURS.match(s) for s in verify.sections(path)):
                continue
            programs, _ = verify.ask(weir, path)
            for p in programs:
                if verify.kind_of(p) is None or \
                        p["kernel"]["verdict"] != "accept":
                    continue
                said, reason = test(weir, path, p["name"], capture)
                if reason == SLOW:
                    said, reason = test(weir, path, p["name"], few.name)
                table.add("%s: %s" % (file[:-2], p["name"]), said, reason,
                          p.get("message", "") or reason or "")
    return 0 if table.show() else 1


if __name__ == "__main__":
    sys.exit(main())
