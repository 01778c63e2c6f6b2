import { Command, CommanderError } from 'commander';
import { leaveMachine } from '../machine/place.ts';
import { plain } from '../plain.ts';
import { describe, ExitCode, Problem } from '../problem.ts';
import { COMPARISON_FILE } from '../report/compare.ts';
import { midwriteVersion } from '../version.ts';
import { BEGIN, EXAMPLES } from './begin.ts';
import { exploreOptions } from './explore-options.ts';
import { judging } from './gate.ts';
import { Interrupted, interruptible } from './interrupt.ts';
import { count, day, on, repeating, running, seed, selecting, states } from './options.ts';
import { several } from './several.ts';
import { tryOptions } from './try-options.ts';

export function program(exit: (code: ExitCode) => void): Command {
  // A command's code is loaded when it runs: the others start without it.
  const action =
    <Args extends unknown[]>(load: () => Promise<(...args: Args) => Promise<ExitCode>>) =>
    async (...args: Args): Promise<void> =>
      exit(await (await load())(...args));
  const midwrite = new Command('midwrite')
    .description('Holds a system in the middle of a write, strikes, boots it again and judges what is left on disk.')
    .version(midwriteVersion)
    .showHelpAfterError('(`midwrite --help` shows what there is)')
    .addHelpText(
      'after',
      `
Exit codes: 0 the run is sound and everything is as expected; 1 a violation that nobody knows yet, or an expectation
that no longer fits (--fail-on says otherwise); 2 bad usage; 3 the result is inconclusive, whatever --fail-on
says (a cell missed or inconclusive, a control wrong, an engine that is gone).`,
    );
  running(
    repeating(
      selecting(midwrite.command('run').description('run the fault matrix, or the part of it that is asked for')),
    ),
  )
    .option('-s, --scenario <name>', 'scenarios; without cells, if no cell is asked for', several)
    .option('--quick', 'of scenarios, fewer points, for CI: wider intervals')
    .option(
      '--config <file>',
      'systems of your own: a config, or a folder with one (default: the nearest midwrite.config.ts)',
    )
    .option(
      '--during <what>',
      'what is struck: turn (the default), first-boot, boot, recovery, stop, cleanup, or a command that the system has by that name; several with commas. Places are learned from an undisturbed one',
      several,
    )
    .option('--every-call', 'of systems of your own, a place before each call of the write, and not one of each kind')
    .option(
      '--explore [workloads...]',
      'explore each system too, every state that a crash can leave in a workload: turn (the default), two-turns, boot, stop, cleanup',
    )
    .option('--max-states <number>', 'with --explore: boot at most so many distinct states of each', states)
    .option('--shard <index/count>', 'run a part of the plan, such as 2/4; `merge` puts the parts together')
    .option('--durations <run>', 'a run by whose times the shards are balanced; the same one for all of them')
    .action(action(async () => (await import('./run.ts')).run));
  running(tryOptions(midwrite.command('try'))).action(action(async () => (await import('./try.ts')).tryCommand));
  running(
    repeating(
      midwrite
        .command('mutants')
        .description('mutation testing: run deliberately broken systems, each of which a specific check must catch')
        .option('-d, --defect <name>', 'defects (default: all)', several),
    ),
  ).action(action(async () => (await import('./mutants.ts')).mutantsCommand));
  running(
    midwrite
      .command('scenario')
      .description('run a scenario: many writes and many crashes, with figures over time')
      .argument('[name]', 'which one, as --list names them')
      .option('--system <name[@version]>', 'systems (default: those of the scenario, side by side)', several)
      .option('--seed <number>', 'of a scenario that leaves faults and moments to chance (default: a fresh one)', seed)
      .option('--quick', 'fewer points, for CI: wider intervals')
      .option('--list', 'name all scenarios'),
  ).action(action(async () => (await import('./scenario.ts')).scenarioCommand));
  running(
    midwrite
      .command('upgrade')
      .description(
        'let one release live in a folder, strike the first boot of another one there, and ask both for what was made',
      )
      .argument('[upgrade]', 'SYSTEM@FROM..TO, each a release, a range or a tag')
      .option('--quick', 'one crash, and not three'),
  ).action(action(async () => (await import('./upgrade.ts')).upgradeCommand));
  const overReleases = (command: Command): Command =>
    command
      .option('--system <name>', 'the system')
      .option(
        '-c, --cell <cell>',
        'what is run of each: CRASH-POINT_FAULT, such as full-temp_sigkill or boot+most_sigkill',
      )
      .option('-s, --scenario <name>', 'or a scenario')
      .option('--quick', 'of a scenario, fewer points')
      .option('--tests', 'test versions (betas) too');
  overReleases(
    running(
      midwrite
        .command('releases')
        .description('run one cell over many releases of a system: a row for each, and for what does not run why'),
    ),
  )
    .option('--upgrade', 'or the upgrade from the release before it')
    .option('--since <version>', 'the first release, such as 2026.5.28, or 2026.4 for all of that month on')
    .option('--until <version>', 'the last one (default: the newest)')
    .option('--clean-images', 'remove the images that it has built, when it is done')
    .action(action(async () => (await import('./releases.ts')).releasesCommand));
  overReleases(
    midwrite
      .command('bisect')
      .description('find the first release in which a check changes, by halving the releases between two'),
  )
    .option('--good <version>', 'a release before the change')
    .option('--bad <version>', 'a release after it; it may be the older one')
    .option('-j, --jobs <number>', 'cells at a time', count)
    .option('-o, --results <folder>', 'where the results go', 'results')
    .option('--expectations <file>', "known findings, in place of the system's own")
    .option('--resume <file>', 'go on with a search that was broken off: the file that it names at its beginning')
    .option('--json', 'print JSON')
    .action(action(async () => (await import('./bisect.ts')).bisectCommand));
  exploreOptions(midwrite.command('explore')).action(action(async () => (await import('./explore.ts')).exploreCommand));
  selecting(
    midwrite
      .command('list')
      .description('show the plan, and what systems, crash points and faults there are, without running anything'),
  )
    .option('-n, --repeat <times>', 'every cell this often', count, 1)
    .option('--config <file>', 'systems of your own, as with run')
    .option('--json', 'print JSON')
    .action(action(async () => (await import('./list.ts')).list));
  judging(
    midwrite
      .command('judge')
      .description('judge a stored run again, from its files alone; writes nothing')
      .argument('<folder>', 'a run, such as results/latest'),
  ).action(action(async () => (await import('./judge.ts')).judgeCommand));
  judging(
    midwrite
      .command('report')
      .description('judge a stored run again and write its reports')
      .argument('<folders...>', 'a run, such as results/latest; with --compare two, the earlier one first')
      .option('--compare', `say what became of each cell from one run to the other, and write ${COMPARISON_FILE}`),
  ).action(action(async () => (await import('./report.ts')).reportCommand));
  judging(
    midwrite
      .command('merge')
      .description('put the shards of a plan, or of an exploration, together: judge them as one and write its reports')
      .argument('<folders...>', 'the runs, or the explorations, of all shards')
      .option('-o, --results <folder>', 'where the merged run goes', 'results'),
  ).action(action(async () => (await import('./merge.ts')).mergeCommand));
  midwrite
    .command('expect')
    .description('compare known findings with a run; with --update, write them down')
    .argument('<run>', 'a run, such as results/latest')
    .option('--update', 'add what is new, take out what does not happen any more, keep all else')
    .option('--expectations <file>', "the file, in place of the systems' own; made if it is not there")
    .option('--issue <url>', 'where the new findings are discussed')
    .option('--note <text>', 'one sentence on them (default: what the first check said)')
    .option('--until <day>', 'the last day on which they are expected, as YYYY-MM-DD', day)
    .action(action(async () => (await import('./expect.ts')).expectCommand));
  midwrite
    .command('doctor')
    .description('show what this machine has, and what each lack means')
    .option('--json', 'print JSON')
    .option('--ask-registry', 'also ask the image registry of a private engine')
    .addOption(on())
    .action(action(async () => (await import('./doctor.ts')).doctor));
  midwrite
    .command('on-request', { hidden: true })
    .description('run cells as a test process asks for them')
    .action(action(async () => (await import('./on-request.ts')).onRequest));
  const engine = midwrite.command('engine').description('the private Docker engine, for machines where none runs');
  engine
    .command('up')
    .description('install it where it is missing (Debian or Ubuntu, as root) and start it')
    .action(action(async () => (await import('./engine.ts')).engineUp));
  engine
    .command('down')
    .description('stop it')
    .option('--purge', 'and delete its images')
    .action(action(async () => (await import('./engine.ts')).engineDown));
  const machine = midwrite
    .command('machine')
    .description("a virtual machine of the lab's own, with an engine of its own and a power that can be cut");
  machine
    .command('up')
    .description('build it the first time (Debian or Ubuntu, as root), and start it')
    .option('--release <name>', "Debian's release (default: trixie)")
    .option('--arch <name>', "its processor: x64 or arm64 (default: the host's)")
    .option('--file-system <name>', 'of the disk that has the volumes (default: ext4)')
    .option('--engine <name>', 'its engine (default: docker)')
    .option('--block-log', 'write down every write and flush of its state disk, for `explore --power block-log`')
    .action(action(async () => (await import('./machine.ts')).machineUpCommand));
  machine
    .command('down')
    .description('stop it')
    .option('--purge', 'and delete its disks')
    .action(action(async () => (await import('./machine.ts')).machineDownCommand));
  machine
    .command('status')
    .description('say whether it is up, and how it runs here')
    .option('--json', 'print JSON')
    .action(action(async () => (await import('./machine.ts')).machineStatusCommand));
  machine
    .command('model')
    .description("compare the explorer's model of power losses with what they really leave on a file system")
    .option('--file-system <name>', 'of the disk that has the volumes (default: ext4)')
    .option('-o, --results <folder>', 'where the results go', 'results')
    .addOption(on())
    .action(action(async () => (await import('./machine-model.ts')).machineModelCommand));
  midwrite
    .command('clean')
    .description('remove all containers, volumes and folders of the lab, also those of a lab that runs')
    .option('--images', 'and its images')
    .action(action(async () => (await import('./clean.ts')).clean));
  for (const command of midwrite.commands) {
    const example = EXAMPLES[command.name()];
    if (example !== undefined) command.addHelpText('after', `\nExample:\n  ${example}`);
  }
  for (const one of [midwrite, ...midwrite.commands, ...engine.commands, ...machine.commands]) one.exitOverride();
  return midwrite;
}

/** A system was a gateway once, and people have that in their scripts. */
const withSystem = (argument: string): string =>
  argument.replace(/^(?:-g|--gateway)(?==|$)/, '--system').replace(/^--faults(?==|$)/, '--fault');

/** Runs the command line and gives its exit code; prints every problem as one paragraph. */
export async function main(args: readonly string[]): Promise<number> {
  if (args.length === 0) {
    console.log(BEGIN);
    return ExitCode.sound;
  }
  let code: number = ExitCode.sound;
  try {
    await interruptible(async () => {
      await program((result) => {
        code = result;
      })
        .parseAsync(args.map(withSystem), { from: 'user' })
        .finally(leaveMachine);
    });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.sound : ExitCode.badUsage;
    if (error instanceof Interrupted) {
      console.error(`midwrite: ${error.message}`);
      return error.exitCode;
    }
    if (error instanceof Problem) {
      // It may quote what a system said.
      console.error(`midwrite: ${plain(error.message)}`);
      return error.exitCode;
    }
    console.error(
      `midwrite: this is a mistake of the lab's own: ${describe(error)}\n${error instanceof Error ? error.stack : ''}`,
    );
    return ExitCode.unsound;
  }
  return code;
}
