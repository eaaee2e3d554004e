#!/usr/bin/env bash
# Runs a Node program with the addon and the BPF object on another kernel: Debian 12's, in QEMU without KVM.
# usage: scripts/old-kernel.sh PROGRAM.js [COMMAND...]
#
# The program runs as root in an initramfs that holds Node, ip, busybox, the COMMANDs of this machine and, below /p4rtd,
# package.json, the addon and the BPF object; it ends the machine by ending. Its output goes to standard output, the exit
# code is its own. Loaded are the kernel's modules for veth, TAP, tc, bridges, VLANs, bonds and VRFs.
# $NODE names another Node than the one on the path. Needs qemu-system-x86, busybox-static, iproute2, cpio and apt-get to download the kernel, which is kept in
# $P4RTD_KERNEL_CACHE (default: a folder below the one for temporary files). Exit 69 names what is missing.
set -euo pipefail

program=$1
shift
commands=("$@")
root=$(cd "$(dirname "$0")/.." && pwd)
cache=${P4RTD_KERNEL_CACHE:-${TMPDIR:-/tmp}/p4rtd-old-kernel}
limit=${P4RTD_KERNEL_SECONDS:-180}
node=${NODE:-$(command -v node)}
missing=()
for tool in qemu-system-x86_64 busybox ip cpio dpkg-deb "${commands[@]}"; do
  command -v "$tool" > /dev/null || missing+=("$tool")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "old-kernel: missing: ${missing[*]} (packages qemu-system-x86, busybox-static, iproute2, cpio)" >&2
  exit 69
fi

mkdir -p "$cache"
if [ ! -e "$cache/kernel/boot" ]; then
  package=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
  if [ -z "$package" ] || ! (cd "$cache" && apt-get download -q "$package" > download.log 2>&1); then
    echo "old-kernel: the package linux-image-amd64 cannot be downloaded" >&2
    exit 69
  fi
  dpkg-deb -x "$cache"/linux-image-*.deb "$cache/unpacked"
  mv "$cache/unpacked" "$cache/kernel"
  rm -f "$cache"/linux-image-*.deb
fi
kernel=$(echo "$cache"/kernel/boot/vmlinuz-*)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{bin,dev,etc,lib/modules,proc,run,sys,tmp,p4rtd/build/Release,p4rtd/native/bpf}

# with_libraries FILE...: the shared libraries that these load, where the loader looks for them.
with_libraries() {
  ldd "$@" 2> /dev/null | awk '/=> \// { print $3 } /^\t\// { print $1 }' | sort -u | while read -r library; do
    mkdir -p "$work$(dirname "$library")"
    cp -Ln "$library" "$work$library"
  done
}

addon=$root/build/Release/p4rtd.node
cp "$(command -v busybox)" "$work/bin/busybox"
for command in ip "${commands[@]}"; do
  cp -L "$(command -v "$command")" "$work/bin/$command"
  with_libraries "$work/bin/$command"
done
cp -L "$node" "$work/bin/node"
cp "$addon" "$work/p4rtd/build/Release/"
cp "$root/package.json" "$work/p4rtd/"
cp "$root"/native/bpf/*.o "$work/p4rtd/native/bpf/"
cp "$program" "$work/p4rtd/program.js"
with_libraries "$node" "$addon"
# Each after those it needs; a line is what insmod is told.
modules=(
  veth sch_ingress cls_bpf tun
  llc stp bridge garp mrp 8021q
  tls "bonding max_bonds=0" vrf
)
for module in "${modules[@]}"; do
  file=${module%% *}.ko
  find "$cache/kernel/lib/modules" -name "$file" -exec cp {} "$work/lib/modules/" \;
  echo "/lib/modules/$file${module#"${module%% *}"}" >> "$work/lib/modules/order"
done
for applet in sh mount cat ls mkdir sleep sysctl which; do ln -s busybox "$work/bin/$applet"; done
# tcpdump goes on as this user.
printf '%s\n' root:x:0:0::/:/bin/sh tcpdump:x:1:1::/:/bin/sh > "$work/etc/passwd"
printf '%s\n' root:x:0: tcpdump:x:1: > "$work/etc/group"

cat > "$work/init" << 'INIT'
#!/bin/sh
export PATH=/bin HOME=/tmp
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs run /run
mount -t bpf bpf /sys/fs/bpf
mkdir -p /dev/net
while read -r module; do busybox insmod $module; done < /lib/modules/order
ip link set lo up
cd /p4rtd
node program.js
echo "old-kernel: exit code $?"
busybox poweroff -f
INIT
chmod +x "$work/init"
(cd "$work" && find . -print0 | cpio --null -o --format=newc --quiet | gzip -1) > "$work.initramfs"
trap 'rm -rf "$work" "$work.initramfs"' EXIT

output=$work.output
trap 'rm -rf "$work" "$work.initramfs" "$output"' EXIT
timeout "$limit" qemu-system-x86_64 -accel tcg -cpu max -smp 2 -m 1536 -nographic -no-reboot -nic none \
  -kernel "$kernel" -initrd "$work.initramfs" -append "console=ttyS0 quiet loglevel=3 panic=-1" \
  < /dev/null | tr -d '\r' | tee "$output"
code=$(sed -n 's/^old-kernel: exit code \([0-9]*\)$/\1/p' "$output")
exit "${code:-70}"
