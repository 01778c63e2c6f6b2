import { structuredPatch } from 'diff';
import type { CellEvidence } from '../../evidence/cell-evidence.ts';
import type { Moment } from '../../evidence/event.ts';
import type { Entry } from '../../sidecar/client.ts';
import { storeEntryPath } from '../../system.ts';
import { cut } from './units.ts';

/** The state folder at several moments, side by side. */
export interface FolderDiff {
  /** The folder that all of `rows` are in; their paths are below it. */
  below: string;
  moments: { moment: Moment; title: string }[];
  /** Files that changed, in the order of their names; folders only where they came or went. */
  rows: FolderRow[];
  /** How many files were the same all the time. */
  unchanged: number;
  /** How many more changed than are listed. */
  leftOut: number;
}

export interface FolderRow {
  path: string;
  /** What it is to the checks: `store`, `temp`, or what the lab planted it as. */
  role: string | undefined;
  /** One for each moment, against the one before. Undefined: not there, before and now. */
  boxes: (FolderBox | undefined)[];
}

/** `there`: at the first moment. `replaced`: another file of the same name. */
export interface FolderBox {
  change: 'there' | 'added' | 'changed' | 'replaced' | 'removed' | 'same';
  sizeBytes: number;
}

/** The moments that are shown, in the order of a cell's life; the last that there is of each. */
const COLUMNS: readonly { title: string; moments: readonly Moment[] }[] = [
  { title: 'before', moments: ['before'] },
  { title: 'after the fault', moments: ['struck', 'woken'] },
  { title: 'after the boot', moments: ['booted'] },
  { title: 'at the end', moments: ['served', 'outlived', 'stopped', 'rebooted'] },
];
const MOST_ROWS = 120;

export function folderDiff(evidence: CellEvidence): FolderDiff | undefined {
  const moments = COLUMNS.flatMap(({ title, moments: among }) => {
    const moment = among.findLast((one) => evidence.snapshot(one) !== undefined);
    return moment === undefined ? [] : [{ title, moment }];
  });
  if (moments.length === 0) return undefined;
  const listings = moments.map(({ moment }) => listing(evidence, moment));
  const paths = [...new Set(listings.flatMap((entries) => [...entries.keys()]))].sort();
  const rows = paths.map((path): FolderRow => {
    const entries = listings.map((one) => one.get(path));
    return {
      path,
      role: roleOf(evidence, path),
      boxes: entries.map((entry, index) => box(index === 0 ? undefined : entries[index - 1], entry, index === 0)),
    };
  });
  const changed = rows.filter((row) => row.boxes.some((one) => one !== undefined && isChange(one.change)));
  const shown = changed.filter((row) => !isFolderThatStayed(listings, row.path));
  const below = commonFolder(shown.map((row) => row.path));
  return {
    below,
    moments,
    rows: shown.slice(0, MOST_ROWS).map((row) => ({ ...row, path: row.path.slice(below.length) })),
    unchanged: rows.filter((row) => !changed.includes(row) && isFile(listings, row.path)).length,
    leftOut: Math.max(0, shown.length - MOST_ROWS),
  };
}

/** With its last slash; empty where they have none in common. */
function commonFolder(paths: readonly string[]): string {
  const [first = '', ...others] = paths;
  let length = first.lastIndexOf('/') + 1;
  while (length > 0 && !others.every((path) => path.startsWith(first.slice(0, length))))
    length = first.lastIndexOf('/', length - 2) + 1;
  return first.slice(0, length);
}

const isChange = (change: FolderBox['change']) => change !== 'there' && change !== 'same';

function listing(evidence: CellEvidence, moment: Moment): Map<string, Entry> {
  const entries = evidence.snapshot(moment)?.entries ?? [];
  return new Map(entries.filter((entry) => entry.gone !== true).map((entry) => [entry.path, entry]));
}

function box(before: Entry | undefined, now: Entry | undefined, isFirst: boolean): FolderBox | undefined {
  if (now === undefined) return before === undefined ? undefined : { change: 'removed', sizeBytes: before.size };
  const { size: sizeBytes } = now;
  if (isFirst) return { change: 'there', sizeBytes };
  if (before === undefined) return { change: 'added', sizeBytes };
  const isSame = before.size === now.size && before.sha256 === now.sha256 && before.target === now.target;
  if (isSame) return { change: 'same', sizeBytes };
  return { change: before.ino === now.ino ? 'changed' : 'replaced', sizeBytes };
}

const isFile = (listings: readonly Map<string, Entry>[], path: string) =>
  listings.some((entries) => entries.get(path)?.type !== 'directory' && entries.has(path));

/** A folder's own size and times tell nothing that its files don't. */
const isFolderThatStayed = (listings: readonly Map<string, Entry>[], path: string) =>
  listings.every((entries) => entries.get(path)?.type === 'directory');

function roleOf(evidence: CellEvidence, path: string): string | undefined {
  const planted = evidence.of('planted').flatMap((event) => event.files);
  const role = planted.find((file) => file.path === path)?.role;
  if (role !== undefined) return `planted: ${role}`;
  const { store } = evidence.promises;
  if (path === store.path || path === storeEntryPath(store)) return 'store';
  return evidence.isTemp(path) ? 'temp' : undefined;
}

/** What changed within the store between two moments. */
export interface StoreDiff {
  from: string;
  to: string;
  /** As in a unified diff: the first character is ` `, `+`, `-` or `@`. */
  lines: string[];
  leftOut: number;
}

const MOST_STORE_BYTES = 512 * 1024;
const MOST_LINES = 80;
const MOST_LINE = 200;
const CONTEXT = 2;
/** Where more lines differ, that is all that is said. */
const MOST_EDITS = 2_000;

/** The store's text at the moments of the folder's diff, each against the one before; those where nothing changed are left out. */
export function storeDiffs(evidence: CellEvidence, moments: FolderDiff['moments']): StoreDiff[] {
  const file = storeEntryPath(evidence.promises.store);
  const texts = moments.map(({ moment, title }) => {
    const entry = evidence.entry(moment, file);
    return { title, sha256: entry?.sha256, text: readable(evidence.text(entry)) };
  });
  return texts.flatMap((now, index): StoreDiff[] => {
    const before = texts[index - 1];
    if (before?.text === undefined || now.text === undefined || before.sha256 === now.sha256) return [];
    const options = { context: CONTEXT, maxEditLength: MOST_EDITS };
    const patch = structuredPatch('', '', before.text, now.text, '', '', options);
    const lines =
      patch === undefined
        ? [`@ more than ${MOST_EDITS} lines differ`]
        : patch.hunks.flatMap((hunk) => [
            `@ line ${hunk.newStart}`,
            ...hunk.lines.filter((line) => !isAboutItsEnd(line)),
          ]);
    return [
      {
        from: before.title,
        to: now.title,
        lines: lines.slice(0, MOST_LINES).map((line) => cut(line, MOST_LINE)),
        leftOut: Math.max(0, lines.length - MOST_LINES),
      },
    ];
  });
}

/** What a unified diff says of a file without a last newline. */
const isAboutItsEnd = (line: string) => line.startsWith('\\');

/** A store is one long line as a rule: a row's field a line can be compared. What is no JSON stays as it is. */
function readable(text: string | undefined): string | undefined {
  if (text === undefined || text.length > MOST_STORE_BYTES) return undefined;
  try {
    return JSON.stringify(JSON.parse(text), null, 1);
  } catch {
    return text;
  }
}
