import { inflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Advice } from '../explore/advice/advice.ts';
import type { Exploration } from '../explore/exploration.ts';
import { explorationInWords, explorationReport } from '../explore/report.ts';
import type { ExplorationView } from '../explore/view.ts';
import { flips } from '../explore/view.ts';
import { readMatrix } from '../result/matrix.ts';
import { caughtCanary, explored, exploredRow, finding } from '../test/explored.ts';
import { HOSTILE_LINE, judgedRun } from '../test/judged-run.ts';
import { canary, control, matrixOf } from '../test/matrix.ts';
import { annotations } from './github.ts';
import { explorationHtml, html } from './html.ts';
import { junitReport } from './junit.ts';
import { markdownReport } from './markdown.ts';
import { explorationBody } from './page/exploration-page.ts';
import { terminalReport } from './terminal.ts';

const broken = explored([finding()]);
const matrix = matrixOf([control, canary], { explorations: [caughtCanary(), exploredRow(broken)] });

function viewOf(found: typeof broken): ExplorationView {
  const folder = {
    changes: [
      {
        path: '/state/store.json',
        change: 'changed',
        type: 'file',
        before: 9,
        after: 0,
        lines: ['-old'],
        moreLines: 0,
      },
    ],
    more: 0,
  } as const;
  const points = found.map.map((row, index) => ({ row, folder, does: folder, ...flips(found.map[index - 1], row) }));
  return { found, points, findings: found.findings.map((one) => ({ finding: one, folder })) };
}

const pageOf = (file: string) => {
  const [, packed = ''] = /data-page="exploration\/explore-turn_one[^"]*">([^<]*)</.exec(file) ?? [];
  return inflateRawSync(Buffer.from(packed, 'base64')).toString();
};

describe('an exploration in the reports', () => {
  test('on a terminal: how much of it there was, what is missing, and the command', () => {
    const text = terminalReport(matrix, { colour: false });
    expect(text).toMatch(
      /explored: turn of one@1\.0\.0: ✗ violated, NEW\n {4}3 calls, 12 crash points, 6 states: 4 booted, for 2 another one stands/,
    );
    expect(text).toMatch(/✗ store-valid \(power-loss\): the rename at call 2 replaced/);
    expect(text).toMatch(/explored: turn of canary@1\.0\.0 \[canary\]: ✗ violated, as it must be/);
    expect(text).toMatch(/Not as expected:[\s\S]*again: npx midwrite explore --system one@1\.0\.0/);
    expect(text).toMatch(/1 exploration/);
  });

  test('in Markdown, for GitHub and for CI servers', () => {
    expect(markdownReport(matrix)).toMatch(/\| turn of one@1\.0\.0 +\| ✗ violated, NEW/);
    const lines = annotations(matrix, 'unexpected');
    expect(
      lines.filter((line) => line.startsWith('::error title=explore-turn_one@1.0.0_192m%3A violated%2C new')),
    ).toHaveLength(1);
    expect(lines.filter((line) => line.includes('explore-turn_canary'))).toEqual([]);
    const junit = junitReport(matrix, 'unexpected');
    expect(junit).toMatch(/<testcase[^>]*name="explore-turn_one@1\.0\.0_192m"[^>]*>\s*<failure/);
    expect(junit).toMatch(/name="explore-turn_canary@1\.0\.0_192m"[^>]*>\s*<system-out/);
  });

  test('in the page: a strip, the call that flips it, the folder, the command', async () => {
    const run = judgedRun([], []);
    const file = await html.write({
      ...run,
      matrix: { ...run.matrix, ...matrix },
      explorationOf: async () => viewOf(broken),
    });
    expect(file).toContain('#/exploration/explore-turn_one%401.0.0_192m');
    const page = pageOf(file);
    expect(page.match(/class="tick /g)).toHaveLength(8);
    expect(page).toMatch(/class="tick new breaks answered" data-point="point-3"/);
    expect(page).toMatch(/From call 2 on, before call 3 \(sync\):.*▼ store-valid \(power-loss\) broken/);
    expect(page).toMatch(/From call 3 on, before call 4 \(the end\):.*▲ store-valid \(power-loss\) holds again/);
    for (const part of ['it is empty', '4 of 4 were tried', '-old', 'npx midwrite explore --state results/e/states/d'])
      expect(page.includes(part), part).toBe(true);
  });

  test('what power failures really left, where that was read', () => {
    const power = {
      ...{ fileSystem: 'ext4', kernel: '6.12', real: 172, distinct: 10, ofModel: 29, reached: 9, between: 1 },
      ...{ outside: [], refused: [], tookMs: 1 },
    };
    const pageWith = (more: Partial<Exploration>) => `${explorationBody(viewOf(explored([], more)))}`;
    expect(pageWith({ power })).toMatch(/Real power failures on ext4 \(6\.12\): 172 disks read.*9 of the 29/s);
    expect(pageWith({})).not.toContain('Real power failures');
  });

  test('the table of what the write needs', () => {
    const step: Advice['steps'][number] = {
      call: 1,
      op: 'fsync',
      path: '/state/a',
      kind: 'file sync',
      advice: 'redundant',
      breaks: [],
      tookMs: 2.5,
    };
    const advice = {
      steps: [step],
      answers: [],
      missing: [],
      together: [1],
      beyond: [HOSTILE_LINE],
      reasons: [],
      tookMs: 1,
    };
    const page = explorationHtml(viewOf(explored([], { advice })), 'x').replace(/<script>[\s\S]*<\/script>/, '');
    expect(page).toContain('of 1 sync 0 are needed and 1 redundant (2.5 of 2.5 ms in this record)');
    expect(page).toMatch(/<td class="state known">redundant<\/td><td>2\.5 ms<\/td>/);
    expect(page).not.toContain('<img');
    expect(explorationReport(explored([], { advice }))).toMatch(/\| 1 +\| file sync: fsync \/state\/a +\| redundant/);
  });

  test('where in the source a call was made: with its finding, its crash point and its advice, and as text only', () => {
    const sourceLines = {
      calls: [
        {
          call: 2,
          through: 'fs.rename',
          frames: [
            { file: '/opt/app/store.js', line: 41, column: 3, function: 'replaceStore' },
            { file: '/opt/app/turn.js', line: 7, column: 1, function: HOSTILE_LINE },
          ],
        },
      ],
      without: 2,
      reasons: [HOSTILE_LINE],
      tookMs: 4_000,
    };
    const found = explored([finding({ calls: [1, 2] })], { sourceLines });
    const page = explorationHtml(viewOf(found), 'x').replace(/<script>[\s\S]*<\/script>/, '');
    const line =
      /call 2: <code>fs\.rename<\/code> at <code>\/opt\/app\/store\.js:41 \(replaceStore\), called from turn\.js:7/g;
    expect(page.match(line)).toHaveLength(2);
    expect(page).toContain('Source lines: of 1 of 3 calls, from a second recording of 4.0 s.');
    expect(page).not.toContain('<img');
    const report = explorationReport(found);
    expect(report).toMatch(/- call 2, fs\.rename at \/opt\/app\/store\.js:41 \\\(replaceStore\\\)/);
    expect(report).toMatch(/\| 2 +\| rename .*\/opt\/app\/store\.js:41/);
    expect(report).not.toContain('<img');
    expect(explorationInWords(found)).toMatch(
      /\n {4}call 2 at \/opt\/app\/store\.js:41 \(replaceStore\), called from turn\.js:7/,
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    expect(explorationInWords(found)).not.toMatch(/\u001b/);
  });

  test('text from a container is text', () => {
    const bad = explored([finding({ cause: HOSTILE_LINE, detail: HOSTILE_LINE, reproduce: HOSTILE_LINE })]);
    const hostile = { ...bad, map: bad.map.map((row) => ({ ...row, path: `/state/${HOSTILE_LINE}` })) };
    const view = viewOf(hostile);
    const changes = [
      {
        path: `/state/${HOSTILE_LINE}`,
        change: 'added',
        type: 'file',
        after: 1,
        lines: [`+${HOSTILE_LINE}`],
        moreLines: 0,
      },
    ] as const;
    const points = view.points.map((one) => ({ ...one, folder: { changes, more: 0 } }));
    const page = explorationHtml({ ...view, points }, HOSTILE_LINE).replace(/<script>[\s\S]*<\/script>/, '');
    for (const active of ['<img', '<svg onload', '\u0007', '\u202e']) expect(page.includes(active), active).toBe(false);
    expect(page).toContain('&lt;script&gt;owned()&lt;/script&gt;');
  });

  test('a matrix of before there were any reads as one without', () => {
    const { explorations: _, ...older } = matrix;
    const read = readMatrix(JSON.stringify({ ...older, schemaVersion: 4 }), 'matrix.json');
    expect(read).toMatchObject({ schemaVersion: 5, explorations: [] });
    expect(readMatrix(JSON.stringify(matrix), 'matrix.json')).toEqual(matrix);
  });
});
