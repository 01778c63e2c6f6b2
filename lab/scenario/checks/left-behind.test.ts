import { describe, expect, test } from 'vitest';
import { judge } from '../../judge/judge.ts';
import { begunScenario, SCENARIO_STORE as STORE } from '../../test/begun-scenario.ts';

type Entry = { path: string; type: 'file' | 'directory'; size: number };

const CRASHES = 6;
const COPIES = '/state/.cache/copies';

interface Told {
  /** What lies there after so many crashes, beside the store. */
  crashed?: (crash: number) => Entry[];
  /** The same after so many undisturbed boots. */
  undisturbed?: (boot: number) => Entry[];
  looks?: number;
}

const copy = (number: number, size = 1_500_000): Entry[] => {
  const folder = `${COPIES}/readonly-${number}7-AbCd${number}f`;
  return [
    { path: folder, type: 'directory', size: 4096 },
    { path: `${folder}/copy.sqlite`, type: 'file', size },
  ];
};
const upTo = (count: number, make: (number: number) => Entry[]) =>
  Array.from({ length: count }, (_, index) => make(index + 1)).flat();

/** Evidence of `crashes-in-boot`: three undisturbed boots, then crashes, each with a whole boot after it. */
function boots({ crashed = () => [], undisturbed = () => [], looks = CRASHES }: Told) {
  const build = begunScenario({ scenario: 'crashes-in-boot', steps: CRASHES });
  const look = (series: 'undisturbed' | 'crashes', x: number, entries: Entry[]) =>
    build.add({
      type: 'look',
      series,
      x,
      roots: ['/state', '/tmp'],
      entries: [
        { path: STORE, type: 'file', size: 100 },
        { path: '/state/.cache', type: 'directory', size: 4096 },
        { path: COPIES, type: 'directory', size: 4096 },
        ...entries,
      ],
    });
  let boot = 1;
  build.started(boot).ready(boot);
  look('undisturbed', 0, undisturbed(0));
  for (let x = 1; x <= 3; x += 1) {
    boot += 1;
    build.started(boot).ready(boot);
    look('undisturbed', x, undisturbed(x));
  }
  for (let step = 1; step <= CRASHES; step += 1) {
    build.add({ type: 'phase', name: `step ${step}` });
    boot += 1;
    build
      .started(boot)
      .add({ type: 'phase', name: 'strike' })
      .add({ type: 'docker', container: 'x-system', action: 'kill', attributes: { signal: '9' } })
      .add({ type: 'stopped', boot, exitCode: 137, oomKilled: false, byLab: false })
      .add({ type: 'phase', name: 'recover' });
    boot += 1;
    build.started(boot).ready(boot);
    if (step <= looks) look('crashes', step, [...undisturbed(3), ...crashed(step)]);
  }
  build.add({ type: 'end', durationMs: 1 });
  const result = judge(build.done());
  return result.checks.find(({ id }) => id === 'left-behind') ?? result;
}

describe('left-behind', () => {
  test('nothing, or the same once: held', () => {
    expect(boots({})).toMatchObject({ verdict: 'held' });
    const once = boots({ crashed: () => [{ path: '/state/lock', type: 'file', size: 3 }] });
    expect(once).toMatchObject({ verdict: 'held' });
    expect(once.detail).toMatch(/left, and not more with each crash: \/state\/lock/);
  });

  test('a copy in a folder of its own with each crash: violated, and the folder is named', () => {
    const found = boots({ crashed: (crash) => upTo(crash, copy) });
    expect(found).toMatchObject({ verdict: 'violated' });
    expect(found.detail).toBe(
      `1.00 file, 1.00 folder with 1.50 MB a crash in ${COPIES}/readonly-*; at this rate 34000 crashes leave 51 GB (6 crashes, 3 undisturbed boots)`,
    );
  });

  test('folders without a byte pile up as well', () => {
    const empty = (crash: number) => upTo(crash, copy).filter(({ type }) => type === 'directory');
    expect(boots({ crashed: empty })).toMatchObject({
      verdict: 'violated',
      detail: `1.00 folder with 0 bytes a crash in ${COPIES}/readonly-* (6 crashes, 3 undisturbed boots)`,
    });
  });

  test('in the temp folder too', () => {
    const crashed = (crash: number) => upTo(crash, (n) => [{ path: `/tmp/dump.${n}1.tmp`, type: 'file', size: 10 }]);
    expect(boots({ crashed }).detail).toMatch(/^1\.00 file with 10 bytes a crash in \/tmp\/dump\.\*\.tmp/);
  });

  test('a random name that looks like a word is of the same group as the others', () => {
    const names = ['aBcDeF', 'lkpcoz', 'GhIjKl', 'qwertz', 'MnOpQr', 'StUvWx', 'yZaBcD', 'EfGhIj', 'KlMnOp'];
    const copied = (n: number): Entry[] => [
      { path: `/state/.cache/copy-${names[n % names.length]}`, type: 'directory', size: 0 },
      { path: `/state/.cache/copy-${names[n % names.length]}/database`, type: 'file', size: 10 },
    ];
    expect(boots({ crashed: (crash) => upTo(crash, copied) }).detail).toMatch(
      /^1\.00 file, 1\.00 folder with 10 bytes a crash in \/state\/\.cache\/copy-\*/,
    );
  });

  test('what every boot leaves is not the crashes’: a log for each', () => {
    const log = (n: number): Entry[] => [{ path: `/state/logs/boot-${n}1.log`, type: 'file', size: 50 }];
    // A crash is two boots: the one that is struck, and the whole one after it.
    const crashed = (crash: number) => upTo(2 * crash, (n) => log(n + 3));
    expect(boots({ undisturbed: (boot) => upTo(boot, log), crashed }).verdict).toBe('held');
    const more = (crash: number) => upTo(3 * crash, (n) => log(n + 3));
    expect(boots({ undisturbed: (boot) => upTo(boot, log), crashed: more }).verdict).toBe('violated');
  });

  test('now one and now none: neither nothing nor something', () => {
    const wild = [0, 2, 0, 3, 0, 5, 1];
    expect(boots({ crashed: (crash) => upTo(wild[crash] ?? 0, copy) }).verdict).toBe('inconclusive');
  });

  test('too few looks', () => {
    expect(boots({ looks: 2 })).toMatchObject({
      verdict: 'inconclusive',
      detail: expect.stringMatching(/only 2 looks/),
    });
  });
});
