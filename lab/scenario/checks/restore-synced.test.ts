import { expect, test } from 'vitest';
import { begunScenario } from '../../test/begun-scenario.ts';
import { restoreSynced } from './restore-synced.ts';

const ROOT = '/state';
type Call = readonly [op: string, path: string];

/** Evidence of a restore that made a folder and a file in it. */
function judged(calls: readonly Call[], exitCode = 0) {
  const build = begunScenario({ scenario: 'openclaw-113306', steps: 1 })
    .started(1)
    .ready(1)
    .add({ type: 'look', series: 'undisturbed', x: 0, roots: [ROOT], entries: [] })
    .started(2);
  for (const [op, path] of calls)
    build.add({
      type: 'gate',
      boot: 2,
      event: { ev: 'op', seq: 1, t: 1, mono: 1, op, syscall: op, pid: 1, tid: 1, path },
    } as never);
  build.add({
    type: 'command',
    argv: ['backup', 'sqlite', 'restore'],
    isSystemRunning: false,
    exitCode,
    oomKilled: false,
    stdout: 'refused',
    stderr: '',
    droppedBytes: 0,
    tookMs: 1,
  });
  return restoreSynced.judge({ evidence: build.done(), proof: { text: '1 step' } as never });
}

const made: Call[] = [
  ['mkdir', '/state/a'],
  ['create', '/state/a/db'],
  ['write', '/state/a/db'],
  ['sync', '/state/a/db'],
];

test('each folder was synced behind what was made in it', () => {
  expect(judged([...made, ['sync', '/state/a'], ['sync', ROOT]])).toMatchObject({ verdict: 'held' });
});

test('the folder above was not, and the bytes were not', () => {
  expect(judged([...made, ['sync', '/state/a']])).toMatchObject({
    verdict: 'violated',
    detail: 'it reported success, and the folder of /state/a was not synced behind the call that made it',
  });
  const unsynced = made.slice(0, 3);
  expect(judged([...unsynced, ['sync', '/state/a'], ['sync', ROOT]])).toMatchObject({
    verdict: 'violated',
    detail: 'it reported success, and the last bytes of /state/a/db were not synced',
  });
});

test('one that failed, or did nothing, proves nothing', () => {
  expect([judged(made, 1).verdict, judged([]).verdict]).toEqual(['inconclusive', 'inconclusive']);
});
