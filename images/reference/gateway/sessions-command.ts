import { existsSync, realpathSync } from 'node:fs';
import { type CleanupReport, type CleanupRequest, cleanUp } from './cleanup.ts';
import type { SessionsOptions } from './command-line.ts';
import type { Config } from './config.ts';
import type { Defect } from './defects.ts';
import type { Log } from './log.ts';
import { State, StateError } from './state.ts';

const ANSWER_LIMIT_MS = 60_000;

/** Does `sessions cleanup` or `sessions prune`; resolves with what to print. */
export async function runSessionsCommand(
  config: Config,
  { dryRun, json, prune }: SessionsOptions,
  defects: ReadonlySet<Defect>,
): Promise<string> {
  // Opening would make it, and a folder that was written wrongly would look like one that is in order.
  if (!existsSync(config.stateDir)) throw new Error(`there is no folder ${config.stateDir}; set STATE_DIR`);
  const request: CleanupRequest = prune === undefined ? { dryRun } : { dryRun, prune };
  const report = (await inFolder(config, request, defects)) ?? (await overHttp(config, request));
  return json ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report);
}

/** Opens the state itself; undefined where a gateway holds it. */
async function inFolder(
  config: Config,
  request: CleanupRequest,
  defects: ReadonlySet<Defect>,
): Promise<CleanupReport | undefined> {
  const { stateDir: folder, graceMs, foldBytes, retention } = config;
  let state: State;
  try {
    state = await State.open({ folder, graceMs, foldBytes, retention, defects }, logToStderr);
  } catch (error) {
    if (error instanceof StateError && error.code === 'locked') return undefined;
    throw error;
  }
  const { report } = await cleanUp(state, request, Date.now());
  // To close is to fold, and a fold retires: after a dry run the lock is given back by the end of the process.
  if (!request.dryRun) await state.close();
  return report;
}

/** Asks the gateway that holds the folder. It is told which folder is meant: another gateway may have the port. */
async function overHttp({ port, stateDir }: Config, request: CleanupRequest): Promise<CleanupReport> {
  const gateway = `a gateway holds ${stateDir}, and asked on 127.0.0.1:${port}`;
  let response: Response;
  try {
    response = await fetch(`http://127.0.0.1:${port}/v1/sessions/maintenance`, {
      method: 'POST',
      // A name of its own, so that it is not refused for what other programs of this machine asked.
      headers: { 'content-type': 'application/json', 'x-device-id': 'sessions-command' },
      body: JSON.stringify({ ...request, stateDir: realpathSync(stateDir) }),
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    });
  } catch (error) {
    throw new Error(`${gateway} it does not answer; set PORT as that gateway has it`, { cause: error });
  }
  if (response.status !== 200) throw new Error(`${gateway} it answers ${response.status}: ${await response.text()}`);
  return (await response.json()) as CleanupReport;
}

function formatReport({ dryRun, before, after, byKind }: CleanupReport): string {
  const kinds = Object.keys(before.byKind) as (keyof typeof before.byKind)[];
  const rows = kinds.map((kind) => {
    const reasons = Object.entries(byKind[kind] ?? {}).map(([reason, count]) => `${count} ${reason}`);
    return [kind, before.byKind[kind] ?? 0, after.byKind[kind] ?? 0, reasons.join(', ')];
  });
  const table = [['kind', 'before', 'after', 'gone'], ...rows, ['total', before.total, after.total, '']];
  const lines = table.map(([kind, was, is, gone]) =>
    `${String(kind).padEnd(10)}${String(was).padStart(8)}${String(is).padStart(8)}  ${gone}`.trimEnd(),
  );
  return `${lines.join('\n')}\n${dryRun ? 'A dry run: nothing was retired.\n' : ''}`;
}

/** What was found wrong while opening; stdout is for the report. */
const logToStderr: Log = (level, event, fields = {}) => {
  if (level !== 'info') process.stderr.write(`${JSON.stringify({ t: Date.now(), level, event, ...fields })}\n`);
};
