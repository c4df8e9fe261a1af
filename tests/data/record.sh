#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Record mixed.pcap: real clients and servers, talking across a bridge where
# tcpdump listens, in namespaces that are gone afterwards.
#
#	client --- bridge --- server
#
#	tests/data/record.sh [FILE]
#
# Needs root and the packages of the group "record" (tests/setup.sh).  The
# tunnels and tags come from wire.bpf.c, VXLAN from the kernel.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../setup.sh"
[ "$(id -u)" -eq 0 ] || { echo "record.sh: makes namespaces: run as root" >&2; exit 1; }
setup_packages record

out=$(realpath "${1:-$here/mixed.pcap}")
tmp=$(mktemp -d)
c=weir-client-$$ s=weir-server-$$ m=weir-bridge-$$
pids=()

finish() {
	local pid
	for pid in "${pids[@]+"${pids[@]}"}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	for ns in "$c" "$s" "$m"; do
		ip netns del "$ns" 2>/dev/null || true
	done
	rm -rf "$tmp"
	[ -z "${made_run_sshd-}" ] || rmdir /run/sshd 2>/dev/null || true
}
trap finish EXIT

on() { # on NAMESPACE COMMAND...
	ip netns exec "$@"
}

serve() { # serve COMMAND...: on the server, in the background
	ip netns exec "$s" "$@" >>"$tmp/servers.log" 2>&1 &
	pids+=($!)
}

# ---- the wire

clang-19 -g -O2 -target bpf -mcpu=v3 -I"$here/../../progs" \
	-I"/usr/include/$(gcc -print-multiarch)" \
	-c "$here/wire.bpf.c" -o "$tmp/wire.bpf.o"

for ns in "$c" "$s" "$m"; do
	ip netns add "$ns"
	ip -n "$ns" link set lo up
done
ip -n "$m" link add br0 type bridge
ip -n "$m" link set br0 up

# end NAMESPACE NUMBER: its interface, addresses and what wraps its packets
end() {
	local ns=$1 n=$2 net
	ip -n "$m" link add "port$n" type veth peer name eth0 netns "$ns"
	ip -n "$m" link set "port$n" master br0 up
	ip -n "$ns" link set eth0 address 02:00:00:00:09:0"$n"
	# Frames as they would be on a cable: no larger, checksums filled in.
	ip netns exec "$m" ethtool -K "port$n" tx off tso off gso off gro off \
		txvlan off >/dev/null
	ip netns exec "$ns" ethtool -K eth0 tx off tso off gso off gro off \
		txvlan off >/dev/null
	ip -n "$ns" link set eth0 up
	ip -n "$ns" addr add 10.9.0."$n"/24 dev eth0
	ip -n "$ns" addr add fd09::"$n"/64 dev eth0 nodad
	for net in 1 2 3 4; do
		ip -n "$ns" addr add 10.9.$net."$n"/24 dev eth0
		ip -n "$ns" route replace 10.9.$net.0/24 dev eth0 \
			src 10.9.$net."$n" mtu 1400
	done
	ip -n "$ns" addr add fd09:1::"$n"/64 dev eth0 nodad
	ip -n "$ns" route replace fd09:1::/64 dev eth0 src fd09:1::"$n" \
		mtu 1400

	ip -n "$ns" link add vxlan0 type vxlan id 42 dstport 4789 \
		local 10.9.0."$n" remote 10.9.0.$((3 - n)) dev eth0
	ip -n "$ns" link set vxlan0 address 02:00:00:00:42:0"$n" up
	ip -n "$ns" addr add 10.9.5."$n"/24 dev vxlan0
	ip -n "$ns" addr add 10.9.6."$n"/24 dev vxlan0
	ip -n "$ns" route replace 10.9.6.0/24 dev vxlan0 \
		src 10.9.6."$n" mtu 1350
	ip -n "$ns" addr add fd09:5::"$n"/64 dev vxlan0 nodad

	for dev in eth0 vxlan0; do
		ip netns exec "$ns" tc qdisc add dev $dev clsact
		ip netns exec "$ns" tc filter add dev $dev egress \
			bpf da obj "$tmp/wire.bpf.o" sec tc
		ip netns exec "$ns" tc filter add dev $dev ingress \
			bpf da obj "$tmp/wire.bpf.o" sec classifier
	done
	ip -n "$ns" link set dev eth0 xdpgeneric obj "$tmp/wire.bpf.o" sec xdp
}
end "$c" 1
end "$s" 2

# ---- the servers

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=web.test \
	-keyout "$tmp/web.key" -out "$tmp/web.crt" 2>/dev/null
mkdir "$tmp/www"
for i in 1 2 3; do
	seq $((i * 3000)) >"$tmp/www/page$i.txt"
done
cat >"$tmp/nginx.conf" <<NGINX
daemon off;
master_process off;
pid $tmp/nginx.pid;
error_log $tmp/nginx.log;
events { }
http {
	access_log off;
	client_body_temp_path $tmp/body;
	proxy_temp_path $tmp/proxy;
	fastcgi_temp_path $tmp/fastcgi;
	uwsgi_temp_path $tmp/uwsgi;
	scgi_temp_path $tmp/scgi;
	server {
		listen 80;
		listen [::]:80;
		listen 443 ssl;
		listen [::]:443 ssl;
		ssl_certificate $tmp/web.crt;
		ssl_certificate_key $tmp/web.key;
		root $tmp/www;
	}
}
NGINX
chmod 755 "$tmp"
serve nginx -e "$tmp/nginx.log" -c "$tmp/nginx.conf"

serve dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv \
	--no-hosts --pid-file="$tmp/dnsmasq.pid" --user=root \
	--address=/web.test/10.9.0.2 --address=/web.test/fd09::2 \
	--txt-record=long.test,"$(printf 'x%.0s' $(seq 240))"

ssh-keygen -q -t ed25519 -N '' -f "$tmp/host"
ssh-keygen -q -t ed25519 -N '' -f "$tmp/user"
cp "$tmp/user.pub" "$tmp/authorized"
[ -d /run/sshd ] || { mkdir -m 755 /run/sshd; made_run_sshd=1; }
serve "$(command -v sshd)" -D -e -f /dev/null -h "$tmp/host" -o UsePAM=no \
	-o StrictModes=no -o PermitRootLogin=yes -o PidFile=none \
	-o AuthorizedKeysFile="$tmp/authorized"

serve iperf3 --server

# ---- the capture

ip netns exec "$m" tcpdump -i port1 -B 16384 -s 0 -w "$tmp/mixed.pcap" \
	-Z root 2>"$tmp/tcpdump.log" &
tcpdump=$!
for _ in $(seq 50); do
	grep -q 'listening on' "$tmp/tcpdump.log" && break
	sleep 0.1
done
sleep 1

# ---- the clients: what fails here is told, it may be meant to

try() {
	ip netns exec "$c" timeout 20 "$@" >>"$tmp/clients.log" 2>&1 ||
		echo "record.sh: exit status $?: $*" >&2
}
web() {
	try curl -sk --resolve "web.test:$3:$1" -o /dev/null "$2://web.test:$3/$4"
}
shell() {
	try ssh -F /dev/null -i "$tmp/user" -o StrictHostKeyChecking=no \
		-o UserKnownHostsFile=/dev/null "root@$1" 'uname -s; seq 500'
}

for host in 10.9.0.2 '[fd09::2]' 10.9.1.2 10.9.2.2 10.9.3.2 10.9.4.2 \
	10.9.5.2 10.9.6.2 '[fd09:1::2]' '[fd09:5::2]'; do
	web "$host" https 443 page1.txt
done
web 10.9.0.2 https 443 page3.txt
web '[fd09::2]' http 80 page2.txt
web 10.9.0.2 http 80 nothing-here

for name in 'web.test A' 'web.test AAAA' 'long.test TXT' 'absent.test A'; do
	# shellcheck disable=SC2086
	try dig +tries=1 +time=2 @10.9.0.2 $name
done
try dig +tries=1 @fd09::2 web.test AAAA
try dig +tries=1 +tcp @10.9.0.2 web.test A
try dig +tries=1 @10.9.1.2 web.test A
try dig +tries=1 @10.9.4.2 web.test A
try dig +tries=1 @10.9.5.2 web.test A

for net in 0 1 2 3 4 5 6; do
	try ping -c 3 -i 0.2 10.9.$net.2
done
for net in '' 1 5; do
	try ping -c 3 -i 0.2 "fd09:$net:${net:+:}2"
done

# Fragments: too large for a frame, in the open, tagged and in tunnels.
try ping -c 2 -i 0.2 -s 4000 10.9.0.2
try ping -c 2 -i 0.2 -s 3000 10.9.1.2
try ping -c 2 -i 0.2 -s 3000 10.9.4.2
try ping -c 2 -i 0.2 -s 3000 10.9.5.2
try ping -c 2 -i 0.2 -s 4000 fd09::2
try ping -c 2 -i 0.2 -s 3000 fd09:1::2

shell 10.9.0.2
shell fd09::2
shell 10.9.5.2

try iperf3 -c 10.9.0.2 -n 150K -b 20M
try iperf3 -c 10.9.0.2 -u -b 2M -n 60K -l 1400
try iperf3 -c fd09::2 -n 60K -b 20M
try iperf3 -c 10.9.3.2 -u -b 2M -n 30K -l 1200

# Errors quote the packet they are about: closed ports, and a hop limit.
python3=/usr/bin/python3
try $python3 - <<'PY'
import socket

IPV6_DSTOPTS, IPV6_HOPOPTS = socket.IPV6_DSTOPTS, socket.IPV6_HOPOPTS
padding = bytes([0, 0, 1, 4, 0, 0, 0, 0])  # PadN, eight bytes in all

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    for net in (0, 1, 4, 5):
        s.sendto(b"nobody listens", (f"10.9.{net}.2", 9))
    s.sendto(b"in fragments " * 200, ("10.9.0.2", 9))
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
    s.sendto(b"nobody listens", ("fd09::2", 9))
    s.setsockopt(socket.IPPROTO_IPV6, IPV6_DSTOPTS, padding)
    s.sendto(b"destination options", ("fd09::2", 9))
    s.setsockopt(socket.IPPROTO_IPV6, IPV6_HOPOPTS, padding)
    s.sendto(b"hop-by-hop and destination options", ("fd09::2", 9))
    s.sendto(b"and in fragments " * 200, ("fd09::2", 9))
PY

sleep 1
kill -INT "$tcpdump"
wait "$tcpdump" || true
grep -E 'captured|dropped' "$tmp/tcpdump.log" >&2
[ -z "${RECORD_LOGS-}" ] || cat "$tmp/servers.log" "$tmp/clients.log" >&2
cp "$tmp/mixed.pcap" "$out"
ls -l "$out" >&2
