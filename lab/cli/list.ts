import { mutants, unseenDefects } from '../../images/index.ts';
import { crashPoints } from '../crash-point/write-shape.ts';
import { FAULT_KINDS } from '../fault.ts';
import { knownFaults, knownSystems } from '../known.ts';
import { plan } from '../plan/plan.ts';
import { outsideNames } from '../plan/plan-outside.ts';
import { ExitCode } from '../problem.ts';
import { isDefault, planNewest } from '../releases/plan-newest.ts';
import { useConfig } from './config.ts';
import { type SelectionOptions, selectionOf } from './selection.ts';

export async function list(options: SelectionOptions & { config?: string }): Promise<ExitCode> {
  await useConfig(options.config);
  const systems = knownSystems();
  const faults = knownFaults();
  const outside = outsideNames(selectionOf(options));
  const selection = selectionOf(options);
  const newest = isDefault(selection) && outside.length === 0 ? await planNewest() : undefined;
  const planned = await plan(selection);
  const ids = new Set(planned.map(({ id }) => id));
  const beside = (newest?.cells ?? []).flatMap((cell) => ('crashPoint' in cell && !ids.has(cell.id) ? [cell] : []));
  const cells = [...planned, ...beside];
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
  const names = [...systems, ...crashPoints, ...faults].map((one) => one.name);
  const defects = [...mutants.map((one) => one.mutant?.defect ?? ''), ...unseenDefects.map((one) => one.defect)];
  const width = Math.max(...[...names, ...defects].map((name) => name.length));
  const lines = (title: string, entries: readonly (readonly [string, string])[]) => [
    title,
    ...entries.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`),
    '',
  ];
  console.log(
    [
      ...lines(
        'systems',
        systems.map((one) => [
          one.name,
          one.isFromOutside === true ? one.summary : `${one.summary} (${one.defaultVersion})`,
        ]),
      ),
      ...lines(
        'crash points',
        crashPoints.map((one) => [one.name, `leaves ${one.leaves}`]),
      ),
      'faults (--fault NAME; --fault all: each of them)',
      ...Object.entries(FAULT_KINDS).flatMap(([kind, words]) => {
        const of = faults.filter((one) => (one.kind ?? 'own') === kind);
        return of.length === 0
          ? []
          : lines(
              `  ${words}`,
              of.map((one) => [one.name, one.summary]),
            );
      }),
      ...lines('mutants (`midwrite mutants` runs them)', [
        ...mutants.flatMap(({ mutant }): [string, string][] =>
          mutant === undefined
            ? []
            : [
                [
                  mutant.defect,
                  `${mutant.caughtBy} catches it ${'scenario' in mutant.shownBy ? `in the scenario ${mutant.shownBy.scenario}` : `at ${mutant.shownBy.crashPoint} with ${mutant.shownBy.fault}`}`,
                ],
              ],
        ),
        ...unseenDefects.map(({ defect, needs }): [string, string] => [defect, `needs ${needs}`]),
      ]),
      `the plan: ${cells.length} cells`,
      ...cells.map((cell) => `  ${cell.id}${cell.role === 'cell' ? '' : `  (${cell.role})`}`),
      ...(newest?.during ?? []).flatMap((one) => one.cells.map((id) => `  ${id}  (its place is learned when it runs)`)),
      ...(newest?.told ?? []),
      ...outside.map(
        (name) => `  ${name}: a control, and a cell for each place of its write, which is watched when it runs`,
      ),
    ].join('\n'),
  );
  return ExitCode.sound;
}
