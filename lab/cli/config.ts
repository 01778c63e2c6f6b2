import { existsSync } from 'node:fs';
import { configsAt, findConfig, loadConfigs } from '../define/load.ts';
import type { ResultsFolder } from '../results.ts';

const AGAIN = 'run --config ';

/**
 * Reads the config that is asked for, or the nearest one.
 * @returns how a cell is run again
 * @throws Problem bad-usage, bad-definition
 */
export async function useConfig(config: string | undefined): Promise<{ again?: string }> {
  const found = config === undefined ? findConfig(process.cwd()) : undefined;
  await loadConfigs(config === undefined ? (found === undefined ? [] : [found]) : configsAt(config));
  return config === undefined ? {} : { again: `${AGAIN}${config}` };
}

/**
 * Reads the config that a stored run was made with, if it is still where it was: its known findings and its checks are in it.
 * @throws Problem bad-usage, bad-results, bad-definition
 */
export async function useConfigOf(results: ResultsFolder): Promise<void> {
  const { again } = (await results.readRun()).run;
  if (again === undefined) return void (await useConfig(undefined));
  const config = again.startsWith(AGAIN) ? again.slice(AGAIN.length) : undefined;
  if (config !== undefined && existsSync(config)) await useConfig(config);
}
