import { existsSync } from 'node:fs';
import path from 'node:path';
import { Problem } from '../problem.ts';
import { type Exploration, type MapRow, readExploration } from './exploration.ts';
import { type FolderChanges, folderChanges } from './folder-changes.ts';
import type { FolderImage } from './folder-image.ts';
import { readKeptState } from './kept-state.ts';
import { openRecord, RECORD_FILE } from './record-file.ts';
import { Replay } from './replay.ts';
import { brokenIn } from './write-map.ts';

/** A crash point, as a page shows it. */
export interface PointView {
  readonly row: MapRow;
  /** The folder just before the call, as every process saw it, against what it was before the write. */
  readonly folder: FolderChanges;
  /** What the call does to it. Undefined: behind all calls. */
  readonly does: FolderChanges | undefined;
  /** The promises that are broken from here on and were not at the crash point before, by model; and those that no longer are. */
  readonly breaks: readonly string[];
  readonly mends: readonly string[];
}

/** A finding with the folder of its smallest state, against what it was before the write. */
export interface FindingView {
  readonly finding: Exploration['findings'][number];
  readonly folder: FolderChanges | undefined;
}

/** An exploration as a page shows it. */
export interface ExplorationView {
  readonly found: Exploration;
  readonly points: readonly PointView[];
  readonly findings: readonly FindingView[];
  /** Why no folder is shown. */
  readonly withoutFolders?: string;
}

/**
 * What a page shows of an exploration, from the files in its folder. Undefined: it did not come to its end.
 * @throws Problem bad-results
 */
export async function explorationView(folder: string): Promise<ExplorationView | undefined> {
  const found = await readExploration(folder);
  if (found === undefined) return undefined;
  const at = path.join(folder, 'record');
  if (!existsSync(path.join(at, RECORD_FILE))) return without(found, `${at} is not there`);
  try {
    using open = openRecord(at);
    const replay = new Replay(open.record);
    const beginning = replay.image;
    const points = found.map.map((row, index): PointView => {
      const before = replay.image;
      const isOver = index >= open.record.steps.length;
      if (!isOver) replay.step();
      return {
        row,
        folder: folderChanges(beginning, before),
        does: isOver ? undefined : folderChanges(before, replay.image),
        ...flips(found.map[index - 1], row),
      };
    });
    const findings = await Promise.all(
      found.findings.map(async (finding) => ({ finding, folder: await keptChanges(folder, finding, beginning) })),
    );
    return { found, points, findings };
  } catch (error) {
    if (error instanceof Problem && error.code === 'bad-results') return without(found, error.message);
    throw error;
  }
}

async function keptChanges(
  folder: string,
  { kept }: Exploration['findings'][number],
  beginning: FolderImage,
): Promise<FolderChanges | undefined> {
  const at = path.join(folder, kept);
  return existsSync(at) ? folderChanges(beginning, (await readKeptState(at)).image) : undefined;
}

function without(found: Exploration, withoutFolders: string): ExplorationView {
  const none: FolderChanges = { changes: [], more: 0 };
  return {
    found,
    points: found.map.map((row, index) => ({
      row,
      folder: none,
      does: undefined,
      ...flips(found.map[index - 1], row),
    })),
    findings: found.findings.map((finding) => ({ finding, folder: undefined })),
    withoutFolders,
  };
}

/** Which promises are broken in one row of the map and not in the one before, and the other way round. */
export function flips(before: MapRow | undefined, row: MapRow): Pick<PointView, 'breaks' | 'mends'> {
  const [was, is] = [before === undefined ? [] : brokenIn(before), brokenIn(row)];
  return { breaks: is.filter((one) => !was.includes(one)), mends: was.filter((one) => !is.includes(one)) };
}
