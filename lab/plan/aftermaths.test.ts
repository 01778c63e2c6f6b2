import { expect, test } from 'vitest';
import { aftermathsNamed, isYoung } from '../cell-id.ts';
import { judge } from '../judge/judge.ts';
import { type EvidenceBuilder, killed } from '../test/healthy-cell.ts';
import { plan } from './plan.ts';
import type { Selection } from './planned.ts';

const asked = (more: Partial<Selection>): Selection => ({
  systems: ['reference'],
  faults: [],
  crashPoints: ['full-temp'],
  memory: [],
  cells: [],
  repeat: 1,
  ...more,
});
const idsOf = async (more: Partial<Selection>) =>
  (await plan(asked(more))).filter(({ role }) => role === 'cell').map(({ id }) => id);

test('each fault that ends the system, with each aftermath that is asked for', async () => {
  const ids = await idsOf({ aftermaths: ['new-container', 'fresh'] });
  expect(ids).toContain('reference@1.0.0_full-temp_sigkill_192m_new-container');
  expect(ids).toContain('reference@1.0.0_full-temp_oom_192m_fresh');
  expect(ids.every((id) => /_(new-container|fresh)$/.test(id))).toBe(true);
  expect(ids.some((id) => id.includes('_sleep_'))).toBe(false);
});

test.each([
  [{ faults: ['sleep'], aftermaths: ['new-container'] }, /after sleep the system lives on/],
  [
    { systems: [], crashPoints: [], cells: ['reference@1.0.0_full-temp_sleep_192m_new-container'] },
    /after sleep the system lives on/,
  ],
] as const)('what no aftermath can follow is refused: %j', async (more, says) => {
  await expect(plan(asked(more as Partial<Selection>))).rejects.toThrow(says);
});

test('a name that is none is told, with those that there are', () => {
  expect(() => aftermathsNamed(['old'])).toThrow(/Unknown aftermath "old"\. Available: aged, fresh, new-container/);
  expect(['aged', 'fresh', 'new-container', 'corrupt-store'].filter(isYoung)).toEqual(['fresh', 'new-container']);
});

/** As `killed`, with the aftermath and the hosts of both boots. */
function inHosts(...hosts: readonly [string, number][]): EvidenceBuilder {
  const build = killed();
  build.events = build.events.map((event) => {
    if (event.type === 'cell') return { ...event, aftermath: 'new-container' };
    if (event.type !== 'gate' || event.event.ev !== 'start') return event;
    const [hostname, pid] = hosts[event.boot - 1] ?? hosts[1] ?? ['', 0];
    return { ...event, event: { ...event.event, hostname, pid } };
  });
  return build;
}

test('a container that was not replaced is a miss, and one that was is in the proof', () => {
  const { detail, verdict } = judge(inHosts(['one', 7], ['one', 9]).done());
  expect([verdict, detail]).toEqual(['missed', expect.stringMatching(/not replaced: it has the same hostname, one/)]);
  expect(judge(inHosts(['one', 7], ['two', 7]).done()).detail).toMatch(/the same process id, 7/);
  expect(judge(inHosts(['one', 7], ['two', 64]).done()).detail).toMatch(/process 7 on one was struck, and 64 on two/);
});
