import { expect, test } from 'vitest';
import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { Moment } from '../evidence/event.ts';
import { EvidenceBuilder, killed } from '../test/healthy-cell.ts';
import { segmentsOf } from './segments.ts';

/** A cell that went all the way, with only what marks its segments. */
function wholeCell(): EvidenceBuilder {
  const build = new EvidenceBuilder();
  const phase = (name: string) => build.add({ type: 'phase', name });
  const snapshot = (moment: Moment) => build.snapshot(moment, {});
  const stopped = (boot: number) => build.add({ type: 'stopped', boot, exitCode: 137, oomKilled: false, byLab: false });
  build.events.push(killed().done().cell);
  build.add({ type: 'docker', container: 'x-sidecar', action: 'start', attributes: {} });
  phase('boot');
  build.ready(1);
  phase('warm-up');
  build.turn('warm', 1);
  snapshot('before');
  phase('hold');
  build.gate(1, { ev: 'held', id: 'full-temp' });
  snapshot('held');
  phase('strike');
  stopped(1);
  phase('prepare');
  snapshot('struck');
  phase('recover');
  build.ready(2);
  snapshot('booted');
  build.turn('after', 2);
  snapshot('served');
  phase('boot again');
  stopped(2);
  snapshot('stopped');
  build.ready(3);
  snapshot('rebooted');
  phase('clean up');
  return build;
}

const lengthOf = ({ events }: CellEvidence) => (events.at(-1)?.t ?? 0) - (events[0]?.t ?? 0);

test('the segments of a cell have no gaps: together they are the cell', () => {
  const cell = wholeCell().add({ type: 'end', durationMs: 1 }).done();
  const segments = segmentsOf(cell) ?? [];
  expect(segments.reduce((total, segment) => total + segment.tookMs, 0)).toBe(lengthOf(cell));
  expect(segments.filter((segment) => segment.share === 'system').map((segment) => segment.name)).toEqual([
    'first boot',
    'first turn',
    'second turn',
    'kill',
    'second boot',
    'third turn',
    'stop',
    'third boot',
  ]);
});

test('a cell that did not go all the way has none', () => {
  expect(segmentsOf(wholeCell().done())).toBeUndefined();
});
