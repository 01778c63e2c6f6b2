import { describe, expect, test } from 'vitest';
import { judge } from '../../judge/judge.ts';
import { begunScenario } from '../../test/begun-scenario.ts';

/** Evidence of `openclaw-126806`: a command alone, and one beside a lock. */
function commands(points: { inPlace: number; inFiles: number }[], exitCode = 0) {
  const build = begunScenario({ scenario: 'openclaw-126806', steps: 2 }).started(1).ready(1);
  for (const [index, values] of points.entries())
    build
      .add({ type: 'phase', name: `step ${index + 1}` })
      .add({
        type: 'command',
        argv: ['models', 'list'],
        isSystemRunning: false,
        exitCode,
        oomKilled: false,
        stdout: '',
        stderr: 'no such command',
        droppedBytes: 0,
        tookMs: 1,
      })
      .add({ type: 'point', series: 'commands', x: index + 1, values });
  build.add({ type: 'end', durationMs: 1 });
  return judge(build.done()).checks.find(({ id }) => id === 'config-stays');
}

const there = { inPlace: 1, inFiles: 0 };

describe('config-stays', () => {
  test('a text that stays in its place', () => {
    expect(commands([there, there])).toMatchObject({ verdict: 'held' });
  });
  test('replaced, with a copy beside it, and without one', () => {
    expect(
      commands([
        { inPlace: 0, inFiles: 1 },
        { inPlace: 0, inFiles: 0 },
      ]),
    ).toMatchObject({
      verdict: 'violated',
      detail:
        'alone: it was replaced, and its text is in 1 other file; beside a young lock of another process: it was replaced, and its text is in no file any more',
    });
  });
  test('a command that could not be run proves nothing', () => {
    expect(commands([there, there], 1)).toMatchObject({ verdict: 'inconclusive' });
  });
});
