import { planScenario } from '../plan/plan-scenarios.ts';
import { ExitCode, Problem } from '../problem.ts';
import { scenarios } from '../scenarios/index.ts';
import { type RunOptions, runCells } from './cells.ts';
import { conclude, planOfResumed, tellSeed } from './run.ts';

export interface ScenarioOptions extends RunOptions {
  system?: string[];
  list?: boolean;
  quick?: boolean;
  seed?: number;
}

/** Runs a scenario with its systems side by side, or lists them all. */
export async function scenarioCommand(name: string | undefined, options: ScenarioOptions): Promise<ExitCode> {
  if (options.list === true) {
    list(options.json === true);
    return ExitCode.sound;
  }
  const resumed = await planOfResumed(options, name);
  if (name === undefined && resumed === undefined)
    throw new Problem('bad-usage', `Name a scenario: ${scenarios.map((one) => one.name).join(', ')}`);
  const planned =
    resumed ?? (await planScenario(name ?? '', options.system ?? [], options.quick === true, options.seed));
  tellSeed('outsiders' in planned ? planned.cells : planned);
  return conclude(await runCells(planned, options), options);
}

function list(json: boolean): void {
  const rows = scenarios.map(({ name, summary, systems, document }) => ({ name, summary, systems, document }));
  if (json) console.log(JSON.stringify(rows, null, 2));
  else for (const { name, summary, systems } of rows) console.log(`${name}  ${summary} (${systems.join(', ')})`);
}
