import { describe, expect, test } from 'vitest';
import { FOREIGN, killed, slept, TEMP } from '../../test/healthy-cell.ts';
import { orphaned } from '../../test/judged-run.ts';
import { closeUp, thinned, timeline } from './timeline.ts';

describe('a cell that was killed', () => {
  const times = timeline(killed().done());

  test('is held from the hold to its death', () => {
    expect(times.holds).toHaveLength(1);
    const [hold] = times.holds;
    expect(hold?.label).toContain(`held before rename ${TEMP}`);
    expect(hold?.toMs).toBe(times.boots[0]?.toMs);
    expect(hold?.toMs).toBeGreaterThan(hold?.fromMs ?? 0);
  });

  test('shows the fault, and what became of the turns', () => {
    expect(times.fault.map((mark) => mark.label)).toEqual(['strike', 'kill, signal 9']);
    expect(times.turns.map((turn) => [turn.label, turn.acknowledged])).toEqual([
      ['warm', true],
      ['struck', false],
      ['after', true],
    ]);
  });

  test('shows each boot, and when it was ready', () => {
    expect(times.boots.map((boot) => boot.label)).toEqual(['boot 1', 'boot 2', 'boot 3']);
    for (const boot of times.boots) expect(boot.readyAtMs).toBeGreaterThanOrEqual(boot.fromMs);
  });

  test('shows what the boot swept, and no removal that is none', () => {
    expect(times.sweep.map((mark) => mark.label)).toEqual([TEMP]);
    expect(timeline(orphaned().done()).sweep).toEqual([]);
    const greedy = killed();
    greedy.events.splice(-1, 0, ...killed().op(2, 'unlink', FOREIGN).events.slice(-1));
    expect(timeline(greedy.done()).sweep.map((mark) => mark.label)).toEqual([TEMP, `planted: ${FOREIGN}`]);
  });

  test('tells calls on the store from calls elsewhere', () => {
    const build = killed();
    build.events.splice(-1, 0, ...killed().op(2, 'write', '/state/elsewhere.log').events.slice(-1));
    const { calls } = timeline(build.done());
    expect(calls.filter((call) => !call.onStore).map((call) => call.says)).toEqual([
      ...Array.from({ length: 2 }, () => 'sync /state'),
      'write /state/elsewhere.log',
    ]);
  });

  test('a close-up begins before the hold and ends after it', () => {
    const part = closeUp(times);
    expect(part?.fromMs).toBeLessThan(times.holds[0]?.fromMs ?? 0);
    expect(part?.toMs).toBeGreaterThan(times.holds[0]?.toMs ?? 0);
  });
});

test('a system that lives through it is held until it goes on, and that is the proof', () => {
  const times = timeline(slept().done());
  expect(times.proof.map((mark) => mark.label)).toEqual(['pause', 'unpause', 'the held call went on (continued)']);
  expect(times.holds[0]?.toMs).toBe(times.proof.at(-1)?.atMs);
});

test('an engine whose clock is an hour behind gives the same picture', () => {
  const behind = killed();
  behind.events = behind.events.map((event) =>
    event.type === 'gate' ? { ...event, event: { ...event.event, t: event.event.t - 3_600_000 } } : event,
  );
  const [here, there] = [timeline(killed().done()), timeline(behind.done())];
  expect(there.calls.map((call) => Math.round(call.atMs))).toEqual(here.calls.map((call) => Math.round(call.atMs)));
});

test('a thinned curve keeps its peaks', () => {
  const points = Array.from({ length: 5_000 }, (_, index): [number, number] => [
    index,
    index === 3_141 ? 999 : index % 7,
  ]);
  const few = thinned(points, 300);
  expect(few.length).toBeLessThanOrEqual(300);
  expect(few).toContainEqual([3_141, 999]);
  expect(few.map(([at]) => at)).toEqual(few.map(([at]) => at).toSorted((a, b) => a - b));
});
