import { scratch } from '../owner/scratch.ts';
import { planMutants } from '../plan/plan-mutants.ts';
import { isPlannedScenario } from '../plan/planned.ts';
import { buildImages } from '../run/images.ts';
import { runPlan } from '../run/run.ts';
import { figure } from './figure.ts';
import type { Bench, Section, SectionResult } from './section.ts';

const CELLS = 200;
/** As `midwrite run` does on two processors. */
const JOBS = 2;

/** How often a check says "violated" of a system that does nothing wrong, in the very cells in which the mutants are caught. */
export const falseAlarms: Section = {
  name: 'false-alarms',
  summary: `the right gateway in the cells of its mutants, ${CELLS} cells or more`,
  systems: ['reference'],
  async measure(bench: Bench): Promise<SectionResult> {
    const once = (await planMutants([])).filter((cell) => cell.role === 'cell' && !isPlannedScenario(cell));
    const repeat = Math.ceil((bench.rounds ?? CELLS) / once.length);
    const cells = (await planMutants([], repeat)).filter((cell) => cell.role === 'cell' && !isPlannedScenario(cell));
    const images = await buildImages(bench.engine, cells, { say: bench.say, signal: bench.signal });
    await using results = await scratch('bench');
    const quiet = { cellStarted: () => undefined, cellPhase: () => undefined, cellShare: () => undefined };
    let done = 0;
    const { matrix } = await runPlan(bench.engine, cells, images, {
      resultsRoot: results.path,
      jobs: JOBS,
      signal: bench.signal,
      progress: {
        ...quiet,
        cellEnded: (cell, row) => {
          done += 1;
          if (row.verdict !== 'held' || done % 20 === 0)
            bench.say(`${done}/${cells.length}: ${cell.id} ${row.verdict}`);
        },
      },
    });
    const count = (verdict: string) => [matrix.cells.filter((cell) => cell.verdict === verdict).length];
    const none = { is: 'at most', value: 0 } as const;
    return {
      figures: [
        figure('cells', 'count', [matrix.cells.length]),
        figure('held', 'count', count('held')),
        figure('violated', 'count', count('violated'), none),
        figure('missed', 'count', count('missed'), none),
        figure('inconclusive', 'count', count('inconclusive'), none),
        figure(
          'a cell',
          'ms',
          matrix.cells.map((cell) => cell.durationMs),
        ),
      ],
      notes: matrix.cells
        .filter((cell) => cell.verdict !== 'held')
        .map((cell) => {
          const wrong = cell.checks.filter((check) => check.verdict !== 'held' && check.verdict !== 'not-applicable');
          return `${cell.id}: ${wrong.map((check) => `${check.id} ${check.verdict}: ${check.detail}`).join('; ') || cell.detail}`;
        }),
    };
  },
};
