#!/bin/sh
# In rootlesskit's namespaces: /run is a copy of links, and the engine makes its own files there (as Docker's dockerd-rootless.sh has it).
rm -f /run/docker /run/containerd /run/xtables.lock
exec dockerd --rootless --host="unix://$XDG_RUNTIME_DIR/docker.sock" --bridge=none --iptables=false --ip6tables=false --ip-forward=false --log-level=warn
