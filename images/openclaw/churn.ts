import semver from 'semver';
import type { Conversation } from '../../lab/drive.ts';
import type { Churn } from '../../lab/system.ts';
import { asDevice, calls, turn } from './endpoint.ts';

/** Before it, nothing is ever forgotten; from it on, PR #63709 keeps a bucket for five minutes, looks once a minute, and keeps 10,000 at most. */
const BUCKETS_FORGOTTEN_SINCE = '2026.4.10';
const BUCKETS_FORGOTTEN_WITHIN_MS = 6 * 60_000;
/** PR #63709 keeps the keys of 256 transcripts: more than that are warmed up, and as many again as are measured. */
const TRANSCRIPTS = 360;
/** A run that failed may be tried again for 15 s (`AGENT_LIFECYCLE_ERROR_RETRY_GRACE_MS`, dist/server.impl-*.js). */
const RUNS_FORGOTTEN_WITHIN_MS = 16_500;
/** The ids of the last closed runs (`CLOSED_RUN_IDS_MAX`, dist/runtime-*.js); 2026.4.9 does not know them, 2026.5.28 does. */
const CLOSED_RUNS_REMEMBERED_SINCE = '2026.4.10';
const CLOSED_RUNS = 512;
/** What is left of a connection when it is over is timers of a second. */
const SETTLES_WITHIN_MS = 1_500;
/** The model of a run may have a name of 256 characters (`OVERRIDE_VALUE_MAX_LENGTH`, dist/agent-command-*.js). */
const TOO_LONG = 'x'.repeat(300);

/**
 * One call of a client that was never there before. Its identity makes it an operator on releases that give none without, and it needs no pairing: on loopback
 * with the shared token, a backend client does without (`shouldSkipLocalBackendSelfPairing`, dist/server.impl-*.js).
 */
function call(method: string, params: unknown): Pick<Conversation, 'port' | 'path' | 'sign' | 'steps'> {
  const begun = asDevice({ id: 'gateway-client', mode: 'backend' });
  return { ...begun, steps: [...begun.steps, calls(method, params)] };
}

/** Sessions that have not said anything yet: what is written to one of them makes its transcript. */
function silentSessions(count: number): string {
  const rows = Array.from({ length: count }, (_, index) => {
    const serial = String(index + 1);
    const sessionId = `00000000-0000-4000-8000-${serial.padStart(12, '0')}`;
    return [`agent:main:explicit:transcript-${serial}`, { sessionId, updatedAt: Date.now() - index }];
  });
  return JSON.stringify(Object.fromEntries(rows), null, 2);
}

/** What #63643 names, and what makes one of each. */
export function churnOf(version: string): Churn[] {
  const areBucketsForgotten = semver.gte(version, BUCKETS_FORGOTTEN_SINCE);
  const run = turn('agent:main:explicit:churn', 'run {n}');
  return [
    {
      name: 'connections',
      // A write to the control plane is counted against its client before its parameters are looked at.
      request: {
        ...call('config.patch', {}),
        done: { type: 'res', id: 'call-{n}', ok: false, error: { code: 'INVALID_REQUEST' } },
        refused: { type: 'res', id: 'connect-{n}', ok: false },
      },
      // Of the clients that are present it remembers the last 200.
      warmUp: 240,
      batch: { full: 40 },
      forgetsWithinMs: areBucketsForgotten ? BUCKETS_FORGOTTEN_WITHIN_MS : SETTLES_WITHIN_MS,
    },
    {
      // As a run without its model: it fails before that is asked, in a tenth of the time.
      name: 'failed runs',
      request: {
        ...run,
        headers: { ...run.headers, 'x-openclaw-model': `lab/${TOO_LONG}` },
        body: { ...(run.body as object), stream: true },
      },
      // The keys of the last 256 are remembered (`RUN_LOOKUP_CACHE_LIMIT`).
      warmUp: 260,
      batch: { full: 25 },
      forgetsWithinMs: RUNS_FORGOTTEN_WITHIN_MS,
      ...(semver.gte(version, CLOSED_RUNS_REMEMBERED_SINCE) && { remembers: CLOSED_RUNS }),
    },
    {
      name: 'transcripts',
      request: {
        ...call('chat.inject', { sessionKey: 'agent:main:explicit:transcript-{n}', message: 'note {n}' }),
        done: { type: 'res', id: 'call-{n}', ok: true },
        refused: { type: 'res', ok: false },
      },
      files: [{ path: '/state/.openclaw/agents/main/sessions/sessions.json', content: silentSessions(TRANSCRIPTS) }],
      warmUp: 260,
      batch: { full: 16, quick: 8 },
      forgetsWithinMs: SETTLES_WITHIN_MS,
    },
  ];
}
