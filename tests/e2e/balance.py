#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""progs/balancer.bpf.c between real ends: a client, three nginx servers behind
one virtual address, and tunnel_end.bpf.c in the kernel at each of them.

One switch connects all: a packet to the virtual address reaches the daemon's
tap, which sends it out again in an outer header.  Servers answer the client
directly.
"""
import collections
import concurrent.futures
import http.client
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time

from weir import (BUILD, Case, Client, b64, main, need_taps, own_namespaces,
                  skip)

TAP = "weirlb0"
VIP, VIP_MAC = "192.0.2.1", "02:00:00:00:00:fe"
CLIENT = "10.1.0.100"
REALS = {1: "10.1.0.1", 2: "10.1.0.2", 3: "10.1.0.3"}
RING = 1021
IPIP, GUE = 0, 1


def run(*words):
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def mac(number):
    return f"02:00:00:00:01:{number:02x}"


def address(text):
    return socket.inet_aton(text)


def index(*numbers):
    return b"".join(struct.pack("=I", n) for n in numbers)


def slots_of(real):
    """All of them, in an order of its own."""
    skip_by = real * 104729 % (RING - 1) + 1
    return ((real * 7919 + i * skip_by) % RING for i in range(RING))


def maglev(reals):
    """Who has which slot: each in turn takes the next that is free."""
    ring, taken = [0] * RING, 0
    orders = {real: slots_of(real) for real in reals}
    while taken < RING:
        for real, order in orders.items():
            slot = next((s for s in order if not ring[s]), None)
            if slot is not None:
                ring[slot] = real
                taken += 1
    return ring


def slot(port):
    """Of the client's connection from this port, as balancer.bpf.c has it."""
    def mix(a, b):
        a = (a ^ b) * 0x9e3779b1 & 0xffffffff
        return a ^ a >> 15
    saddr, daddr = (struct.unpack("=I", address(a))[0] for a in (CLIENT, VIP))
    v = mix(mix(0x2545f491, saddr), daddr)
    return mix(mix(v, socket.htons(port) << 16 | socket.htons(80)), 6) % RING


class Host:
    """A network namespace on the switch."""

    def __init__(self, name, number, ip, mtu=1500):
        self.name = name
        run("ip", "netns", "add", name)
        self("sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")
        run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0",
            "netns", name)
        run("ip", "link", "set", name, "master", "switch", "up")
        self("ip", "link", "set", "eth0", "address", mac(number), "mtu",
             str(mtu), "up")
        self("ip", "link", "set", "lo", "up")
        self("ip", "address", "add", ip + "/24", "dev", "eth0")
        # nobody is there to complete what the device would have
        self("ethtool", "-K", "eth0", "tx", "off")

    def __call__(self, *words):
        return run("ip", "netns", "exec", self.name, *words)

    def start(self, *words):
        return subprocess.Popen(["ip", "netns", "exec", self.name, *words])


class Real(Host):
    def __init__(self, number, scratch):
        super().__init__(f"weirlb-r{number}", number, REALS[number])
        self.number = number
        self("ip", "address", "add", VIP + "/32", "dev", "lo")
        for key, value in (("arp_ignore", 1), ("rp_filter", 0)):
            for device in "all", "eth0":
                self("sysctl", "-qw", f"net.ipv4.conf.{device}.{key}={value}")
        self("tc", "qdisc", "add", "dev", "eth0", "clsact")
        self("tc", "filter", "add", "dev", "eth0", "ingress", "bpf", "da",
             "obj", os.path.join(BUILD, "progs/tunnel_end.bpf.o"), "sec", "tc")
        self.dir = os.path.join(scratch, str(number))
        os.mkdir(self.dir)
        with open(os.path.join(self.dir, "conf"), "w", encoding="ascii") as f:
            f.write(f"""
                daemon off; master_process off; pid {self.dir}/pid;
                error_log {self.dir}/error;
                events {{ }}
                http {{
                  access_log off;
                  client_body_temp_path {self.dir}/body;
                  proxy_temp_path {self.dir}/proxy;
                  fastcgi_temp_path {self.dir}/fastcgi;
                  uwsgi_temp_path {self.dir}/uwsgi;
                  scgi_temp_path {self.dir}/scgi;
                  server {{
                    listen 80;
                    location / {{ return 200 "{number}"; }}
                    location /long {{ root {self.dir}; limit_rate 150k; }}
                  }}
                }}""")
        with open(os.path.join(self.dir, "long"), "wb") as f:
            f.write(bytes([number]) * 300000)
        self.nginx = self.start("nginx", "-c", self.dir + "/conf", "-e",
                                self.dir + "/error")

    def kill(self):
        """As a machine that loses its power."""
        self("ip", "link", "set", "eth0", "down")
        self.nginx.kill()
        self.nginx.wait()


class Balance(Case):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.mkdtemp(prefix="weir-balance-")
        cls.addClassCleanup(shutil.rmtree, cls.scratch)
        config = os.path.join(cls.scratch, "weir.yaml")
        with open(config, "w", encoding="ascii") as file:
            # what passes is for nobody here
            file.write(f"ports: [{{name: lb, spec: 'tap:{TAP}', "
                       "forward: drop}]\n")
        cls.ports, cls.args = (), ("-c", config)
        super().setUpClass()
        run("ip", "link", "add", "switch", "type", "bridge")
        run("ip", "link", "set", "switch", "up")
        run("ip", "link", "set", TAP, "master", "switch", "up")
        cls.host = Host("weirlb-client", 0x64, CLIENT, mtu=1400)
        cls.addClassCleanup(cls.remove)
        cls.host("ip", "route", "add", VIP, "dev", "eth0")
        cls.host("ip", "neigh", "add", VIP, "lladdr", VIP_MAC, "dev", "eth0")

    @classmethod
    def remove(cls):
        for name in ("client", *(f"r{n}" for n in REALS)):
            subprocess.run(["ip", "netns", "del", "weirlb-" + name],
                           check=False, capture_output=True)

    def setUp(self):
        self.reals = {}
        for number in REALS:
            directory = os.path.join(self.scratch, self.id())
            os.makedirs(directory, exist_ok=True)
            self.reals[number] = Real(number, directory)
        self.addCleanup(self.drop_reals)
        self.c = self.client()
        loaded = self.c.call("prog.load", path=os.path.join(
            BUILD, "progs/balancer.bpf.o"))
        attached = self.c.call("prog.attach", port="lb", hook="xdp",
                               prog=loaded["programs"][0]["id"])
        self.addCleanup(self.unload, loaded["object"],
                        attached["attachment"])

    def unload(self, obj, attachment):
        with Client(self.daemon.sock) as c:
            c.call("prog.detach", attachment=attachment)
            c.call("prog.unload", object=obj)

    def drop_reals(self):
        for real in self.reals.values():
            real.nginx.kill()
            real.nginx.wait()
            # a namespace takes its time, and its links with it
            run("ip", "link", "del", real.name)
            run("ip", "netns", "del", real.name)

    def put(self, name, keys, values):
        self.c.call("map.update_batch", map=name, keys=b64(keys),
                    values=b64(values))

    def set_real(self, number, up):
        self.put("reals", index(number),
                 (address(REALS[number]) if up else bytes(4)) +
                 bytes.fromhex(mac(number).replace(":", "")) + bytes(2))

    def set_ring(self, reals):
        self.put("ring", index(*range(RING)), index(*maglev(reals)))

    def configure(self, encap):
        self.put("balancer_address", index(0), address("10.1.0.254"))
        self.put("vips", address(VIP) + struct.pack("!H", 80) +
                 struct.pack("=H", 6), index(0, encap))
        for number in REALS:
            self.set_real(number, True)
        self.set_ring(REALS)

    def curl(self, *words):
        return self.host("curl", "-sS", "--max-time", "10", *words,
                         f"http://{VIP}/")

    def ask_often(self, times):
        """Who answered, of so many new connections."""
        text = self.host("sh", "-c", f"""for i in $(seq {times}); do
            curl -sS --max-time 10 http://{VIP}/; done""")
        return collections.Counter(int(c) for c in text)

    def wait_for_servers(self):
        for real in self.reals.values():
            for _ in range(100):
                if subprocess.run(
                        ["ip", "netns", "exec", real.name, "curl", "-sS",
                         "http://127.0.0.1/"], check=False,
                        capture_output=True).returncode == 0:
                    break
                time.sleep(0.05)

    def download(self, port):
        """Slowly, by one connection from this port: which server, and how much
        of its answer came."""
        done = subprocess.run(
            ["ip", "netns", "exec", self.host.name, "curl", "-sS",
             "--max-time", "6", "--local-port", str(port),
             f"http://{VIP}/long"], check=False,
            capture_output=True)
        return done.returncode, collections.Counter(done.stdout)

    def balanced(self, encap):
        self.configure(encap)
        self.wait_for_servers()
        answered = self.ask_often(60)
        self.assertEqual(sum(answered.values()), 60)
        self.assertEqual(set(answered), set(REALS))

    def test_ip_in_ip(self):
        self.balanced(IPIP)

    def test_ip_in_udp(self):
        self.balanced(GUE)

    def test_a_server_dies(self):
        self.configure(IPIP)
        self.wait_for_servers()
        before, after = maglev(REALS), maglev((1, 3))
        # some of their slots are going to be another server's
        moving = [p for p in range(20000, 30000)
                  if 2 != before[slot(p)] != after[slot(p)]][:4]
        self.assertEqual(len(moving), 4)
        ports = [*range(30000, 30008), *moving]
        with concurrent.futures.ThreadPoolExecutor(len(ports)) as pool:
            downloads = [pool.submit(self.download, p) for p in ports]
            time.sleep(0.7)
            self.reals[2].kill()
            self.set_real(2, False)
            self.set_ring((1, 3))
            moved = sum(a != b for a, b in zip(before, after) if a != 2)
            self.assertLess(moved, RING // 10)
            answered = self.ask_often(30)
            results = [d.result() for d in downloads]
        self.assertEqual(sum(answered.values()), 30)
        self.assertEqual(set(answered), {1, 3})
        # whoever was connected to another server noticed nothing
        whole = [bytes_ for code, bytes_ in results if code == 0]
        self.assertTrue(whole)
        for content in whole:
            ((server, size),) = content.items()
            self.assertIn(server, (1, 3))
            self.assertEqual(size, 300000)
        for code, content in results:
            if code:
                self.assertEqual(set(content), {2})
        for port, (_, content) in zip(ports, results):
            if port in moving:
                self.assertEqual(set(content), {before[slot(port)]})


if __name__ == "__main__":
    need_taps()
    for tool in "nginx", "curl", "ethtool", "tc":
        if not shutil.which(tool):
            skip(f"{tool} is missing")
    own_namespaces("-n", "-m", "--propagation", "private")
    # of our own: names of namespaces
    run("mount", "-t", "tmpfs", "none", "/run/netns") \
        if os.path.isdir("/run/netns") else os.makedirs("/run/netns")
    main("run")
