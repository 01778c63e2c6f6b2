import { Problem } from './problem.ts';

/** What is done to the stopped state between the crash and the boot. */
export const AFTERMATHS = {
  aged: 'what the crash left is older than the grace of the sweep when the system boots',
  fresh: 'the system boots at once: what the crash left is young',
  'new-container':
    'the system boots at once in a new container, under another hostname and other process ids, as an orchestrator restarts it',
  'corrupt-store': 'aged, and the store is cut in half: a temp may be the only copy left',
} as const;
export type Aftermath = keyof typeof AFTERMATHS;

/** What the crash left is as old as it is: a sweep spares it, and a lease or a lock of the dead owner may not be over. */
export const isYoung = (aftermath: string): boolean => aftermath === 'fresh' || aftermath === 'new-container';

/**
 * Aftermaths by their names.
 * @throws Problem bad-usage
 */
export function aftermathsNamed(names: readonly string[]): Aftermath[] {
  const unknown = names.find((name) => !(name in AFTERMATHS));
  if (unknown === undefined) return names as Aftermath[];
  throw new Problem('bad-usage', `Unknown aftermath "${unknown}". Available: ${Object.keys(AFTERMATHS).join(', ')}.`);
}

/** One cell of a plan. Its id says all of it, so that one id is enough to run it again. */
export interface CellSpec {
  system: string;
  version: string;
  crashPoint: string;
  fault: string;
  memoryBytes: number;
  aftermath: Aftermath;
  /** Which repetition, from 1. */
  attempt: number;
}

const MiB = 1024 * 1024;

/** `openclaw@2026.5.28_full-temp_sigkill_768m`; also the name of its folder. */
export function cellId(cell: CellSpec): string {
  const parts = [`${cell.system}@${cell.version}`, cell.crashPoint, cell.fault, formatSize(cell.memoryBytes)];
  if (cell.aftermath !== 'aged') parts.push(cell.aftermath);
  if (cell.attempt > 1) parts.push(`r${cell.attempt}`);
  return parts.join('_');
}

export function parseCellId(id: string): CellSpec {
  const match =
    /^([a-z][a-z0-9-]*)@([^_/\\]+)_([A-Za-z0-9.+-]+)_([a-z-]+)_(\d+[kmg]?)(?:_([a-z-]+))?(?:_r(\d+))?$/.exec(id);
  const aftermath = match?.[6] ?? 'aged';
  if (match === null || !(aftermath in AFTERMATHS)) {
    throw new Problem(
      'bad-usage',
      `"${id}" is no cell. A cell is SYSTEM@VERSION_CRASH-POINT_FAULT_MEMORY, as \`npx midwrite list\` prints them.`,
    );
  }
  const [, system = '', version = '', crashPoint = '', fault = '', memory = ''] = match;
  return {
    system,
    version,
    crashPoint,
    fault,
    memoryBytes: parseSize(memory),
    aftermath: aftermath as Aftermath,
    attempt: Number(match[7] ?? 1),
  };
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: MiB, g: 1024 * MiB };

/** Bytes of `640m`, `1g`, `800000000`, as Docker reads them: powers of 1024. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)i?b?$/i.exec(text.trim());
  const bytes =
    match === null ? Number.NaN : Math.round(Number(match[1]) * (UNITS[(match[2] ?? '').toLowerCase()] ?? Number.NaN));
  if (!Number.isSafeInteger(bytes) || bytes <= 0) {
    throw new Problem('bad-usage', `"${text}" is not a memory size. Write a number and a unit, such as 640m or 1g.`);
  }
  return bytes;
}

/** The shortest exact form: `640m`, `1g`, else bytes. */
export function formatSize(bytes: number): string {
  for (const unit of ['g', 'm', 'k']) {
    const size = UNITS[unit] ?? 1;
    if (bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}

/** For people: MiB without decimals. */
export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / MiB)} MiB`;
}
