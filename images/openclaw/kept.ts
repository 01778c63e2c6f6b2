import type { Conversation } from '../../lab/drive.ts';
import type { Kept } from '../../lab/system.ts';
import { asDevice, calls, connects, PORT } from './endpoint.ts';

/** One call of a backend client, and its answer. */
const call = (method: string, params: unknown): { kind: 'talk' } & Conversation => ({
  kind: 'talk',
  port: PORT,
  path: '/',
  steps: [connects({ minProtocol: 4, caps: [] }), calls(method, params)],
  done: { type: 'res', id: 'call-{n}', ok: true },
  refused: { type: 'res', ok: false },
});

const JOB = 'midwrite-daily';
const DEVICE = 'midwrite-device';

/** A command line with a key of its own: on loopback with the shared token it is paired without a question (`allowSilentLocalPairing`, dist/message-handler-*.js). */
const paired: { kind: 'talk' } & Conversation = {
  kind: 'talk',
  ...asDevice(
    { id: 'cli', mode: 'cli' },
    { client: { id: 'cli', displayName: DEVICE, version: '1.0.0', platform: 'linux', mode: 'cli' } },
  ),
  done: { type: 'res', id: 'connect-{n}', ok: true },
  refused: { type: 'res', ok: false },
};

/** What a person has made under one release and looks for under the next. */
export const KEPT: readonly Kept[] = [
  {
    name: 'a cron job',
    make: call('cron.add', {
      name: JOB,
      enabled: true,
      schedule: { kind: 'cron', expr: '0 5 1 1 *', tz: 'UTC' },
      sessionTarget: 'main',
      wakeMode: 'next-heartbeat',
      payload: { kind: 'systemEvent', text: 'a job of the lab' },
    }),
    shows: call('cron.list', { includeDisabled: true }),
    contains: JOB,
  },
  { name: 'a paired device', make: paired, shows: call('device.pair.list', {}), contains: DEVICE },
  {
    name: 'the session "kept-1"',
    shows: call('sessions.list', {}),
    contains: 'agent:main:explicit:midwrite-kept-1',
  },
  {
    name: 'what its session "kept-2" said',
    shows: call('chat.history', { sessionKey: 'agent:main:explicit:midwrite-kept-2' }),
    contains: 'midwrite-text-kept-2-',
  },
  {
    name: 'the model in its configuration',
    shows: { kind: 'file', path: '/state/.openclaw/openclaw.json' },
    contains: 'lab/echo',
  },
];
