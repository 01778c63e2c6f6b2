import { faults } from '../../faults/index.ts';
import { gateways } from '../../images/index.ts';
import { crashPoints } from '../cell/write-shape.ts';
import { plan } from '../plan.ts';
import { ExitCode } from '../problem.ts';
import { type SelectionOptions, selectionOf } from './selection.ts';

export async function list(options: SelectionOptions): Promise<ExitCode> {
  const cells = await plan(selectionOf(options));
  if (options.json) {
    console.log(
      JSON.stringify(
        cells.map(({ id, role, spec }) => ({ id, role, ...spec })),
        null,
        2,
      ),
    );
    return ExitCode.sound;
  }
  const width = Math.max(...[...gateways, ...crashPoints, ...faults].map((one) => one.name.length));
  const lines = (title: string, entries: readonly (readonly [string, string])[]) => [
    title,
    ...entries.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`),
    '',
  ];
  console.log(
    [
      ...lines(
        'gateways',
        gateways.map((one) => [one.name, `${one.summary} (${one.defaultVersion})`]),
      ),
      ...lines(
        'crash points',
        crashPoints.map((one) => [one.name, `leaves ${one.leaves}`]),
      ),
      ...lines(
        'faults',
        faults.map((one) => [one.name, one.summary]),
      ),
      `the plan: ${cells.length} cells`,
      ...cells.map((cell) => `  ${cell.id}${cell.role === 'cell' ? '' : `  (${cell.role})`}`),
    ].join('\n'),
  );
  return ExitCode.sound;
}
