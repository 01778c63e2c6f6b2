/** The reference gateway: how to keep state in a file and keep the promises. The README says which. */
import { mkdir } from 'node:fs/promises';
import { type Config, readConfig, UsageError } from './config.ts';
import { errorFields, logToStdout as log } from './log.ts';
import { identify } from './process-identity.ts';
import { loadStore } from './recovery.ts';
import { GatewayServer } from './server.ts';
import { Store } from './store.ts';
import { StoreFile } from './store-file.ts';
import { sweep } from './sweep.ts';

process.stdout.on('error', () => undefined); // a log that nobody reads is no reason to lose turns

try {
  await run(readConfig(process.env, process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`reference gateway: ${error instanceof Error ? error.message : String(error)}\n`);
  if (!(error instanceof UsageError)) log('error', 'boot-failed', errorFields(error));
  process.exit(error instanceof UsageError ? 2 : 1);
}

/** The gateway's life, in the order in which it happens. */
async function run(config: Config): Promise<void> {
  const stopped = stopSignal();
  const server = new GatewayServer(config, log);
  // The port comes first: a second gateway with the same one must fail before it touches the store.
  const port = await server.listen();
  log('info', 'listening', { port, defects: [...config.defects] });

  await mkdir(config.stateDir, { recursive: true, mode: 0o700 });
  const file = new StoreFile(config.stateDir, await identify(), config.defects);
  const { rows, keep } = await loadStore(file, log);
  const clean = () => sweep(file, { graceMs: config.graceMs, keep }, log);
  const swept = await clean();

  server.serve(new Store(rows, (content) => file.replace(content)));
  const bootMs = Math.round(performance.now());
  log('info', 'ready', { bootMs, removed: swept.removed.length, spared: swept.spared.length });

  const timer = sweepOnTimer(clean, config.sweepIntervalMs);
  log('info', 'stopping', { signal: await stopped });
  clearInterval(timer);
  await server.stop();
  log('info', 'stopped');
  process.exit(0);
}

/** Never two sweeps at once: one that takes longer than the interval makes the next one wait for its turn. */
function sweepOnTimer(clean: () => Promise<unknown>, intervalMs: number): NodeJS.Timeout {
  let isSweeping = false;
  return setInterval(async () => {
    if (isSweeping) return;
    isSweeping = true;
    await clean().catch((error: unknown) => log('error', 'sweep-failed', errorFields(error)));
    isSweeping = false;
  }, intervalMs);
}

function stopSignal(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => resolve(signal));
  return promise;
}
