import path from 'node:path';
import type { InodeId } from './folder-image.ts';
import type { Step, WriteRecord } from './record.ts';
import { type Applied, Replay } from './replay.ts';

/*
 * A file that is replaced as it should be: a temp is made and written, synced, renamed over the file, and the folder is synced. Whatever a power loss keeps of
 * that, the file is the old one or the new one, whole: its name changes to a temp whose data was durable, and until then its data is that of another name.
 * So what is pending of it need not be combined with what is pending of other files; each of its own losses is tried alone. Only what comes later can tell
 * whether the rename is there: while something that is not covered came after it, it is combined like any other.
 */

/** What is pending of replacements that are safe as a whole. */
export interface Protocols {
  /** The files that are replaced so, and how often. */
  readonly files: ReadonlyMap<string, number>;
  /** The temps. */
  readonly data: ReadonlySet<InodeId>;
  /** The steps that made them. */
  readonly made: ReadonlySet<number>;
  /** The steps that renamed them. */
  readonly renamed: ReadonlySet<number>;
}

export const NO_PROTOCOL: Protocols = { files: new Map(), data: new Set(), made: new Set(), renamed: new Set() };

interface Temp {
  readonly made: number;
  readonly folder: string;
  isSynced: boolean;
  renamed?: { step: number; to: string };
  isFolderSynced: boolean;
  /** It was written after its rename, or moved again. */
  isBroken: boolean;
}

/** Recognizes them in a record. */
export function protocolsOf(record: WriteRecord): Protocols {
  const replay = new Replay(record, 'when-asked');
  const temps = new Map<InodeId, Temp>();
  while (replay.index < record.steps.length) {
    const index = replay.index;
    const { step, applied } = replay.step();
    follow(temps, index, step, applied);
  }
  const whole = [...temps].filter(([, temp]) => temp.renamed !== undefined && temp.isFolderSynced && !temp.isBroken);
  const files = new Map<string, number>();
  for (const [, { renamed }] of whole)
    if (renamed !== undefined) files.set(renamed.to, (files.get(renamed.to) ?? 0) + 1);
  return {
    files,
    data: new Set(whole.map(([id]) => id)),
    made: new Set(whole.map(([, { made }]) => made)),
    renamed: new Set(whole.flatMap(([, { renamed }]) => (renamed === undefined ? [] : [renamed.step]))),
  };
}

function follow(temps: Map<InodeId, Temp>, index: number, step: Step, { names, data, subject }: Applied): void {
  for (const id of data.keys()) {
    const temp = temps.get(id);
    if (temp === undefined) continue;
    temp.isSynced = step.synchronous === true;
    temp.isBroken ||= temp.renamed !== undefined;
  }
  for (const { added } of names) {
    if (added === undefined) continue;
    const folder = path.posix.dirname(added.path);
    const temp = temps.get(added.id);
    if (step.op === 'create')
      temps.set(added.id, { made: index, folder, isSynced: false, isFolderSynced: false, isBroken: false });
    else if (temp !== undefined && step.op === 'rename') {
      temp.isBroken ||= temp.renamed !== undefined || !temp.isSynced || temp.folder !== folder;
      temp.renamed = { step: index, to: added.path };
    } else if (temp !== undefined) temp.isBroken = true;
  }
  if (step.op !== 'sync' || step.syscall === 'sync_file_range') return;
  for (const [id, temp] of temps) {
    temp.isSynced ||= id === subject || step.syscall === 'syncfs';
    temp.isFolderSynced ||= temp.renamed !== undefined && (step.path === temp.folder || step.syscall === 'syncfs');
  }
}
