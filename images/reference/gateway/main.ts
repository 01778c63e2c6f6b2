/** The reference gateway: how to keep state in files and keep the promises. The README says which. */
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Api } from './api.ts';
import { type Command, readCommandLine, USAGE } from './command-line.ts';
import { type Config, readConfig } from './config.ts';
import { UsageError } from './config-section.ts';
import type { Defect } from './defects.ts';
import { errorFields, logToStdout as log } from './log.ts';
import { HttpServer } from './server.ts';
import { State, StateError } from './state.ts';

/** Of the defect `sweeps-after-one-crash-only`. */
const SWEPT_NAME = 'swept';

process.stdout.on('error', () => undefined); // a log that nobody reads is no reason to lose turns

try {
  await run(readCommandLine(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`reference gateway: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof UsageError ? 2 : 1);
}

async function run(command: Command): Promise<void> {
  if (command.name === 'help') {
    process.stdout.write(USAGE);
    return;
  }
  const config = readConfig(process.env, command.configFile);
  if (command.name === 'gateway') return runGateway(config, command.defects);
  if (command.name === 'files') {
    const { runFilesCommand } = await import('./files-command.ts');
    process.stdout.write(await runFilesCommand(config, command, command.defects));
    return;
  }
  const { runSessionsCommand } = await import('./sessions-command.ts');
  process.stdout.write(await runSessionsCommand(config, command, command.defects));
}

/** The gateway's life, in the order in which it happens. */
async function runGateway(config: Config, defects: ReadonlySet<Defect>): Promise<void> {
  const stopped = stopSignal();
  const { api, server, state } = await boot(config, defects).catch((error: unknown) => {
    log('error', 'boot-failed', bootFailure(error));
    throw error;
  });

  const maintain = () => attempt('maintenance-failed', () => api.maintain());
  const sweep = async () => {
    if (!defects.has('no-timer-sweep')) await attempt('sweep-failed', () => state.sweep());
  };
  // A fold may be long, and what a crash has left does not wait for it.
  const maintenance = startRounds(maintain, config.sweepIntervalMs);
  const sweeps = startRounds(sweep, config.sweepIntervalMs);
  maintenance.now();

  log('info', 'stopping', { signal: await stopped });
  if (defects.has('drains-longer-than-a-stop')) await pause(20_000);
  api.stop();
  await Promise.all([server.stop(), maintenance.stop(), sweeps.stop()]);
  await state.close();
  log('info', 'stopped');
  process.exit(0);
}

function bootFailure(error: unknown): Record<string, unknown> {
  return error instanceof StateError ? { code: error.code, error: error.message } : errorFields(error);
}

async function sweepAtBoot(state: State, { stateDir }: Config, defects: ReadonlySet<Defect>) {
  if (!defects.has('sweeps-after-one-crash-only')) return state.sweep();
  const mark = join(stateDir, SWEPT_NAME);
  if (existsSync(mark)) return void (await rm(mark));
  const swept = await state.sweep();
  if (swept.removed + swept.spared > 0) await writeFile(mark, '');
  return swept;
}

async function boot(config: Config, defects: ReadonlySet<Defect>) {
  const api = new Api(config, defects, log);
  const server = new HttpServer((request) => api.answer(request), log);
  // The port comes first: a second gateway with the same one must fail before it touches the state.
  const port = await server.listen(config.port);
  log('info', 'listening', { port, defects: [...defects] });
  const state = await State.open({ ...config, folder: config.stateDir, defects }, log);
  const swept = defects.has('no-boot-sweep') ? undefined : await sweepAtBoot(state, config, defects);
  api.serve(state);
  log('info', 'ready', { bootMs: Math.round(performance.now()), ...swept });
  return { api, server, state };
}

/** Rounds on a timer. Never two at a time: what falls into a long one is left out. */
function startRounds(round: () => Promise<void>, intervalMs: number) {
  let current: Promise<void> | undefined;
  const now = () => {
    current ??= round().finally(() => {
      current = undefined;
    });
  };
  const timer = setInterval(now, intervalMs);
  return {
    now,
    async stop(): Promise<void> {
      clearInterval(timer);
      await current;
    },
  };
}

/** What fails here is tried again in the next round, and is no reason to stop serving. */
async function attempt(failure: string, work: () => Promise<unknown>): Promise<void> {
  await work().catch((error: unknown) => log('error', failure, errorFields(error)));
}

function stopSignal(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => resolve(signal));
  return promise;
}
