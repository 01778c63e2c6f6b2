#!/bin/sh
# Mounts the state disk where the engine keeps its volumes (/etc/midwrite/engine). How is said on the kernel's command line: midwrite.state=OPTIONS.
set -eu
. /etc/midwrite/engine
options=$(tr ' ' '\n' </proc/cmdline | sed -n 's/^midwrite\.state=//p')
mkdir -p "$volumes"
mount -o "$options" /dev/vdb "$volumes"
# An engine would take it for a volume.
rmdir "$volumes/lost+found" 2>/dev/null || true
chown "$owner" "$volumes"
# XFS writes its log by itself every 30 s; this is the longest that it takes.
if [ -e /proc/sys/fs/xfs/xfssyncd_centisecs ]; then echo 720000 >/proc/sys/fs/xfs/xfssyncd_centisecs; fi
sync -f "$volumes"
