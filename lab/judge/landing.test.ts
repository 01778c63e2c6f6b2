import { describe, expect, test } from 'vitest';
import { stop } from '../../faults/stop.ts';
import type { EvidenceEvent } from '../evidence/event.ts';
import { RANKING, worst } from '../result/verdict.ts';
import { type EvidenceBuilder, killed, slept, stopped } from '../test/healthy-cell.ts';
import { judge } from './judge.ts';

const without = (build: EvidenceBuilder, matches: (event: EvidenceEvent) => boolean) => {
  build.events = build.events.filter((event) => !matches(event));
  return build;
};
/** Its kill as an engine reports it that says that of its signal. */
const withSignal = (build: EvidenceBuilder, attributes: Record<string, string>) => {
  build.events = build.events.map((event) =>
    event.type === 'docker' && event.action === 'kill' ? { ...event, attributes } : event,
  );
  return build;
};
const isGate = (ev: string) => (event: EvidenceEvent) => event.type === 'gate' && event.event.ev === ev;

test('Podman reports a kill and not its signal: the exit code proves it', () => {
  expect(judge(withSignal(killed(), {}).done())).toMatchObject({
    verdict: 'held',
    detail: expect.stringContaining('the engine reported a kill and exit 137, and no OOM'),
  });
});

test('a stop lands in the call that was held last: those that were looked at before it were let go', () => {
  const looked = (build: EvidenceBuilder) => {
    const strike = build.events.findIndex((event) => event.type === 'phase' && event.name === 'strike');
    const held = build.events.findIndex(isGate('held'));
    const [before] = build.events.slice(held, held + 1);
    if (before?.type !== 'gate') throw new Error('nothing is held');
    const { t } = before;
    const { seq, mono } = before.event;
    build.events.splice(
      Math.min(held, strike),
      0,
      { ...before, event: { ...before.event, id: 'looked-at' } as typeof before.event },
      { t, type: 'gate', boot: 1, event: { seq, mono, t, ev: 'released', id: 'looked-at', how: 'continued' } },
    );
    return build.done();
  };
  expect(stop.landing(looked(stopped()))).toMatchObject({ landed: true });
  expect(stop.landing(looked(without(stopped(), (event) => isGate('released')(event))))).toMatchObject({
    landed: false,
    why: 'the call was not held when the signal came',
  });
});

describe('without a proof nothing is held', () => {
  const spoiled: [string, string, RegExp, EvidenceBuilder][] = [
    ['no hold', 'missed', /no hold took place/, without(killed(), isGate('held'))],
    ['no kill', 'missed', /the engine reported no SIGKILL/, without(killed(), (event) => event.type === 'docker')],
    ['a kill with another signal', 'missed', /the engine reported no SIGKILL/, withSignal(killed(), { signal: '10' })],
    [
      'an OOM beside the kill',
      'missed',
      /killed for memory as well/,
      killed().add({ type: 'docker', container: 'x-system', action: 'oom', attributes: {} }),
    ],
    [
      'no freeze',
      'missed',
      /both the freeze and the thaw/,
      without(slept(), (event) => event.type === 'docker' && event.action === 'pause'),
    ],
    ['the held call never went on', 'missed', /never went on/, without(slept(), isGate('released'))],
    ['cut off', 'inconclusive', /breaks off/, without(killed(), (event) => event.type === 'end')],
    [
      'the lab failed',
      'inconclusive',
      /engine-lost.*gone/,
      killed().add({ type: 'problem', code: 'engine-lost', message: 'gone' }),
    ],
    [
      'events that can not be read',
      'inconclusive',
      /could not be read/,
      killed().add({ type: 'garbage', boot: 1, line: 'x', why: 'not JSON' }),
    ],
    [
      'an unknown path',
      'inconclusive',
      /passed it unseen/,
      killed().gate(1, { ev: 'unknown-path', op: 'rename', syscall: 'rename' }),
    ],
    [
      'crash point not reached',
      'missed',
      /never reached: nothing matched.*create \/state\/x/,
      killed().add({ type: 'not-held', why: 'nothing matched', seen: ['create /state/x'] }),
    ],
    [
      'never ready',
      'missed',
      /before any fault.*\n {2}boom/,
      killed().add({ type: 'not-ready', boot: 1, why: 'it was not ready', lastLines: 'boom' }),
    ],
  ];

  test.each(spoiled)('%s', (_, verdict, says, build) => {
    const result = judge(build.done());
    expect(result.verdict).toBe(verdict);
    expect(result.detail).toMatch(says);
    expect(result.checks.map((check) => check.verdict)).not.toContain('held');
  });

  test('no evidence at all', () => {
    expect(judge(undefined).verdict).toBe('inconclusive');
  });

  test('a hold of another call', () => {
    const build = killed();
    build.events = build.events.map((event) => (event.type === 'hold' ? { ...event, to: '/state/other.json' } : event));
    expect(judge(build.done()).verdict).toBe('missed');
  });

  test.each([false, null])('a hold during which another write was, or may have been, in the kernel: %s', (quiesced) => {
    const build = killed();
    build.events = build.events.map((event) =>
      event.type === 'gate' && event.event.ev === 'held' ? { ...event, event: { ...event.event, quiesced } } : event,
    );
    expect(judge(build.done())).toMatchObject({
      verdict: 'inconclusive',
      detail: expect.stringMatching(/in the kernel/),
    });
  });
});

test('the ranking: a miss hides everything, a finding stays a finding, unknown is never success', () => {
  expect(worst(['held', 'missed', 'violated'])).toBe('missed');
  expect(worst(['held', 'inconclusive', 'violated'])).toBe('violated');
  expect(worst(['held', 'inconclusive', 'not-applicable'])).toBe('inconclusive');
  expect(worst(['held', 'not-applicable'])).toBe('held');
  expect(worst(['not-applicable'])).toBe('not-applicable');
  expect(worst([])).toBe('inconclusive');
  expect(new Set(RANKING).size).toBe(RANKING.length);
});
