import type { Conversation } from '../../lab/drive.ts';
import type { Cleanup, SessionKind } from '../../lab/system.ts';
import { CLI, connects, PORT, turn } from './endpoint.ts';

/** A UUID's form: from 2026.6 on the gateway goes by it. */
const MODEL_RUN = 'model-run-00000000-0000-4000-8000-0000000{n}';

/** What a backend client sends for one run of the agent: on loopback, with the shared token, it needs no identity of a device. */
const agentCall = (params: Readonly<Record<string, unknown>>): Conversation => ({
  port: PORT,
  path: '/',
  steps: [
    connects({ minProtocol: 4, caps: [] }),
    {
      after: { type: 'res', id: 'connect-{n}', ok: true },
      send: { type: 'req', id: 'run-{n}', method: 'agent', params: { agentId: 'main', ...params } },
    },
  ],
  done: { type: 'res', id: 'run-{n}', ok: true, payload: { status: 'ok' } },
  refused: { type: 'res', ok: false },
});

/**
 * What `openclaw infer model run --gateway --model lab/echo` sends, frame by frame (dist/capability-cli-*.js and dist/client-*.js of 2026.5.26 and
 * 2026.7.1).
 */
const MODEL_RUN_CALL = agentCall({
  sessionId: MODEL_RUN,
  sessionKey: `agent:main:explicit:${MODEL_RUN}`,
  message: 'probe {n}',
  provider: 'lab',
  model: 'echo',
  modelRun: true,
  promptMode: 'none',
  cleanupBundleMcpOnRunEnd: true,
  idempotencyKey: 'probe-{n}',
});

/** From 2026.7.1 on an HTTP turn may not name a session of a cron job's; a backend client may. */
const CRON_CALL = agentCall({
  sessionKey: 'agent:main:cron:job-{n}',
  message: 'cron {n}',
  idempotencyKey: 'cron-{n}',
});

/** The kinds that #88632 counts. */
export const SESSION_KINDS: readonly SessionKind[] = [
  { name: 'model-run', lasts: 'one-shot', keys: 'agent:*:explicit:model-run-*', make: MODEL_RUN_CALL },
  { name: 'cron', lasts: 'durable', keys: 'agent:*:cron:*', make: CRON_CALL },
  {
    name: 'group',
    lasts: 'durable',
    keys: 'agent:*:*:{group,channel}:*',
    make: turn('agent:main:telegram:group:-{n}', 'group {n}'),
  },
  { name: 'direct', lasts: 'durable', keys: 'agent:*:direct:*', make: turn('agent:main:direct:{n}', 'direct {n}') },
  { name: 'other', lasts: 'durable', keys: '**', make: turn('agent:main:explicit:other-{n}', 'other {n}') },
];

export const CLEANUP: Cleanup = {
  dryRun: [...CLI, 'sessions', 'cleanup', '--dry-run', '--enforce', '--json'],
  enforce: [...CLI, 'sessions', 'cleanup', '--enforce', '--json'],
  before: ['beforeCount'],
  after: ['afterCount'],
};
/** `sessions cleanup` and the gateway's protocol 4. */
export const MODEL_RUNS_SINCE = '2026.5.26';
