import { HOSTNAME } from '../../pod/specs.ts';
import type { Release } from '../../system.ts';

/*
 * What a bundle runs: run.sh on the host, with Docker and nothing else, and inside.sh in the container. Both are plain shell, to be read before they are run.
 */

/** What inside.sh is written for. */
export interface BundleRun {
  readonly release: Pick<Release, 'boot' | 'memory'> & {
    promises: Pick<Release['promises'], 'root' | 'readyWithinMs'>;
  };
  /** What is looked for in the folder: acknowledged turns, by name. */
  readonly acknowledged: readonly { name: string; text: string }[];
  /** What the crash left is young when the system boots: its sweep spares temps then. */
  readonly isFresh: boolean;
}

/** A word of a shell, whatever is in it. */
export const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** After it is ready it has so long for what it does by itself. */
const SETTLES_S = 3;
const PIDS = 512;

/** run.sh: no network, no capabilities, no root, nothing to write but the state and /tmp, which are gone afterwards. */
export function runScript(
  { release: { boot, memory, promises } }: BundleRun,
  name: string,
  hasDockerfile: boolean,
): string {
  const env = Object.entries(boot.env).map(([key, value]) => `  --env ${quoted(`${key}=${value}`)} \\`);
  const image = hasDockerfile
    ? [
        `image=\${1:-}`,
        'if [ -z "$image" ]; then',
        `  image=${quoted(`bundle-${name}`)}`,
        '  docker build --tag "$image" . >&2',
        'fi',
      ]
    : [`image=\${1:-$(cat image.txt)}`];
  return [
    '#!/bin/sh',
    '# Boots the system on the folder that a crash left, and prints what it makes of it. Needs Docker, and nothing else.',
    hasDockerfile
      ? '# ./run.sh builds the image from the Dockerfile beside it; ./run.sh IMAGE takes one that is there.'
      : '# ./run.sh takes the image that image.txt names; ./run.sh IMAGE another one.',
    '# Exit 0: all of expected.txt was printed. Exit 1: it was not.',
    'set -eu',
    'cd "$(dirname "$0")"',
    ...image,
    `# The hostname is that of the system that left the state: a lock in it may name its owner's.`,
    `printed=$(docker run --rm --interactive --network none --hostname ${HOSTNAME} --cap-drop ALL --security-opt no-new-privileges --read-only \\`,
    `  --user 1000:1000 --memory ${memory.defaultBytes} --memory-swap ${memory.defaultBytes} --pids-limit ${PIDS} \\`,
    `  --tmpfs ${quoted(`${promises.root}:rw,exec,uid=1000,gid=1000,mode=0700`)} --tmpfs /tmp:rw,exec,mode=1777 \\`,
    ...(boot.folder === undefined ? [] : [`  --workdir ${quoted(boot.folder)} \\`]),
    ...env,
    '  --entrypoint /bin/bash "$image" -c "$(cat inside.sh)" < state.tar)',
    'printf \'%s\\n\' "$printed"',
    'missing=0',
    'while IFS= read -r line; do',
    '  printf \'%s\\n\' "$printed" | grep -qxF -e "$line" || { echo "NOT SEEN: $line"; missing=1; }',
    'done < expected.txt',
    'if [ "$missing" -eq 0 ]; then echo "All of expected.txt was seen."; fi',
    'exit "$missing"',
    '',
  ].join('\n');
}

/** inside.sh: puts the state in place, boots, and lists the folder before and after. */
export function insideScript({ release: { boot, promises }, acknowledged, isFresh }: BundleRun): string {
  const tries = Math.ceil(promises.readyWithinMs / 200);
  return [
    `root=${quoted(promises.root)}`,
    'tar -xpf - -C / || exit 9',
    ...(isFresh ? ['find "$root" -exec touch {} +'] : []),
    'list() {',
    '  (cd "$root" && find . -mindepth 1 ! -type d | LC_ALL=C sort | while IFS= read -r file; do',
    `    printf '%s: %s, %s bytes\\n' "$1" "\${file#./}" "$(wc -c < "$file" | tr -d ' ')"`,
    '  done)',
    '}',
    'acknowledged() {',
    ...acknowledged.map(
      ({ name, text }) =>
        `  printf '%s: files with the acknowledged turn %s: %s\\n' "$1" ${quoted(name)} "$(grep -rlF -e ${quoted(text)} "$root" | wc -l | tr -d ' ')"`,
    ),
    '  :',
    '}',
    'list before; acknowledged before',
    `${boot.command.map(quoted).join(' ')} > /tmp/system.log 2>&1 &`,
    'system=$!',
    readiness(boot.ready),
    'tries=0',
    `while kill -0 "$system" 2> /dev/null && ! ready && [ "$tries" -lt ${tries} ]; do sleep 0.2; tries=$((tries + 1)); done`,
    'if ! kill -0 "$system" 2> /dev/null; then wait "$system"; echo "system: it ended with code $?"',
    `elif ready; then echo "system: it is ready"; sleep ${SETTLES_S}`,
    `else echo "system: it was not ready within ${Math.ceil(promises.readyWithinMs / 1000)} s"; fi`,
    'list after; acknowledged after',
    'kill -KILL "$system" 2> /dev/null; wait "$system" 2> /dev/null',
    "tail -n 8 /tmp/system.log | sed 's/^/log: /'",
    'exit 0',
    '',
  ].join('\n');
}

function readiness(ready: Release['boot']['ready']): string {
  switch (ready.kind) {
    case 'http':
      return [
        'ready() {',
        '  (',
        `    exec 3<> /dev/tcp/127.0.0.1/${ready.port} || exit 1`,
        `    printf 'GET %s HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' ${quoted(ready.path)} >&3`,
        '    read -r _ status _ <&3',
        `    [ "$status" = ${ready.status} ]`,
        '  ) 2> /dev/null',
        '}',
      ].join('\n');
    case 'tcp':
      return `ready() { (exec 3<> /dev/tcp/127.0.0.1/${ready.port}) 2> /dev/null; }`;
    case 'log':
      return `ready() { grep -qF -e ${quoted(ready.includes)} /tmp/system.log; }`;
  }
}

/** The lines that two runs of it have both, but for what the system logged: what its ids and times change is none of them. */
export function commonLines(first: string, second: string): string[] {
  const there = new Set(second.split('\n'));
  return first.split('\n').filter((line) => /^(before|after|system): /.test(line) && there.has(line));
}
