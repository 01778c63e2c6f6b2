import { type Command, InvalidArgumentError, Option } from 'commander';
import { AFTERMATHS } from '../cell-id.ts';
import { PLACES } from '../machine/place.ts';
import { judging } from './gate.ts';
import { several } from './several.ts';

export function count(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > 1_000)
    throw new InvalidArgumentError('Write a whole number from 1 to 1000.');
  return number;
}

export function seed(value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number >= 2 ** 32) throw new InvalidArgumentError('Write a whole number below 2^32.');
  return number;
}

export function day(value: string): string {
  const time = Date.parse(`${value}T00:00:00Z`);
  if (!/^\d{4}-\d\d-\d\d$/.test(value) || Number.isNaN(time))
    throw new InvalidArgumentError('Write a day as YYYY-MM-DD.');
  return value;
}

/** ms of `90s`, `10m`, `1.5h`. */
export function duration(value: string): number {
  const match = /^(\d+(?:\.\d+)?)(s|m|h)$/.exec(value.trim());
  if (match === null) throw new InvalidArgumentError('Write a number and a unit, such as 90s, 10m or 1h.');
  return Number(match[1]) * { s: 1_000, m: 60_000, h: 3_600_000 }[match[2] as 's' | 'm' | 'h'];
}

export function states(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0) throw new InvalidArgumentError('Write a whole number from 0 on.');
  return number;
}

/** What every command takes whose cells can be run several times. */
export const repeating = (command: Command): Command =>
  command.option('-n, --repeat <times>', 'run every cell this often', count, 1);

export const on = () =>
  new Option(
    '--on <where>',
    "where it runs: this host's engine, or a machine of the lab's own (default: engine)",
  ).choices(PLACES);

/** What every command takes that runs something. */
export function running(command: Command): Command {
  return judging(command)
    .option('-j, --jobs <number>', 'cells at a time (default: one for each processor of the engine, at most 4)', count)
    .option('-o, --results <folder>', 'where the results go', 'results')
    .addOption(on())
    .option('--resume <folder>', 'resume an interrupted run, such as results/latest; completed cells are kept')
    .option(
      '--max-duration <time>',
      'start no new cells after this much time, such as 90s, 10m or 1h; cells left out are inconclusive',
      duration,
    );
}

/** The filters that `run` and `list` share. */
export function selecting(command: Command): Command {
  return command
    .option('--system <name[@version]>', 'systems; several with commas or by repeating it', several)
    .option('-f, --fault <name>', 'faults; all: each of them', several)
    .option('-p, --crash-point <name>', 'crash points', several)
    .option('-m, --memory <size>', 'memory limits, such as 640m or 1g', several)
    .option('-c, --cell <id>', 'one cell by its id, as `list` prints it', several)
    .option(
      '--aftermath <name>',
      `what comes between a fault that ends the system and the boot: ${Object.keys(AFTERMATHS).join(', ')} (default: aged)`,
      several,
    );
}
