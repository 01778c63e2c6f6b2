import path from 'node:path';
import { referenceImage } from '../../images/reference/recipe.ts';
import { ensureImage, platformOf } from '../image/build.ts';
import { tagOf } from '../image/recipe.ts';
import { scratch } from '../owner/scratch.ts';
import { packageFolder } from '../package-folder.ts';
import type { MatrixCell } from '../result/matrix.ts';
import { figure } from './figure.ts';
import { cellsOf } from './midwrite.ts';
import type { Bench, Section, SectionResult } from './section.ts';

const LIMIT_MS = 60 * 60_000;
const CELLS = 200;
/** What a crash, and nothing else, shows. */
const DEFECTS = [
  'acknowledge-before-write',
  'lock-by-pid-only',
  'no-boot-sweep',
  'write-in-place',
  'short-write-ignored',
  'fixed-temp-name',
  'no-file-sync',
  'rename-before-sync',
  'no-directory-sync',
];

/** The reference gateway from outside: how often the answers alone say "violated" of the right one, and which of the broken ones they catch. */
export const answers: Section = {
  name: 'answers',
  summary: `the reference gateway by its answers alone: the right one in ${CELLS} cells or more, and which of its mutants are caught`,
  systems: ['reference'],
  async measure(bench: Bench): Promise<SectionResult> {
    await ensureImage(bench.engine, referenceImage, { say: bench.say, signal: bench.signal });
    const once = await tested(bench, DEFECTS, 1);
    const places = once.filter(({ system }) => system === 'right').length;
    const right = await tested(bench, [], Math.ceil((bench.rounds ?? CELLS) / places));
    const count = (verdict: string) => [right.filter((cell) => cell.verdict === verdict).length];
    const none = { is: 'at most', value: 0 } as const;
    return {
      figures: [
        figure('cells of the right one', 'count', [right.length]),
        figure('violated', 'count', count('violated'), none),
        figure(
          'missed or inconclusive',
          'count',
          [right.length - (count('held')[0] ?? 0) - (count('violated')[0] ?? 0)],
          none,
        ),
        figure('mutants caught', 'count', [DEFECTS.filter((name) => caughtBy(once, name).length > 0).length]),
      ],
      notes: DEFECTS.map((name) => `${name}: ${caughtBy(once, name).join(', ') || 'not caught'}`),
    };
  },
};

const caughtBy = (cells: readonly MatrixCell[], defect: string): string[] => {
  const broken = cells.filter(({ system }) => system === defect).flatMap(({ checks }) => checks);
  return [...new Set(broken.filter(({ verdict }) => verdict === 'violated').map(({ id }) => id))];
};

/** The cells of the right one, and of those with a defect, each so often. */
async function tested(bench: Bench, defects: readonly string[], repeat: number): Promise<MatrixCell[]> {
  await using folder = await scratch('bench');
  bench.say(`${defects.length + 1} systems, each cell ${repeat} times`);
  const config = path.join(packageFolder, 'lab/bench/answers');
  const args = ['run', '--config', config, '--repeat', `${repeat}`, '--results', folder.path];
  const env = {
    MIDWRITE_BENCH_IMAGE: tagOf(referenceImage, platformOf(bench.engine)),
    MIDWRITE_BENCH_DEFECTS: defects.join(' '),
  };
  return (await cellsOf(bench, args, { env, limitMs: LIMIT_MS })).cells;
}
