import type { Canary, Gateway, Release } from '../../lab/gateway.ts';
import { Problem } from '../../lab/problem.ts';
import { referenceImage } from './recipe.ts';

const VERSION = '1.0.0';
const PORT = 18790;
const GRACE_MS = 5 * 60_000;
const MiB = 1024 * 1024;

function release(gateway: string, version: string, defects: readonly string[]): Release {
  if (version !== VERSION)
    throw new Problem('no-such-version', `there is no ${gateway}@${version}: the only version is ${VERSION}.`);
  return {
    gateway,
    version,
    image: referenceImage,
    boot: {
      command: ['node', '/opt/gateway/main.ts', ...defects.flatMap((name) => ['--defect', name])],
      env: {
        STATE_DIR: '/state',
        PORT: String(PORT),
        PROVIDER_URL: 'http://127.0.0.1:18080/v1',
        GRACE_MS: String(GRACE_MS),
      },
      files: [],
      ready: { kind: 'http', port: PORT, path: '/readyz', status: 200, includes: '"ready":true' },
    },
    turn: {
      port: PORT,
      method: 'POST',
      path: '/v1/chat/completions',
      headers: { 'x-session-key': '{session}' },
      body: { model: 'echo', messages: [{ role: 'user', content: '{text}' }] },
    },
    promises: {
      root: '/state',
      store: {
        path: '/state/sessions.json',
        format: 'json-rows',
        rowFields: ['sessionId', 'createdAt', 'updatedAt', 'turns'],
      },
      temps: ['/state/sessions.json.*.*.*.*.tmp'],
      sweepGraceMs: GRACE_MS,
      sweepWithinMs: 500,
      readyWithinMs: 10_000,
      serveWithinMs: 5_000,
      durable: [{ file: '/state/sessions.json', contains: '{text}' }],
    },
    memory: { defaultBytes: 192 * MiB, minimumBytes: 96 * MiB },
  };
}

/** The lab's own gateway, which shows how to do it right. */
export const reference: Gateway = {
  name: 'reference',
  summary: 'the reference gateway: atomic replace, both syncs, a sweep that spares what is not its own',
  defaultVersion: VERSION,
  inDefaultPlan: true,
  release: async (version) => release('reference', version, []),
};

const caught: Canary = { crashPoint: 'torn-temp', fault: 'sigkill', caughtBy: ['store-valid', 'all-or-nothing'] };

/** The reference gateway with one defect switched on: every run must catch it. */
export const canary: Gateway = {
  name: 'canary',
  summary: 'the reference gateway writing its store in place: a control that every run must catch',
  defaultVersion: VERSION,
  inDefaultPlan: false,
  canary: caught,
  release: async (version) => release('canary', version, ['write-in-place']),
};
