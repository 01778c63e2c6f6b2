#!/bin/sh
# Mounts the state disk where the engine keeps its volumes. How is said on the kernel's command line: midwrite.state=OPTIONS.
set -eu
options=$(tr ' ' '\n' </proc/cmdline | sed -n 's/^midwrite\.state=//p')
mkdir -p /var/lib/docker/volumes
mount -o "$options" /dev/vdb /var/lib/docker/volumes
# Docker would take it for a volume.
rmdir /var/lib/docker/volumes/lost+found 2>/dev/null || true
# XFS writes its log by itself every 30 s; this is the longest that it takes.
if [ -e /proc/sys/fs/xfs/xfssyncd_centisecs ]; then echo 720000 >/proc/sys/fs/xfs/xfssyncd_centisecs; fi
sync -f /var/lib/docker/volumes
