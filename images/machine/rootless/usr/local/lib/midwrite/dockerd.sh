#!/bin/sh
# In rootlesskit's namespaces: /run is a copy of links, and the engine makes its own files there (as Docker's dockerd-rootless.sh has it).
rm -f /run/docker /run/containerd /run/xtables.lock
# One that dockerd starts itself must answer within 15 s, and an emulated one does not; for this one it waits 60 s.
socket="$XDG_RUNTIME_DIR/containerd.sock"
containerd --config /etc/containerd/config.toml --root "$HOME/.local/share/docker/containerd" --state "$XDG_RUNTIME_DIR/containerd" --address "$socket" --log-level warn &
exec dockerd --rootless --containerd="$socket" --host="unix://$XDG_RUNTIME_DIR/docker.sock" --bridge=none --iptables=false --ip6tables=false --ip-forward=false --log-level=warn
