import { Problem } from '../../lab/problem.ts';
import type { HttpRequest, Release, System } from '../../lab/system.ts';
import { referenceImage } from './recipe.ts';
import { grownReference, NUMBERED_FROM, numberedStore, seededStore } from './seed.ts';

const VERSION = '1.0.0';
const PORT = 18790;
const MiB = 1024 * 1024;
const DAY_MS = 24 * 60 * 60_000;

const GRACE_MS = 5 * 60_000;
/** Of the gateway's own timer. A cell waits for it, so it is short here. */
const MAINTENANCE_MS = 400;
/** A turn's record takes about 400 bytes: every second turn folds the journal into the store, and so passes the crash points of its replacement. */
const FOLD_BYTES = 600;
const SEEDED_ROWS = 40;
/** Room for one more: the session of the turn that is struck pushes one out. */
const MAX_ENTRIES = SEEDED_ROWS + 1;

const MAIN = ['node', '/opt/gateway/main.ts'];
const ENV = {
  STATE_DIR: '/state',
  PORT: String(PORT),
  PROVIDER_URL: 'http://127.0.0.1:18080/v1',
  GRACE_MS: String(GRACE_MS),
};
/** A scenario is one client, and in a hurry. */
const UNLIMITED = { RATE_LIMIT: '1000000000' };
const NUMBERED = 20_000;
/** A request takes it a millisecond or two. */
const MANY = { warmUp: 1_000, batch: { full: 1_000, quick: 200 } };

const turn = (key: string, text: string): HttpRequest => ({
  port: PORT,
  method: 'POST',
  path: '/v1/chat/completions',
  headers: { 'x-session-key': key },
  body: { model: 'echo', messages: [{ role: 'user', content: text }] },
});

const LIST: HttpRequest = { port: PORT, method: 'GET', path: '/v1/sessions', headers: {}, body: undefined };

const historyOf = (key: string): HttpRequest => ({
  port: PORT,
  method: 'GET',
  path: `/v1/sessions/${key}/history`,
  headers: {},
  body: undefined,
});

/** How a build of the reference gateway is run in the lab. */
export function release(system: string, version: string, defects: readonly string[], memoryBytes = 192 * MiB): Release {
  if (version !== VERSION)
    throw new Problem('no-such-version', `there is no ${system}@${version}: the only version is ${VERSION}.`);
  const broken = defects.flatMap((name) => ['--defect', name]);
  return {
    system,
    version,
    image: referenceImage,
    boot: {
      command: [...MAIN, ...broken],
      env: {
        ...ENV,
        SWEEP_INTERVAL_MS: String(MAINTENANCE_MS),
        FOLD_BYTES: String(FOLD_BYTES),
        MAX_ENTRIES: String(MAX_ENTRIES),
      },
      files: [{ path: '/state/sessions.json', content: seededStore(SEEDED_ROWS, Date.now()) }],
      ready: { kind: 'http', port: PORT, path: '/readyz', status: 200, includes: '"ready":true' },
    },
    write: { kind: 'http', ...turn('{session}', '{text}') },
    // Of the turn that is struck: that it is in a file does not mean that it is found again.
    read: { kind: 'http', ...historyOf('midwrite-struck') },
    kept: [
      { name: 'the session "kept-1"', shows: { kind: 'http', ...LIST }, contains: 'midwrite-kept-1' },
      {
        name: 'what its session "kept-2" said',
        shows: { kind: 'http', ...historyOf('midwrite-kept-2') },
        contains: 'midwrite-text-kept-2-',
      },
    ],
    lifecycle: 'server',
    promises: {
      root: '/state',
      store: {
        path: '/state/sessions.json',
        format: 'json-rows',
        rowsAt: 'sessions',
        rowFields: ['sessionId', 'kind', 'createdAt', 'updatedAt', 'turns', 'bytes'],
        journal: '/state/sessions.journal.*',
      },
      temps: ['/state/sessions.json.*.*.*.*.tmp'],
      sweepGraceMs: GRACE_MS,
      // It sweeps before it says that it is ready.
      sweepWithinMs: 0,
      sweepEveryMs: 2 * MAINTENANCE_MS + 200,
      readyWithinMs: 10_000,
      serveWithinMs: 5_000,
      // `docker stop` kills after that.
      stopsWithinMs: 10_000,
      durable: [
        { file: ['/state/sessions.journal.*', '/state/transcripts/*.jsonl'], contains: '{text}' },
        // A transcript counts as far as a row vouches for it.
        {
          file: ['/state/sessions.json', '/state/sessions.journal.*', '/state/archive/*.jsonl'],
          contains: '{session}',
        },
      ],
      level: 'power-loss',
      turnWritesAtMostBytes: 2048,
      retention: {
        maxRows: MAX_ENTRIES,
        archive: '/state/archive/*.jsonl',
        expires: [{ keys: 'agent:*:explicit:model-run-*', afterMs: DAY_MS }],
      },
    },
    memory: { defaultBytes: memoryBytes, minimumBytes: 96 * MiB },
    usual: {
      env: { ...ENV, ...UNLIMITED },
      grown: grownReference,
      sessions: [
        {
          name: 'model-run',
          lasts: 'one-shot',
          keys: 'agent:*:explicit:model-run-*',
          make: turn('agent:main:explicit:model-run-00000000-0000-4000-8000-0000000{n}', 'probe {n}'),
        },
        { name: 'cron', lasts: 'durable', keys: '*:cron:*', make: turn('agent:main:cron:{n}', 'cron {n}') },
        {
          name: 'group',
          lasts: 'durable',
          keys: '*:{group,channel}:*',
          make: turn('agent:main:group:{n}', 'group {n}'),
        },
        {
          name: 'direct',
          lasts: 'durable',
          keys: '*:{direct,dm}:*',
          make: turn('agent:main:direct:{n}', 'direct {n}'),
        },
        { name: 'other', lasts: 'durable', keys: '**', make: turn('agent:main:other-{n}', 'other {n}') },
      ],
      cleanup: {
        dryRun: [...MAIN, 'sessions', 'cleanup', '--dry-run', '--json', ...broken],
        enforce: [...MAIN, 'sessions', 'cleanup', '--enforce', '--json', ...broken],
        before: ['before', 'total'],
        after: ['after', 'total'],
      },
      commands: {
        tidy: {
          words: 'its `sessions cleanup --enforce`',
          argv: [...MAIN, 'sessions', 'cleanup', '--enforce', '--json', ...broken],
        },
      },
      index: {
        files: [{ path: '/state/sessions.json', content: seededStore(SEEDED_ROWS, Date.now()) }],
        rebuild: [...MAIN, 'index', 'rebuild', ...broken],
        shows: [...MAIN, 'index', 'show', ...broken],
        entriesIn(said) {
          const found = /"entries":(\d+)/.exec(said)?.[1];
          return found === undefined ? undefined : Number(found);
        },
        file: '/state/index.json',
      },
      backup: {
        create: [...MAIN, 'backup', 'create', ...broken],
        copies: '/state/backups/*/sessions.json',
        restore: (copy, nth) => [
          ...MAIN,
          'backup',
          'restore',
          copy,
          `/state/restored/made-${nth}/by-it/sessions.json`,
          ...broken,
        ],
      },
      lease: {
        name: 'the lock of the folder',
        files: [{ path: '/state/sessions.json', content: seededStore(SEEDED_ROWS, Date.now()) }],
        calls: { op: 'any', path: '/state/**' },
        file: '/state/gateway.lock',
        format: 'text',
        // The lock is the kernel's, on an empty file; one with a time in it is a defect's.
        holderIn(text) {
          const expiresAt = Number(text);
          return { owner: 'a process', ...(expiresAt > 0 && { expiresAt }) };
        },
      },
      readOnly: {
        command: [...MAIN, 'sessions', 'cleanup', '--dry-run', '--json', ...broken],
        file: '/state/sessions.json',
        handWritten: (n) => seededStore(n, 1_800_000_000_000 + n),
        marker: (n) => `seeded-${n}"`,
      },
      files: [],
      churn: [
        {
          name: 'runs',
          request: turn('agent:main:direct:one', 'run {n}'),
          ...MANY,
          forgetsWithinMs: 1_000,
        },
        {
          // Its clients are told apart by a header.
          name: 'connections',
          request: {
            port: PORT,
            method: 'GET',
            path: '/v1/transcripts/00000000-0000-4000-8000-100000010000',
            headers: { 'x-device-id': 'device-{n}' },
            body: undefined,
          },
          env: { RATE_WINDOW_MS: '500', RATE_BUCKET_KEEP_MS: '0', SWEEP_INTERVAL_MS: '250' },
          ...MANY,
          forgetsWithinMs: 1_500,
        },
        {
          name: 'transcripts',
          request: {
            port: PORT,
            method: 'GET',
            path: '/v1/transcripts/00000000-0000-4000-8000-1000000{n}',
            headers: {},
            body: undefined,
          },
          from: NUMBERED_FROM,
          ...MANY,
          env: { MAX_ENTRIES: String(2 * NUMBERED) },
          files: [{ path: '/state/sessions.json', content: numberedStore(NUMBERED, Date.now()) }],
          forgetsWithinMs: 500,
        },
      ],
    },
  };
}

/** The lab's own gateway, which shows how to do it right. */
export const reference: System = {
  name: 'reference',
  summary: 'the reference gateway: a journal, atomic replace, every sync, a sweep that spares what is not its own',
  defaultVersion: VERSION,
  inDefaultPlan: true,
  release: async (version) => release('reference', version, []),
};
