import { describe, expect, test } from 'vitest';
import type { MatrixRow } from '../../result/matrix.ts';
import { killed, slept, TEMP } from '../../test/healthy-cell.ts';
import { judged, orphaned } from '../../test/judged-run.ts';
import { cellView } from './cell-view.ts';

const viewOf = ({ row, evidence }: ReturnType<typeof judged>) => cellView(row, evidence);

describe('what was promised and what happened', () => {
  test('a finding names the promise that was broken and what was seen', () => {
    const view = viewOf(judged(orphaned()));
    expect(view.state).toBe('new');
    expect(view.promised).toMatch(/^after the boot, no temp of a dead writer is left/);
    expect(view.happened).toContain(TEMP);
    expect(view.happened).toMatch(/; sweep-on-boot violated as well$/);
  });

  test('a new finding comes before a known one', () => {
    const view = viewOf(judged(orphaned(), { known: ['no-orphans'] }));
    expect(view.state).toBe('new');
    expect(view.happened).toMatch(/; no-orphans violated as well$/);
    expect(view.checks.find((check) => check.id === 'no-orphans')).toMatchObject({ state: 'known' });
  });

  test('a cell that held says what it went through', () => {
    expect(viewOf(judged(killed())).happened).toMatch(
      /^sigkill at full-temp, which leaves a whole temp.*every one was kept$/,
    );
    expect(viewOf(judged(slept())).happened).toMatch(/^sleep at full-temp, which it lived through/);
  });

  test('a miss proves nothing, and says so', () => {
    const build = killed();
    build.events = build.events.filter((event) => event.type !== 'docker');
    expect(viewOf(judged(build)).happened).toMatch(/^the fault did not land, so nothing is proven: /);
  });

  test('a cell that did not run has a page as well', () => {
    const { row } = judged(killed());
    const never: MatrixRow = { ...row, verdict: 'inconclusive', detail: 'there is no evidence', checks: [] };
    const view = cellView(never, undefined);
    expect(view.happened).toBe('too little is known to say: there is no evidence');
    expect(view.timeline).toBeUndefined();
  });
});

test('each check has the lines of evidence that it rests on', () => {
  const { row, evidence } = judged(orphaned());
  const check = cellView(row, evidence).checks.find((one) => one.id === 'no-orphans');
  const [line] = check?.lines ?? [];
  const event = evidence.events[(line?.line ?? 0) - 1];
  expect(event?.type).toBe('snapshot');
  expect(JSON.stringify(event)).toContain((line?.json ?? '').slice(0, 500));
  expect(line?.says).toMatch(/^the state folder, /);
});

test('a long log keeps its beginning and its end, and says how much is missing', () => {
  const build = killed();
  const end = build.events.pop();
  for (let line = 1; line <= 1_000; line += 1)
    build.add({ type: 'log', boot: 1, line: `line ${line} ${'x'.repeat(500)}` });
  if (end !== undefined) build.events.push(end);
  const { log } = viewOf(judged(build));
  expect(log.lines).toHaveLength(120);
  expect(log.leftOut).toBe(880);
  expect(log.lines[log.gapAt - 1]?.text).toMatch(/^line 30 /);
  expect(log.lines[log.gapAt]?.text).toMatch(/^line 911 /);
  expect(log.lines[0]?.text).toMatch(/… \(\d+ characters more\)$/);
});

test('the calls around the hold are there, and every removal after it', () => {
  const { calls } = viewOf(judged(killed()));
  expect(calls.list.some((call) => call.kind === 'unlink' && call.says.includes(TEMP))).toBe(true);
  expect(calls.list.length).toBeLessThanOrEqual(calls.of);
});
