import path from 'node:path';
import { styleText } from 'node:util';
import Table from 'cli-table3';
import { mutants, unseenDefects } from '../../images/index.ts';
import { plain } from '../plain.ts';
import { isBroken, type Matrix } from '../result/matrix.ts';
import { explain } from './terminal.ts';

/** What became of one defect. All null where it was not caught. */
export interface Kill {
  defect: string;
  /** The check that exists for it, and was violated with the defect's own effect. */
  caughtBy: string | null;
  /** The cell that was run. */
  cell: string | null;
  /** `FILE:LINE` of the observation that the verdict rests on. */
  evidence: string | null;
  /** What the check said. */
  says: string | null;
  /** No cell can show it: what can. */
  needs?: string;
}

/**
 * The list of all defects, or of those asked for, with what caught them in a run.
 * @param folder the run's, as it is to be shown
 */
export function kills(matrix: Matrix, defects: readonly string[], folder: string): Kill[] {
  const wanted = (defect: string) => defects.length === 0 || defects.includes(defect);
  const shown = mutants.flatMap(({ name, mutant }): Kill[] => {
    if (mutant === undefined || !wanted(mutant.defect)) return [];
    const cell = matrix.cells.find((one) => isBroken(one) && one.system === name);
    const check = cell?.checks.find((one) => one.id === mutant.caughtBy);
    const [line] = check?.lines ?? [];
    if (cell === undefined || !cell.expected || check === undefined || line === undefined)
      return [{ defect: mutant.defect, caughtBy: null, cell: cell?.id ?? null, evidence: null, says: null }];
    const evidence = `${path.join(folder, 'cells', cell.id, 'evidence.jsonl')}:${line}`;
    return [{ defect: mutant.defect, caughtBy: check.id, cell: cell.id, evidence, says: check.detail }];
  });
  const unseen = unseenDefects
    .filter(({ defect }) => wanted(defect))
    .map(({ defect, needs }): Kill => ({ defect, caughtBy: null, cell: null, evidence: null, says: null, needs }));
  return [...shown, ...unseen];
}

/** The list as a table, with a line on the right gateways in the same cells. */
export function killTable(list: readonly Kill[], matrix: Matrix, options: { colour: boolean }): string {
  const paint = (colour: Parameters<typeof styleText>[0], text: string) =>
    options.colour ? styleText(colour, text, { validateStream: false }) : text;
  const table = new Table({
    head: ['defect', 'caught by', 'what it said'],
    wordWrap: true,
    colWidths: [38, 20, 80],
    style: { head: options.colour ? ['bold'] : [], border: [] },
  });
  for (const kill of list) {
    const caught = kill.caughtBy ?? (kill.needs === undefined ? 'NOT CAUGHT' : 'no cell shows it');
    const colour = kill.caughtBy !== null ? 'green' : kill.needs === undefined ? 'red' : 'gray';
    table.push([kill.defect, paint(colour, caught), plain(kill.says ?? kill.needs ?? `see ${kill.cell}`)]);
  }
  const right = matrix.cells.filter((cell) => !isBroken(cell));
  const alarms = right.filter((cell) => cell.verdict !== 'held');
  const shown = list.filter((kill) => kill.needs === undefined);
  const survivors = shown.filter((kill) => kill.caughtBy === null);
  const wrong = [...matrix.cells.filter((cell) => survivors.some((kill) => kill.cell === cell.id)), ...alarms];
  const lines = [
    `${shown.length - survivors.length} of ${shown.length} mutants were caught by the check that exists for them; the right gateway held in ${right.length - alarms.length} of ${right.length} cells.`,
    ...list.filter((kill) => kill.evidence !== null).map((kill) => `  ${kill.defect}: ${kill.evidence}`),
    ...(wrong.length === 0 ? [] : ['', 'Not as expected:', ...wrong.flatMap(explain)]),
  ];
  return [table.toString(), '', ...lines].join('\n');
}
