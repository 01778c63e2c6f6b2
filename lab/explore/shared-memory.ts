import type { Effect, Step, WriteRecord } from './record.ts';

/*
 * Beside a SQLite database in WAL mode is `-shm`, which all its processes have mapped: an index of the log, and their locks. The first one that opens the
 * database when nobody has it open empties the file and makes it anew from the log (https://sqlite.org/walformat.html, section 2; os_unix.c,
 * unixLockSharedMemory), so its bytes are no part of what a crash leaves. It has no call for what it writes there either: which of it is there at a crash
 * point, nobody could tell.
 */

const SUFFIX = '-shm';

/** The files of a record that SQLite keeps as shared memory: each beside its database and the log of that. */
export function sharedMemoryOf({ base, steps, end }: Pick<WriteRecord, 'base' | 'steps' | 'end'>): Set<string> {
  const names = new Set<string>(end.map((entry) => entry.path));
  for (const effect of base) if (effect.kind === 'name') names.add(effect.path);
  for (const step of steps) for (const effect of step.effects) if (effect.kind === 'name') names.add(effect.path);
  return new Set(
    [...names].filter((name) => {
      const database = name.slice(0, -SUFFIX.length);
      return name.endsWith(SUFFIX) && names.has(database) && names.has(`${database}-wal`);
    }),
  );
}

/** A record in which these files are empty, whatever was written to them. */
export function withoutBytesOf<Of extends Pick<WriteRecord, 'base' | 'steps' | 'unrecorded'>>(
  record: Of,
  files: ReadonlySet<string>,
): Of {
  if (files.size === 0) return record;
  /** A number comes again when its file is gone. */
  const numbers = new Set<number>();
  const isOther = (effect: Effect): boolean => effect.kind !== 'data' || !numbers.has(effect.ino);
  const emptied = (effects: readonly Effect[]): Effect[] => {
    for (const effect of effects) {
      if (effect.kind !== 'name' || effect.ino === null) continue;
      if (files.has(effect.path)) numbers.add(effect.ino);
      else numbers.delete(effect.ino);
    }
    return effects
      .filter(isOther)
      .map((effect) => (effect.kind === 'inode' && numbers.has(effect.ino) ? { ...effect, size: 0 } : effect));
  };
  const base = emptied(record.base);
  const steps = record.steps.flatMap((step): Step[] => {
    const effects = emptied(step.effects);
    // What was written through a mapping is a step for its bytes alone.
    const isNothing = step.op === 'mapped' && !effects.some((effect) => effect.kind === 'data');
    return isNothing ? [] : [{ ...step, effects }];
  });
  return { ...record, base, steps, unrecorded: record.unrecorded.filter(({ path }) => !files.has(path)) };
}
