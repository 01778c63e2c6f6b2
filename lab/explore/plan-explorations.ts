import { formatSize } from '../cell-id.ts';
import { canaries } from '../plan/controls.ts';
import { systemNamed } from '../plan/named.ts';
import type { PlannedCell, Role } from '../plan/planned.ts';
import type { PlannedExplorationRow } from '../results.ts';
import type { Release, System } from '../system.ts';
import { workloadOf } from '../workload/workload.ts';
import { MODELS } from './crash-state.ts';

/** An exploration that is a part of a run. */
export interface PlannedExploration {
  readonly row: PlannedExplorationRow;
  readonly release: Release;
}

/** What a run is asked to explore. */
export interface ExplorationsAsked {
  /** Names of workloads. */
  readonly workloads: readonly string[];
  /** At most so many states of each are booted. Absent: as many as it takes. */
  readonly maxStates?: number;
}

/** `explore-turn_reference@1.0.0_192m`; also the name of its folder. */
const explorationId = (workload: string, { system, version }: Release, memoryBytes: number): string =>
  `explore-${workload}_${system}@${version}_${formatSize(memoryBytes)}`;

function planned(release: Release, workload: string, role: Role, memoryBytes: number, maxStates?: number) {
  const { name } = workloadOf(workload, release);
  const { system, version } = release;
  const id = explorationId(name, release, memoryBytes);
  const bound = maxStates === undefined ? {} : { maxStates };
  const row = { id, role, exploration: name, system, version, memoryBytes, models: [...MODELS], ...bound };
  return { row, release };
}

/**
 * The explorations of a run: each workload of each release, and the canary, which must be caught before any boot.
 * @throws Problem bad-usage: a release has no such workload
 */
export async function planExplorations(
  releases: readonly { release: Release; memoryBytes: number }[],
  { workloads, maxStates }: ExplorationsAsked,
): Promise<PlannedExploration[]> {
  const once = new Map(releases.map((one) => [`${one.release.system}@${one.release.version}`, one]));
  const asked = [...once.values()].flatMap(({ release, memoryBytes }) =>
    workloads.map((workload) => planned(release, workload, 'cell', memoryBytes, maxStates)),
  );
  const [workload] = workloads;
  if (asked.length === 0 || workload === undefined) return [];
  const broken = (await canaries()).map(({ release, spec }: PlannedCell) =>
    planned(release, 'turn', 'canary', spec.memoryBytes, 0),
  );
  return [...broken, ...asked];
}

/**
 * What an earlier run had planned to explore, from its run.json.
 * @throws Problem bad-usage, no-such-version
 */
export async function explorationsAgain(rows: readonly PlannedExplorationRow[] = []): Promise<PlannedExploration[]> {
  return Promise.all(
    rows.map(async (row) => {
      const system: System = systemNamed(row.system);
      return { row, release: await system.release(row.version) };
    }),
  );
}
