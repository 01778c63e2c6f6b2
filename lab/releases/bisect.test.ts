import { describe, expect, test } from 'vitest';
import { foundInWords, nextStep, type Probe } from './bisect.ts';

const versions = Array.from({ length: 60 }, (_, index) => `1.0.${index}`);

/** Searches with an oracle, and counts. */
function search(violatedBy: (index: number) => string[] | undefined, list: readonly string[] = versions) {
  const probes: Probe[] = [];
  for (;;) {
    const step = nextStep(list, probes);
    if (step.kind !== 'probe') return { step, probes };
    const violated = violatedBy(versions.indexOf(step.version));
    probes.push({
      version: step.version,
      attempts: 1,
      purpose: step.why,
      ...(violated === undefined ? { why: 'it does not install' } : { violated }),
    });
  }
}

test('a change is told as it happened, whichever end is called good', () => {
  const fixed = (index: number) => (index >= 20 ? [] : ['no-orphans']);
  for (const list of [versions, versions.toReversed()]) {
    const { step } = search(fixed, list);
    if (step.kind !== 'found') throw new Error(step.kind);
    expect(foundInWords('x', step, 9)[0]).toBe(
      'x@1.0.20 is the first release where no-orphans is no longer violated; 1.0.19 is the last one before it (9 releases looked at).',
    );
  }
});

describe('a search that halves', () => {
  test.each([1, 2, 17, 30, 58, 59])('finds the change at %i among 60, in log2 steps', (at) => {
    const { step, probes } = search((index) => (index >= at ? ['no-orphans'] : []));
    expect(step).toMatchObject({ kind: 'found', last: `1.0.${at - 1}`, first: `1.0.${at}`, between: [], odd: [] });
    // Two ends, six halvings, and at most one look at each side.
    expect(probes.length).toBeLessThanOrEqual(2 + 6 + 2);
  });

  test('finds where something was put right, from the newer end to the older one too', () => {
    const fixed = (index: number) => (index >= 20 ? [] : ['no-orphans', 'sweep-on-boot']);
    expect(search(fixed).step).toMatchObject({ first: '1.0.20', last: '1.0.19', change: { begins: false } });
    expect(search(fixed, versions.toReversed()).step).toMatchObject({
      first: '1.0.19',
      last: '1.0.20',
      change: { begins: true, checks: ['no-orphans', 'sweep-on-boot'] },
    });
  });

  test('passes over what is not found out, and says so where it matters', () => {
    const { step } = search((index) => (index >= 28 && index <= 31 ? undefined : index > 31 ? ['serves'] : []));
    expect(step).toMatchObject({ last: '1.0.27', first: '1.0.32', between: ['1.0.28', '1.0.29', '1.0.30', '1.0.31'] });
    if (step.kind === 'found') expect(foundInWords('x', step, 9).join('\n')).toMatch(/may be one of them: 1\.0\.28/);
  });

  test('says that it is not one change', () => {
    const twice = search((index) => (index >= 40 || (index > 2 && index < 20) ? ['serves'] : []));
    expect(twice.step).toMatchObject({ kind: 'found', odd: [expect.stringMatching(/is like the bad end, before/)] });
    const two = search((index) => [...(index >= 20 ? ['serves'] : []), ...(index >= 40 ? ['boots'] : [])]);
    expect(two.step).toMatchObject({
      first: '1.0.20',
      odd: expect.arrayContaining([expect.stringMatching(/of .*serves/)]),
    });
  });

  test('two ends that are alike, and an end that is not found out', () => {
    expect(search(() => ['boots']).step).toEqual({ kind: 'same', violated: ['boots'] });
    expect(search((index) => (index === 59 ? undefined : [])).step).toMatchObject({
      kind: 'end unknown',
      version: '1.0.59',
    });
  });
});
