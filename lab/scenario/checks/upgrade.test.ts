import { describe, expect, test } from 'vitest';
import { judge } from '../../judge/judge.ts';
import { begunScenario } from '../../test/begun-scenario.ts';

interface Told {
  /** What the new release shows of a cron job: after the undisturbed upgrade, and after the crash. */
  upgrade?: boolean;
  crash?: boolean;
  /** What the old one shows of it. */
  life?: boolean;
  /** So many boots refuse after the crash. */
  refusals?: number;
  /** It is ready at last. */
  isReady?: boolean;
  /** Behind the refusals an operator runs a command. */
  isMended?: boolean;
  /** The old release boots on the folder of the new one. */
  rollback?: boolean;
}

/** Evidence of an upgrade with one crash. */
function upgraded({
  upgrade = true,
  crash = true,
  life = true,
  refusals = 0,
  isReady = true,
  isMended = false,
  rollback = true,
}: Told) {
  const build = begunScenario({ scenario: 'upgrade', steps: 1, version: '2.0.0', from: '1.0.0' });
  const kept = (boot: number, version: string, after: 'life' | 'upgrade' | 'crash', isThere: boolean) =>
    build.add({
      type: 'kept',
      boot,
      version,
      after,
      name: 'a cron job',
      isThere,
      said: isThere ? 'daily' : '{"jobs":[]}',
    });
  const refuse = (boot: number) =>
    build
      .started(boot)
      .add({ type: 'not-ready', boot, why: 'it ended with code 1 before it was ready', lastLines: 'a lease is held' });
  build.started(1).add({ type: 'program', boot: 1, version: '1.0.0' }).ready(1);
  kept(1, '1.0.0', 'life', life);
  build.started(2).ready(2);
  kept(2, '2.0.0', 'upgrade', upgrade);
  build.started(3).add({ type: 'program', boot: 3, version: '1.0.0' });
  if (rollback) build.ready(3);
  else
    build.add({
      type: 'not-ready',
      boot: 3,
      why: 'it ended with code 78 before it was ready',
      lastLines: 'a newer schema',
    });
  build
    .add({ type: 'phase', name: 'step 1' })
    .started(4)
    .add({ type: 'phase', name: 'strike' })
    .add({ type: 'docker', container: 'x-system', action: 'kill', attributes: { signal: '9' } })
    .add({ type: 'stopped', boot: 4, exitCode: 137, oomKilled: false, byLab: false })
    .add({ type: 'phase', name: 'recover' });
  for (let boot = 5; boot < 5 + refusals; boot += 1) {
    refuse(boot);
    build.at(build.now + 10_000);
  }
  if (isMended)
    build.add({
      type: 'command',
      argv: ['gateway', 'doctor'],
      isSystemRunning: false,
      exitCode: 0,
      oomKilled: false,
      stdout: '',
      stderr: '',
      droppedBytes: 0,
      tookMs: 5,
    });
  if (isReady) {
    build.started(5 + refusals).ready(5 + refusals);
    kept(5 + refusals, '2.0.0', 'crash', crash);
  }
  build.add({ type: 'end', durationMs: 1 });
  const result = judge(build.done());
  return (id: string) => result.checks.find((check) => check.id === id) ?? result;
}

describe('an upgrade', () => {
  test('that keeps everything and boots after a crash holds', () => {
    expect(upgraded({})('upgrade-keeps')).toMatchObject({ verdict: 'held' });
    expect(upgraded({})('boots')).toMatchObject({ verdict: 'held' });
  });

  test('that loses what was made, undisturbed or after a crash', () => {
    expect(upgraded({ upgrade: false })('upgrade-keeps')).toMatchObject({
      verdict: 'violated',
      detail: '2.0.0 has no more: a cron job (after an upgrade that nothing disturbed); it said: {"jobs":[]}',
    });
    expect(upgraded({ crash: false })('upgrade-keeps').detail).toMatch(
      /a cron job \(after an upgrade that was struck\)/,
    );
  });

  test('what the old release itself does not show can’t be lost', () => {
    expect(upgraded({ life: false })('upgrade-keeps')).toMatchObject({ verdict: 'inconclusive' });
  });

  test('that refuses for a time, and one that is a dead end', () => {
    expect(upgraded({ refusals: 3 })('boots')).toMatchObject({
      verdict: 'violated',
      detail: expect.stringMatching(
        /^boots 5 to 7: it ended with code 1 .*; boot 8 was ready 30 s after the first of them began\./,
      ),
    });
    expect(upgraded({ refusals: 2, isReady: false })('boots').detail).toMatch(
      /^boots 5 to 6: .* refused for \d+ s, until the lab gave up/,
    );
  });

  test('what an operator had to run before it was ready is said', () => {
    expect(upgraded({ refusals: 1, isMended: true })('boots')).toMatchObject({
      verdict: 'violated',
      detail: expect.stringMatching(/Before that boot, an operator has run `gateway doctor` \(exit 0\)$/),
    });
  });

  test('an old release that refuses the new folder is told, and breaks no promise of the new one', () => {
    expect(upgraded({ rollback: false })('boots')).toMatchObject({ verdict: 'held' });
  });
});
