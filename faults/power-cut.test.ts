import { describe, expect, test } from 'vitest';
import { CellEvidence } from '../lab/evidence/cell-evidence.ts';
import type { EvidenceEvent } from '../lab/evidence/event.ts';
import { powerCut } from './power-cut.ts';

const CUT = {
  witnessBytes: 65_536,
  witnessLeftBytes: -1,
  bootBefore: 'a',
  bootAfter: 'b',
  kernel: '6.12.0',
  fileSystem: 'ext4',
  mountOptions: 'rw,noatime,commit=600',
  offMs: 30_000,
};
const seen = (facts?: Record<string, string | number>, ...more: EvidenceEvent[]) =>
  powerCut.landing(
    new CellEvidence([
      { t: 1, type: 'phase', name: 'strike' },
      ...(facts === undefined ? [] : [{ t: 2, type: 'strike', step: 'cut', facts } as const]),
      ...more,
    ]),
  );

describe('the landing of a power cut', () => {
  test.each([-1, 0, 4096])('of a file that was never synced, %i bytes are left', (witnessLeftBytes) => {
    expect(seen({ ...CUT, witnessLeftBytes })).toMatchObject({ landed: true });
  });

  test('nothing was lost where the file is there whole', () => {
    expect(seen({ ...CUT, witnessLeftBytes: CUT.witnessBytes })).toMatchObject({
      landed: false,
      why: expect.stringContaining('flushed'),
    });
  });

  test('a file that was never written proves nothing by being away', () => {
    expect(seen({ ...CUT, witnessBytes: 0 })).toMatchObject({ landed: false });
  });

  test('a kernel that went on was not without power', () => {
    expect(seen({ ...CUT, bootAfter: 'a' })).toMatchObject({
      landed: false,
      why: expect.stringContaining('same kernel'),
    });
  });

  test('a system that was killed as well may have ended of that', () => {
    const kill: EvidenceEvent = {
      t: 2,
      type: 'docker',
      container: 'x-system',
      action: 'kill',
      attributes: { signal: '9' },
    };
    expect(seen(CUT, kill)).toMatchObject({ landed: false });
  });

  test('no cut, no landing', () => {
    expect(seen()).toMatchObject({ landed: false, why: 'the power was not cut' });
  });
});
