import { expect, test } from 'vitest';
import { EvidenceBuilder, killed } from '../test/healthy-cell.ts';
import { systemTimeMs } from './system-time.ts';

/** A cell with one boot, and a turn of 100 ms that is held 40 ms after it was sent. */
function heldTurn(releasedAfterMs: number | undefined): EvidenceBuilder {
  const build = new EvidenceBuilder();
  build.events.push(killed().done().cell);
  build.ready(1, 300);
  const sent = build.now;
  build.at(sent + 39).gate(1, { ev: 'held', id: 'full-temp' });
  if (releasedAfterMs !== undefined)
    build.at(sent + 39 + releasedAfterMs).gate(1, { ev: 'released', id: 'full-temp', how: 'continued' });
  return build.at(sent + 100).turn('struck', 1, false, 100);
}
const ended = (build: EvidenceBuilder) => build.add({ type: 'end', durationMs: 1_000 }).done();

test('boots until ready, and a turn without its hold', () => {
  expect(systemTimeMs(ended(heldTurn(50)))).toBe(300 + 100 - 50);
});

test('the setup, and the answers to what it holds', () => {
  const build = heldTurn(50).add({ type: 'setup', boot: 1, step: 1, tookMs: 20 });
  const answer = { type: 'answer', boot: 1, acknowledged: true, text: '' } as const;
  build.add({ ...answer, moment: 'before', tookMs: 5 }).add({ ...answer, moment: 'booted' });
  build.add({ type: 'store-check', moment: 'booted', boot: 1, isWhole: true, said: '', tookMs: 3 });
  expect(systemTimeMs(ended(build))).toBe(300 + 50 + 20 + 5 + 3);
});

test('a call that was never released is held until the turn is over', () => {
  expect(systemTimeMs(ended(heldTurn(undefined)))).toBe(300 + 40);
});

test('the stop that was asked for, and not the end by a fault', () => {
  const stopped = (build: EvidenceBuilder, boot: number) =>
    build.add({ type: 'stopped', boot, exitCode: 0, oomKilled: false, byLab: true });
  const build = stopped(heldTurn(50), 1).ready(2, 200);
  build.add({ type: 'phase', name: 'boot again' });
  stopped(build.at(build.now + 69), 2).ready(3, 100);
  expect(systemTimeMs(ended(build))).toBe(350 + 200 + 70 + 100);
});

test('how long it refused to boot after the crash, with the pauses of whoever started it again; not the boot that was struck', () => {
  const build = heldTurn(50);
  const began = (boot: number, afterMs: number) =>
    build.at(build.now + afterMs).gate(boot, { ev: 'start', pid: 7, group: 7, version: '1', cgroup: 'v1', limit: 1 });
  const refused = (boot: number) => build.add({ type: 'stopped', boot, exitCode: 1, oomKilled: false, byLab: false });
  began(1, 1);
  refused(1);
  build.add({ type: 'phase', name: 'recover' });
  began(2, 10);
  refused(2);
  began(3, 10_000);
  build.ready(3, 400);
  const since = (boot: number) =>
    build.events.find((one) => one.type === 'gate' && one.boot === boot && one.event.ev === 'start')?.t ?? 0;
  expect(systemTimeMs(ended(build))).toBe(350 + 400 + since(3) - since(2));
  expect(since(3) - since(2)).toBeGreaterThanOrEqual(10_000);
});

test('of a cell that did not come to its end it is not known', () => {
  expect(systemTimeMs(heldTurn(50).done())).toBeUndefined();
});
