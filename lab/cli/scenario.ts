import { planScenario } from '../plan.ts';
import { ExitCode, Problem } from '../problem.ts';
import { scenarios } from '../scenarios/index.ts';
import { type RunOptions, runCells } from './cells.ts';
import { exitCodeOf, print } from './judge.ts';
import { filesOf } from './run.ts';

export interface ScenarioOptions extends RunOptions {
  gateway?: string[];
  list?: boolean;
  quick?: boolean;
}

/** Runs a scenario with its gateways side by side, or lists them all. */
export async function scenarioCommand(name: string | undefined, options: ScenarioOptions): Promise<ExitCode> {
  if (options.list === true) {
    list(options.json === true);
    return ExitCode.sound;
  }
  if (name === undefined)
    throw new Problem('bad-usage', `name a scenario: ${scenarios.map((one) => one.name).join(', ')}`);
  const ran = await runCells(await planScenario(name, options.gateway ?? [], options.quick === true), options);
  print(ran.matrix, options.json === true);
  if (options.json !== true) {
    const document = scenarios.find((one) => one.name === name)?.document;
    if (document !== undefined) console.log(`The document: ${document.says} (${document.url})`);
    console.log(`\n${filesOf(ran)}`);
  }
  return exitCodeOf(ran.matrix.outcome);
}

function list(json: boolean): void {
  const rows = scenarios.map(({ name, summary, gateways, document }) => ({ name, summary, gateways, document }));
  if (json) console.log(JSON.stringify(rows, null, 2));
  else for (const { name, summary, gateways } of rows) console.log(`${name}  ${summary} (${gateways.join(', ')})`);
}
