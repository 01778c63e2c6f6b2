import path from 'node:path';
import type { Aftermath } from '../cell-id.ts';
import { learnWriteShape, patternOf } from '../crash-point/write-shape.ts';
import type { PlantRole } from '../evidence/event.ts';
import type { GateEvent } from '../gate/protocol.ts';
import type { Plant } from '../sidecar/client.ts';
import type { Promises } from '../system.ts';
import { HOUR_MS } from './limits.ts';

/** Something that the lab puts into a stopped state, and what for. */
export type RolePlant = Plant & { role: PlantRole };

/**
 * What a sweep must leave alone, to be put beside what a crash left: another program's file, a temp of the system's own form that is young, and, where
 * that is asked for, a store that can't be read.
 * @param seen how the system was seen to write
 */
export function plantsFor(promises: Promises, aftermath: Aftermath, seen: readonly GateEvent[]): RolePlant[] {
  // A system from outside promises no sweep that could take them.
  if (promises.answers !== undefined) return [];
  const { store, sweepGraceMs } = promises;
  const old = { ageMs: sweepGraceMs + HOUR_MS };
  const foreign = path.posix.join(path.posix.dirname(store.path), 'notes-of-another-program.tmp');
  const plants: RolePlant[] = [{ role: 'foreign-file', path: foreign, content: 'not yours\n', ...old }];
  const young = youngTemp(promises, seen);
  if (young !== undefined)
    plants.push({ role: 'young-temp', path: young, content: '{"a writer": "is at it"', ageMs: 0 });
  if (aftermath === 'corrupt-store')
    plants.push({ role: 'corrupt-store', path: store.path, content: '{"cut": {"in', ...old });
  return plants;
}

/** A name of the system's own form that no writer has used: the last seen one with its digits turned. */
function youngTemp({ store }: Promises, events: readonly GateEvent[]): string | undefined {
  const seen = learnWriteShape(events, store);
  if (seen.kind !== 'replace') return undefined;
  const name = path.posix.basename(seen.example);
  // Every digit becomes another one, and none becomes 0: a number that begins with 0 may not be of the system's form.
  const turned = name.replaceAll(/\d/g, (digit) => String(((Number(digit) + 3) % 9) + 1));
  const young = path.posix.join(path.posix.dirname(seen.example), turned);
  return turned !== name && patternOf(young) === seen.temp ? young : undefined;
}
