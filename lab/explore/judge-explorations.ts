import pMap from 'p-map';
import { CELLS_AT_ONCE } from '../evidence/cell-evidence.ts';
import { inForce, readExpectations } from '../judge/expectations.ts';
import { knownSystem } from '../plan/named.ts';
import type { MatrixExploration, RunFacts } from '../result/matrix.ts';
import type { PlannedExplorationRow, ResultsFolder } from '../results.ts';
import type { Mutant } from '../system.ts';
import { readExploration } from './exploration.ts';
import { judgeExploration } from './judge-exploration.ts';
import { configOf, exploreAgain } from './run-explorations.ts';

interface Options {
  /** A file of known findings in place of the systems' own. */
  expectations?: string;
  /** Why those have no result that did not run, by their ids. */
  without: ReadonlyMap<string, string>;
}

/** The rows of the explorations that a run has planned, from the files in its folder: each has one, whether it ran or not. */
export async function judgeExplorations(
  results: ResultsFolder,
  planned: readonly PlannedExplorationRow[],
  run: RunFacts,
  { expectations, without }: Options,
): Promise<MatrixExploration[]> {
  const judge = async (row: PlannedExplorationRow): Promise<MatrixExploration> => {
    // A stored run is judged without its config too: only its known findings are missing then.
    const system = knownSystem(row.system);
    const mutant = row.role === 'canary' ? system?.mutant : undefined;
    const why = without.get(row.id);
    return judgeExploration(row, await readExploration(results.exploration(row.id)), {
      expectations: inForce(readExpectations(expectations ?? system?.expectations), run.startedAt.slice(0, 10)),
      mutant,
      reproduce: again(row, configOf(run.again), mutant),
      ...(why !== undefined && { why }),
    });
  };
  return pMap(planned, judge, { concurrency: CELLS_AT_ONCE });
}

/** The command that does it again. */
function again(
  { system, version, exploration, maxStates }: PlannedExplorationRow,
  config: string | undefined,
  mutant: Pick<Mutant, 'of' | 'defect'> | undefined,
): string {
  return exploreAgain({
    system: mutant === undefined ? `${system}@${version}` : `${mutant.of} --defect ${mutant.defect}`,
    workload: exploration,
    ...(config !== undefined && { config }),
    ...(maxStates !== undefined && { maxStates }),
  });
}
