import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { asSystem } from '../define/as-system.ts';
import type { SystemDefinition } from '../define/definition.ts';
import { connect, type Engine } from '../engine/engine.ts';
import { buildImagesOf } from '../run/images.ts';
import { debian, npm } from '../source/source.ts';
import { isFull } from '../test/full.ts';
import { folder } from '../test/midwrite.ts';
import { workloads } from '../workload/workload.ts';
import type { Model } from './crash-state.ts';
import type { Exploration } from './exploration.ts';
import { DRAWS, explore } from './explore.ts';

/** Small programs that keep notes in a SQLite database, right and wrong ones. A note is in two tables, so that a half of it can be told. */

const LIMIT_MS = 240_000;
const say = () => undefined;
const { signal } = new AbortController();

let engine: Engine;
beforeAll(async () => {
  engine = await connect(say);
});

const SHELL = ['sqlite3', '/state/notes.db'];
const TABLES = 'create table said (text); create table again (text);';
const NOTE = "insert into said values ('{text}'); insert into again values ('{text}');";
const READ = 'select * from said; select * from again;';

/** A command for each write. @param pragmas what each connection says first */
const shell = (name: string, pragmas: string, more: Partial<SystemDefinition> = {}): SystemDefinition => ({
  name,
  image: debian('sqlite3'),
  setup: { command: [...SHELL, `${pragmas} ${TABLES}`] },
  write: { command: [...SHELL, `${pragmas} begin; ${NOTE} commit;`] },
  read: { command: [...SHELL, READ] },
  store: { sqlite: 'notes.db' },
  memory: '128m',
  survives: 'power-loss',
  ...more,
});

/** Takes its database as it finds it, or, as who forgets that a log belongs to it, only the file itself. */
const SERVER = `
import { createServer } from 'node:http';
import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
if (process.argv[2] === 'copies' && existsSync('notes.db')) {
  copyFileSync('notes.db', 'notes.db.copy');
  rmSync('notes.db-wal', { force: true });
  renameSync('notes.db.copy', 'notes.db');
}
const database = new DatabaseSync('notes.db');
database.exec("pragma journal_mode = wal; pragma synchronous = full; create table if not exists said (text)");
const server = createServer((request, response) => {
  const said = new URL(request.url, 'http://x').searchParams.get('said');
  if (said !== null) database.prepare('insert into said values (?)').run(said);
  response.end(said ?? database.prepare('select text from said').all().map((row) => row.text).join(' '));
}).listen(8080, '127.0.0.1');
process.on('SIGTERM', () => { database.close(); server.close(); process.exit(0); });`;

const server = (name: string, how = ''): SystemDefinition => ({
  name,
  image: npm('semver@7.8.6', { files: { 'server.mjs': SERVER } }),
  start: `node /opt/app/server.mjs ${how}`,
  write: 'http://127.0.0.1:8080/?said={text}',
  read: 'http://127.0.0.1:8080/',
  store: { sqlite: 'notes.db' },
  memory: '256m',
  survives: 'power-loss',
});

async function explored(
  definition: SystemDefinition,
  { models, maxStates, crashes }: { models: readonly Model[]; maxStates: number; crashes: number },
): Promise<Exploration> {
  await using at = await folder();
  const release = await asSystem(definition, at.path).release('now');
  const images = await buildImagesOf(engine, release, { say, signal });
  const workload = workloads.find(({ name }) => name === 'turn');
  if (workload === undefined) throw new Error('no such workload');
  const subject = { release, images, memoryBytes: release.memory.defaultBytes };
  return await explore(engine, subject, path.join(at.path, definition.name), {
    workload,
    models,
    maxStates,
    everyState: false,
    ...DRAWS,
    maxDurationMs: Number.POSITIVE_INFINITY,
    crashes,
    jobs: 2,
    signal,
    say,
  });
}

const BOTH = ['process-crash', 'power-loss'] as const;

describe('right ones hold, and real crashes leave what the model says', { timeout: LIMIT_MS }, () => {
  test.each([
    ...(isFull ? [['a rollback journal', shell('rollback', 'pragma synchronous = extra;'), []] as const] : []),
    ['a write-ahead log, with its checkpoint', shell('wal', 'pragma journal_mode = wal;'), ['/state/notes.db-shm']],
    ['a server that has its log open', server('server'), ['/state/notes.db-shm']],
  ] as const)('%s', async (_, definition, sharedMemory) => {
    const found = await explored(definition, { models: BOTH, maxStates: 8, crashes: 2 });
    expect(found.findings).toEqual([]);
    expect(found.outcome.ofTried, found.outcome.reasons.join('\n')).toBe('held');
    expect(found.confirmed.map(({ agrees }) => agrees)).toEqual([true, true]);
    expect(found.sharedMemory).toEqual(sharedMemory);
    // States that differ behind the last commit of the log alone are one.
    expect(found.states.booted).toBeGreaterThan(2);
    expect(found.states.represented).toBeGreaterThan(found.states.booted);
  });
});

describe('wrong ones are named', { timeout: LIMIT_MS }, () => {
  const cause = (found: Exploration, check: string, model: Model): string[] =>
    found.findings.filter((one) => one.check === check && one.model === model).map((one) => one.cause);

  test('no sync at all', async () => {
    const found = await explored(shell('off', 'pragma synchronous = off;'), {
      models: ['power-loss'],
      maxStates: 12,
      crashes: 0,
    });
    expect(found.outcome.verdict).toBe('violated');
    expect(cause(found, 'acked-durable', 'power-loss').join('\n')).toMatch(
      /what call \d+ wrote to \/state\/notes\.db was never synced/,
    );
  });

  test.runIf(isFull)('a transaction in two commits', async () => {
    const definition = shell('two-commits', '', { write: { command: [...SHELL, NOTE] } });
    const found = await explored(definition, { models: ['process-crash'], maxStates: 30, crashes: 0 });
    expect(found.outcome.verdict).toBe('violated');
    expect(cause(found, 'all-or-nothing', 'process-crash').join('\n')).toMatch(
      /^behind call \d+ \(unlink \/state\/notes\.db-journal\)/,
    );
  });

  test('a journal that is deleted by hand', async () => {
    const read = { command: ['sh', '-c', `rm -f notes.db-journal; sqlite3 notes.db '${READ}'`] };
    const found = await explored(shell('journal-removed', '', { read }), {
      models: ['process-crash'],
      maxStates: 30,
      crashes: 0,
    });
    expect(found.outcome.verdict).toBe('violated');
    expect(cause(found, 'all-or-nothing', 'process-crash').join('\n')).toMatch(/\(write \/state\/notes\.db\)/);
  });

  test('a copy of a live database without its log', async () => {
    const found = await explored(server('server-copies', 'copies'), {
      models: ['process-crash'],
      maxStates: 10,
      crashes: 0,
    });
    expect(found.outcome.verdict).toBe('violated');
    expect(cause(found, 'acked-durable', 'process-crash').join('\n')).toMatch(
      /before call 1 \(write \/state\/notes\.db-wal\)/,
    );
    const [lost] = found.findings.filter(({ check }) => check === 'acked-durable');
    expect(lost?.detail).toMatch(/the write "midwrite-\w+" was acknowledged.* gone/);
  });
});
