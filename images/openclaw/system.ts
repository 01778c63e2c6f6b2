import semver from 'semver';
import { nodeFor, publishedOf, versionFor, viewPackage } from '../../lab/image/npm.ts';
import { Problem } from '../../lab/problem.ts';
import type { Promises, Ready, Release, System } from '../../lab/system.ts';
import { BACKUP, BACKUP_SINCE } from './backup.ts';
import { churnOf } from './churn.ts';
import { CONFIG, commandsOf } from './commands.ts';
import { CLI, PORT, TOKEN, turn } from './endpoint.ts';
import { KEPT } from './kept.ts';
import { LEASE_SINCE, leaseOf } from './lease.ts';
import { INDEX_BY_WORDS_SINCE, memoryOf } from './memory.ts';
import { openclawImage } from './recipe.ts';
import { CLEANUP, MODEL_RUNS_SINCE, SESSION_KINDS } from './sessions.ts';
import { pinnedNode, releaseOf } from './version.ts';
import { withoutPricing } from './without-pricing.ts';

const PROVIDER_PORT = 18080;
const MiB = 1024 * 1024;

/** Up to 2026.7.x sessions are in sessions.json; from 2026.8.1, and in the betas of 2026.7.2 before it, in SQLite. */
function isSqlite(version: string): boolean {
  return semver.gte(version, '2026.8.0-0') || version.startsWith('2026.7.2-');
}

/** Older releases have no /readyz. */
const READYZ_SINCE = '2026.3.0';
const PRICING_SINCE = '2026.5.0';

function config(version: string): unknown {
  return {
    gateway: {
      mode: 'local',
      port: PORT,
      bind: 'loopback',
      auth: { mode: 'token', token: TOKEN },
      controlUi: { enabled: false },
      http: { endpoints: { chatCompletions: { enabled: true } } },
    },
    models: {
      mode: 'replace',
      providers: {
        lab: {
          baseUrl: `http://127.0.0.1:${PROVIDER_PORT}/v1`,
          apiKey: 'none',
          api: 'openai-completions',
          models: [
            {
              id: 'echo',
              name: 'echo',
              reasoning: false,
              input: ['text'],
              cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
              contextWindow: 128_000,
              maxTokens: 4_000,
            },
          ],
        },
      },
      ...(semver.gte(version, PRICING_SINCE) ? { pricing: { enabled: false } } : {}),
    },
    agents: { defaults: { model: { primary: 'lab/echo' }, skipBootstrap: true, heartbeat: { every: '0m' } } },
    plugins: { enabled: false },
    discovery: { mdns: { mode: 'off' } },
    update: { checkOnStart: false },
  };
}

const markerOf = (n: number): string => `written-by-hand-${n}`;

/** As the lab's own configuration, with a model's name of a person's choice. */
const handWritten = (version: string, name: string): unknown => {
  const own = withoutPricing(config(version) as { models: object });
  return JSON.parse(JSON.stringify(own).replace('"name":"echo"', JSON.stringify({ name }).slice(1, -1)));
};

const SESSIONS = '/state/.openclaw/agents/main/sessions';
const DATABASE = '/state/.openclaw/agents/main/agent/openclaw-agent.sqlite';

/** Where a release keeps its sessions, and where an acknowledged turn must be found again. */
const SESSIONS_JSON: Pick<Promises, 'store' | 'durable'> = {
  store: { path: `${SESSIONS}/sessions.json`, format: 'json-rows', rowFields: ['sessionId', 'updatedAt'] },
  durable: [
    { file: `${SESSIONS}/sessions.json`, contains: '"agent:main:explicit:{session}"' },
    { file: `${SESSIONS}/*.jsonl`, contains: '{text}' },
  ],
};
const SQLITE: Pick<Promises, 'store' | 'durable'> = {
  store: { path: DATABASE, format: 'sqlite' },
  durable: [
    { file: `${DATABASE}#rows`, contains: 'agent:main:explicit:{session}' },
    { file: `${DATABASE}#rows`, contains: '{text}' },
  ],
};

/** 6 to 25 s on two quiet processors, by release; more than 120 s were seen on very busy ones. */
const READY_MS = 300_000;
/** A lease of a dead owner is good for five minutes (#111972): so long, and a minute more, a supervisor restarts what refuses. */
const LEASE_MS = 6 * 60_000;

/**
 * From 2026.9.6 on copies of databases that a dead process left are removed by a running gateway, half a minute after it was ready, if it is idle then
 * (its `server-start`: `reclaimAbandonedSqliteSnapshotsAsync`). Seen by hand 29 s after; 2026.9.5 does it in its boot.
 */
const RECLAIMS_IDLE_SINCE = '2026.9.6-0';
const RECLAIMS_WITHIN_MS = 45_000;

/** Where its launcher has Node keep what V8 has compiled: below the temp folder, with the release and the user in the name. */
const COMPILE_CACHE = '/tmp/node-compile-cache';

const ENV = {
  HOME: '/state',
  OPENCLAW_SKIP_CHANNELS: '1',
  // Else it starts itself again as a child of its own.
  OPENCLAW_NO_RESPAWN: '1',
  OPENCLAW_DISABLE_BONJOUR: '1',
  OPENCLAW_NO_AUTO_UPDATE: '1',
};

/** At the start of a run nobody waits a minute for an answer that may not come. */
const ASKED_AT_START = { limitMs: 20_000, retries: 0 };

/** A tag of npm's, such as `latest`. */
const TAG = /^[a-z][a-z0-9-]*$/;

/** OpenClaw's gateway, the npm package as it is published. */
export const openclaw: System = {
  name: 'openclaw',
  summary: "OpenClaw's gateway, the real package from npm",
  defaultVersion: '2026.5.28',
  inDefaultPlan: true,
  expectations: 'openclaw/expectations.yaml',

  newest: {
    find: () => versionFor('openclaw', 'latest', ASKED_AT_START),
    // A kill in a turn, and one in the boot, which on these releases does far more.
    cells: (version) => [isSqlite(version) ? 'half-append_sigkill' : 'full-temp_sigkill', 'boot+most_sigkill'],
  },
  published: () => publishedOf('openclaw'),

  async release(version): Promise<Release> {
    if (semver.valid(version) === null) {
      const exact =
        semver.validRange(version) === null && !TAG.test(version) ? undefined : await versionFor('openclaw', version);
      if (exact !== undefined) return openclaw.release(exact);
    }
    const published =
      semver.valid(version) === null ? undefined : await viewPackage('openclaw', releaseOf(version), ['engines']);
    if (published === undefined) {
      throw new Problem(
        'no-such-version',
        `npm has no openclaw@${version}. \`npm view openclaw versions\` lists what there is, such as ${openclaw.defaultVersion}.`,
      );
    }
    const engines = published.engines as { node?: string } | undefined;
    const node = pinnedNode(version) ?? (await nodeFor(engines?.node));
    const ready: Ready = semver.gte(version, READYZ_SINCE)
      ? { kind: 'http', port: PORT, path: '/readyz', status: 200, includes: '"ready":true' }
      : { kind: 'log', includes: '[gateway] listening on ws://' };
    const { image, notes } = openclawImage(releaseOf(version), node);
    const configured = JSON.stringify(config(version), null, 2);
    const { store, durable } = isSqlite(version) ? SQLITE : SESSIONS_JSON;
    return {
      system: 'openclaw',
      version,
      image,
      notes,
      boot: {
        command: [...CLI, 'gateway', 'run', '--port', String(PORT), '--auth', 'token', '--token', TOKEN],
        env: ENV,
        files: [{ path: CONFIG, content: configured }],
        cache: COMPILE_CACHE,
        ready,
      },
      restartedForMs: LEASE_MS,
      kept: KEPT,
      write: { kind: 'http', ...turn('agent:main:explicit:{session}', '{text}') },
      lifecycle: 'server',
      promises: {
        root: '/state',
        store,
        // The patterns of the sweep that upstream merged (PR #90503), for temps that no cell has seen being made.
        temps: ['/state/.openclaw/agents/*/sessions/sessions.json.*.tmp'],
        // PR #90503 spares temps younger than five minutes.
        sweepGraceMs: 5 * 60_000,
        sweepWithinMs: semver.gte(version, RECLAIMS_IDLE_SINCE) ? RECLAIMS_WITHIN_MS : 2_000,
        readyWithinMs: READY_MS,
        serveWithinMs: 60_000,
        durable,
        level: 'process-crash',
      },
      memory: isSqlite(version)
        ? { defaultBytes: 1280 * MiB, minimumBytes: 896 * MiB }
        : { defaultBytes: 768 * MiB, minimumBytes: 512 * MiB },
      usual: {
        env: ENV,
        churn: churnOf(version),
        readOnly: {
          command: [...CLI, 'models', 'list'],
          file: CONFIG,
          handWritten: (n) => JSON.stringify(handWritten(version, markerOf(n)), null, 2),
          marker: markerOf,
          lock: '/state/.openclaw/openclaw.json.clobber.lock/owner',
        },
        commands: commandsOf(configured),
        ...(semver.gte(version, INDEX_BY_WORDS_SINCE) && { index: memoryOf(version, config(version)) }),
        ...(semver.gte(version, BACKUP_SINCE) && { backup: BACKUP }),
        ...(semver.gte(version, LEASE_SINCE) && { lease: leaseOf(config(version)) }),
        migrates: 'doctor',
        ...(semver.gte(version, MODEL_RUNS_SINCE) && { sessions: SESSION_KINDS, cleanup: CLEANUP }),
      },
    };
  },
};
