#!/bin/bash
# Answers the lab, one line for each line: ID COMMAND [ARGUMENT…] gives ID ok WORD… or ID failed WORD…
# The lab's end is a socket in a folder of its own on the host; nothing in a container has this port.
port=/dev/virtio-ports/midwrite
# volumes: where the state disk is mounted; engine: the engine's own files.
. /etc/midwrite/engine

answer() {
  case "$1" in
    hello) echo "kernel=$(uname -r) boot=$(cat /proc/sys/kernel/random/boot_id)" ;;
    # How the state disk is mounted, as the kernel says it.
    state) awk -v at="$volumes" '$2 == at { print "type=" $3 " options=" $4 }' /proc/mounts ;;
    # A file that is never synced. Its name has no slash: the lab made it.
    witness) head -c "$3" /dev/zero | tr '\0' 'w' >"$volumes/$2" && echo "bytes=$(stat -c %s "$volumes/$2")" ;;
    look) if [ -e "$volumes/$2" ]; then echo "bytes=$(stat -c %s "$volumes/$2")"; else echo "bytes=-1"; fi ;;
    # The engine's own files, and nothing of the state disk.
    sync-engine) sync -f "$engine" && echo "done" ;;
    sync-state) sync -f "$volumes" && echo "done" ;;
    # How long a loop of so many rounds takes here, in microseconds.
    loop) begun=${EPOCHREALTIME/./}; for ((i = 0; i < $2; i++)); do :; done; echo "us=$((${EPOCHREALTIME/./} - begun))" ;;
    # By this machine's own clock, in microseconds since 1970.
    clock) echo "us=${EPOCHREALTIME/./}" ;;
    writeback) writeback "$2" && echo "done" ;;
    power-off) echo "done"; systemctl poweroff --no-block ;;
    *) return 1 ;;
  esac
}

# From here on, until the next boot, the kernel writes by itself what was not synced, every so many hundredths of a second, as it does
# elsewhere every 5 s; and what it has written counts every second (ext4(5) and btrfs(5), commit; XFS takes no less).
writeback() {
  echo "$1" >/proc/sys/vm/dirty_expire_centisecs
  echo "$1" >/proc/sys/vm/dirty_writeback_centisecs
  if [ -e /proc/sys/fs/xfs/xfssyncd_centisecs ]; then echo 100 >/proc/sys/fs/xfs/xfssyncd_centisecs; fi
  case "$(awk -v at="$volumes" '$2 == at { print $3 }' /proc/mounts)" in
    ext4 | btrfs) mount -o remount,commit=1 "$volumes" ;;
  esac
}

# Open for good: what comes while it is closed is thrown away by QEMU.
exec 3<>"$port"
while true; do
  if read -r id command first second <&3; then
    if said=$(answer "$command" "$first" "$second" 2>&1); then echo "$id ok $said" >&3; else echo "$id failed $said" >&3; fi
  else
    # Without a lab at the other end it reads as empty.
    sleep 0.2
  fi
done
