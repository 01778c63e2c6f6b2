import path from 'node:path';
import { planMutants } from '../plan/plan-mutants.ts';
import type { ExitCode } from '../problem.ts';
import { kills, killTable } from '../report/kill-table.ts';
import { hasColours } from '../report/terminal.ts';
import { type RunOptions, runCells } from './cells.ts';
import { exitCodeOf, gateOf } from './gate.ts';
import { filesOf } from './run.ts';

export interface MutantsOptions extends RunOptions {
  defect?: string[];
  repeat: number;
}

/** Runs every mutant in the cell that shows it, and the right gateway in the same cells. */
export async function mutantsCommand(options: MutantsOptions): Promise<ExitCode> {
  const defects = options.defect ?? [];
  const ran = await runCells(await planMutants(defects, options.repeat), options);
  const folder = path.relative(process.cwd(), ran.results.folder);
  const list = kills(ran.matrix, defects, folder);
  if (options.json === true) console.log(JSON.stringify(list, null, 2));
  else console.log(`${killTable(list, ran.matrix, { colour: hasColours() })}\n\n${filesOf(ran, options)}`);
  return exitCodeOf(ran.matrix, gateOf(options).failOn);
}
