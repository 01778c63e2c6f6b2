import { type CellSpec, cellId, formatSize, mebibytes } from '../cell-id.ts';
import { type CrashPoint, crashPoints, passes } from '../crash-point/write-shape.ts';
import { Problem } from '../problem.ts';
import type { Mutant, Store, System } from '../system.ts';
import { refuseAftermath } from './aftermaths.ts';
import { refuseUnfit } from './fits.ts';
import { crashPointNamed, faultNamed, type Releases } from './named.ts';
import type { PlannedCell, Role } from './planned.ts';

/** The one cell that shows a mutant's defect, of the mutant or of the system that it was made from. */
export async function specOf(system: System, mutant: Mutant, releases: Releases): Promise<CellSpec> {
  const release = await releases.ofName(system.name);
  if ('scenario' in mutant.shownBy) throw new Error(`${system.name} is shown by a scenario, and by no cell`);
  const { crashPoint, fault, aftermath } = mutant.shownBy;
  return {
    system: release.system,
    version: release.version,
    crashPoint,
    fault,
    memoryBytes: release.memory.defaultBytes,
    aftermath,
    attempt: 1,
  };
}

export async function planned(role: Role, spec: CellSpec, releases: Releases): Promise<PlannedCell> {
  const { system, release } = await releases.of(spec.system, spec.version);
  const { minimumBytes } = release.memory;
  if (spec.memoryBytes < minimumBytes) {
    throw new Problem(
      'bad-usage',
      `${spec.system}@${spec.version} needs ${formatSize(minimumBytes)} of memory to boot, and ${formatSize(spec.memoryBytes)} (${mebibytes(spec.memoryBytes)}) was asked for. Give --memory ${formatSize(minimumBytes)} or more.`,
    );
  }
  const crashPoint = crashPointNamed(spec.crashPoint);
  const { store } = release.promises;
  if (!passes(crashPoint, store)) {
    const fitting = crashPoints.filter((one) => passes(one, store)).map((one) => one.name);
    throw new Problem(
      'bad-usage',
      `${spec.crashPoint} needs ${needed(crashPoint)}; ${spec.system}@${spec.version} ${uses(store)}. Try ${fitting.join(', ')}.`,
    );
  }
  const fault = faultNamed(spec.fault);
  const all = crashPoints.filter((one) => passes(one, store));
  refuseUnfit(fault, crashPoint, release, all);
  refuseAftermath(fault, spec.aftermath, release);
  return { id: cellId(spec), role, spec, system, release, fault, crashPoint };
}

/** The kind of store that passes a crash point, for a person. */
function needed({ stores, inJournal }: CrashPoint): string {
  const kinds = [
    ...(stores.includes('json-rows') ? [inJournal === true ? 'a store with a journal' : 'a JSON store'] : []),
    ...(stores.includes('sqlite') ? ['a SQLite database'] : []),
  ];
  return kinds.join(' or ');
}

function uses(store: Store): string {
  switch (store.format) {
    case 'sqlite':
      return 'uses SQLite';
    case 'json-rows':
      return store.journal === undefined ? 'has a JSON store, without a journal' : 'has a JSON store, with a journal';
    default:
      return 'has no store of a format that is known: its places are learned from a write';
  }
}
