import path from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import type { SystemDefinition } from '../define/definition.ts';
import { type CellRow, LabProcess } from './lab-process.ts';
import { explorationFailure, matchers } from './matchers.ts';
import { evidenceFolder } from './project.ts';

export type { CellRow, ExplorationRow } from './lab-process.ts';

expect.extend(matchers);

/** A cell's own limits end it long before this: whatever hangs is told by name. */
const CELL_LIMIT_MS = 20 * 60_000;
/** An exploration boots hundreds of states. */
const EXPLORATION_LIMIT_MS = 6 * 60 * 60_000;

// Vitest's own limit of 5 s is for tests without containers. Who sets another one after this import, or for a test, has it.
vi.setConfig({ testTimeout: CELL_LIMIT_MS });

export interface CrashesOptions {
  /** Default: the system's own, or sigkill. */
  faults?: readonly string[];
  /** Ids of places. Default: one of each kind. */
  places?: readonly string[];
  /** A place before each call of the write. */
  everyCall?: boolean;
  /** Where the evidence goes. Default: node_modules/.midwrite of the project. */
  results?: string;
}

function beginning(system: SystemDefinition, options: CrashesOptions) {
  const functions = Object.entries(system).filter(([, value]) =>
    [value].flat().some((one) => typeof one === 'function'),
  );
  if (functions.length > 0)
    throw new Error(
      `${functions.map(([name]) => name).join(', ')} of ${system.name} is a function: in a test file a system is data. Put it into a midwrite.config.ts and run \`npx midwrite run\`.`,
    );
  const { faults = [], places = [], everyCall = false, results = evidenceFolder(process.cwd()) } = options;
  return { systems: [system], faults, places, every: everyCall, results };
}

/**
 * Registers a test for each cell of a system: its write is watched once, then it is struck at every place of it. A failure says what was promised, what
 * happened, and how to see it again.
 */
export function crashes(system: SystemDefinition, options: CrashesOptions = {}): void {
  describe(`${system.name} survives`, async () => {
    const { lab, planned } = await LabProcess.start(beginning(system, options));
    afterAll(() => lab.end(), CELL_LIMIT_MS);
    for (const { id, name, role } of planned) {
      test.concurrent(name, { timeout: CELL_LIMIT_MS }, async ({ task }) => {
        const row = await lab.run(id);
        if (role === 'canary') {
          if (!row.expected)
            throw new Error(`the canary was not caught, so no verdict of this run counts: ${row.detail}`);
          return;
        }
        const file = path.relative(process.cwd(), task.file.filepath);
        expect(row).toHold(`npx vitest run ${file} -t ${JSON.stringify(name)}`);
      });
    }
  });
}

export interface ExploresOptions {
  /** What is recorded. Default: a turn, which is one write. */
  workloads?: readonly ('turn' | 'two-turns' | 'boot' | 'stop' | 'cleanup')[];
  /** Default: both. */
  models?: readonly ('process-crash' | 'power-loss')[];
  /** Where the explorations go. Default: node_modules/.midwrite of the project. */
  results?: string;
}

/**
 * Registers a test for each workload of a system: it is recorded once, every state that a crash can leave in it is rebuilt and judged, and the system runs on
 * a representative of each. A failure names the missing step, and says how to see it again.
 */
export function explores(system: SystemDefinition, options: ExploresOptions = {}): void {
  describe(`${system.name} survives every crash`, async () => {
    const { workloads = ['turn'], models = [], ...more } = options;
    const { lab, planned } = await LabProcess.start({ ...beginning(system, more), explore: { workloads, models } });
    afterAll(() => lab.end(), CELL_LIMIT_MS);
    // One after the other: each takes all processors.
    for (const { id, name, role } of planned) {
      test(name, { timeout: EXPLORATION_LIMIT_MS }, async () => {
        const row = await lab.explore(id);
        if (row.expected) return;
        throw new Error(
          role === 'canary'
            ? `the canary was not caught, so no verdict of this run counts: ${row.detail}`
            : explorationFailure(row),
        );
      });
    }
  });
}

/**
 * Strikes a system in one cell of one's own, for one's own expectations: `expect(await strike(system, { place: 'db.json.full', fault: 'sigkill' })).toHold()`.
 */
export async function strike(
  system: SystemDefinition,
  { place, fault, ...options }: { place: string; fault: string } & Pick<CrashesOptions, 'results' | 'everyCall'>,
): Promise<CellRow> {
  const { lab, planned } = await LabProcess.start(beginning(system, { ...options, places: [place], faults: [fault] }));
  try {
    const cell = planned.find(({ role }) => role === 'cell');
    if (cell === undefined) throw new Error(`${system.name} has no cell at ${place} with ${fault}`);
    return await lab.run(cell.id);
  } finally {
    await lab.end();
  }
}

declare module 'vitest' {
  // As Vitest has it: declarations that are put together have the same parameters.
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** Every promise that applies was kept, or what was broken is a known finding. */
    toHold(again?: string): R;
    /** This promise was kept. */
    toKeep(check: string): R;
    /** This promise was broken. */
    toBreak(check: string): R;
  }
}
