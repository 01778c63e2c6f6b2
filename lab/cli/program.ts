import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { AFTERMATHS } from '../cell-id.ts';
import { leaveMachine, PLACES } from '../machine/connect.ts';
import { plain } from '../plain.ts';
import { describe, ExitCode, Problem } from '../problem.ts';
import { COMPARISON_FILE } from '../report/html.ts';
import { midwriteVersion } from '../version.ts';
import { BEGIN, EXAMPLES } from './begin.ts';
import { bisectCommand } from './bisect.ts';
import { clean } from './clean.ts';
import { doctor } from './doctor.ts';
import { engineDown, engineUp } from './engine.ts';
import { expectCommand } from './expect.ts';
import { exploreCommand } from './explore.ts';
import { judging } from './gate.ts';
import { Interrupted, interruptible } from './interrupt.ts';
import { judgeCommand } from './judge.ts';
import { list } from './list.ts';
import { machineDownCommand, machineStatusCommand, machineUpCommand } from './machine.ts';
import { machineModelCommand } from './machine-model.ts';
import { mergeCommand } from './merge.ts';
import { mutantsCommand } from './mutants.ts';
import { onRequest } from './on-request.ts';
import { releasesCommand } from './releases.ts';
import { reportCommand } from './report.ts';
import { run } from './run.ts';
import { scenarioCommand } from './scenario.ts';
import { repeated, several } from './several.ts';
import { tryCommand } from './try.ts';
import { upgradeCommand } from './upgrade.ts';

function count(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > 1_000)
    throw new InvalidArgumentError('Write a whole number from 1 to 1000.');
  return number;
}

function seed(value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number >= 2 ** 32) throw new InvalidArgumentError('Write a whole number below 2^32.');
  return number;
}

function day(value: string): string {
  const time = Date.parse(`${value}T00:00:00Z`);
  if (!/^\d{4}-\d\d-\d\d$/.test(value) || Number.isNaN(time))
    throw new InvalidArgumentError('Write a day as YYYY-MM-DD.');
  return value;
}

/** ms of `90s`, `10m`, `1.5h`. */
function duration(value: string): number {
  const match = /^(\d+(?:\.\d+)?)(s|m|h)$/.exec(value.trim());
  if (match === null) throw new InvalidArgumentError('Write a number and a unit, such as 90s, 10m or 1h.');
  return Number(match[1]) * { s: 1_000, m: 60_000, h: 3_600_000 }[match[2] as 's' | 'm' | 'h'];
}

function states(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0) throw new InvalidArgumentError('Write a whole number from 0 on.');
  return number;
}

const repeating = (command: Command): Command =>
  command.option('-n, --repeat <times>', 'run every cell this often', count, 1);

const on = () =>
  new Option(
    '--on <where>',
    "where it runs: this host's engine, or a machine of the lab's own (default: engine)",
  ).choices(PLACES);

/** What every command takes that runs something. */
function running(command: Command): Command {
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
function selecting(command: Command): Command {
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

export function program(exit: (code: ExitCode) => void): Command {
  const action =
    <Args extends unknown[]>(work: (...args: Args) => Promise<ExitCode>) =>
    async (...args: Args): Promise<void> =>
      exit(await work(...args));
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
      'what is struck: turn (the default), first-boot, boot, stop, cleanup, or a command that the system has by that name; several with commas. Places are learned from an undisturbed one',
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
    .action(action(run));
  running(
    midwrite
      .command('try')
      .description(
        'test a program of your own, from outside: watch one write of it, then strike at every place of that write',
      )
      .option('--npm <package>', 'its packages from npm, such as json-server@0.17.4', several)
      .option('--debian <package>', 'its packages from Debian', several)
      .option('--dockerfile <folder>', 'a folder with a Dockerfile')
      .option('--image <ref>', 'an image that the engine has or can pull')
      .option(
        '--start <command>',
        "the command line of a server (default: the image's own, where --write goes to a port); without a server each write is a command that is run to its end",
      )
      .option('--ready <url|port|log:text>', 'when the server is ready (default: the port of --write or --read)')
      .option('--setup <exchange>', 'before the first write: a command line or a request; may be repeated', repeated)
      .requiredOption('--write <exchange>', 'changes its state; {text} is what must be found again')
      .requiredOption('--read <exchange>', 'asks it what it holds')
      .option('--state <folder>', 'the folder of its state, HOME and working directory (default: /state)')
      .option('--file <name=content>', 'a file below --state before the first boot; may be repeated', repeated)
      .option('--env <name=value>', 'a variable of its environment; may be repeated', repeated)
      .option('-m, --memory <size>', 'its memory limit (default: 512m)')
      .option('-f, --fault <name>', 'faults; all: each of them (default: sigkill)', several)
      .option('-p, --place <id>', 'places, as the report names them (default: one of each kind)', several)
      .option('-c, --cell <id>', 'one cell by its id', several)
      .option('--at-once <number>', 'so many writes are under way when the fault strikes', count)
      .option('--every-call', 'a place before each call of the write')
      .option('--name <name>', 'what it is called (default: its package)')
      .option('--save [file]', 'write a config that does the same again (default: midwrite.config.ts)'),
  ).action(action(tryCommand));
  running(
    repeating(
      midwrite
        .command('mutants')
        .description('mutation testing: run deliberately broken systems, each of which a specific check must catch')
        .option('-d, --defect <name>', 'defects (default: all)', several),
    ),
  ).action(action(mutantsCommand));
  running(
    midwrite
      .command('scenario')
      .description('run a scenario: many writes and many crashes, with figures over time')
      .argument('[name]', 'which one, as --list names them')
      .option('--system <name[@version]>', 'systems (default: those of the scenario, side by side)', several)
      .option('--seed <number>', 'of a scenario that leaves faults and moments to chance (default: a fresh one)', seed)
      .option('--quick', 'fewer points, for CI: wider intervals')
      .option('--list', 'name all scenarios'),
  ).action(action(scenarioCommand));
  running(
    midwrite
      .command('upgrade')
      .description(
        'let one release live in a folder, strike the first boot of another one there, and ask both for what was made',
      )
      .argument('[upgrade]', 'SYSTEM@FROM..TO, each a release, a range or a tag')
      .option('--quick', 'one crash, and not three'),
  ).action(action(upgradeCommand));
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
    .action(action(releasesCommand));
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
    .action(action(bisectCommand));
  midwrite
    .command('explore')
    .description('rebuild every state that a crash can leave in a workload, boot the system on each, and judge it')
    .option('--system <name[@version]>', 'the system')
    .option(
      '--config <file>',
      'systems of your own: a config, or a folder with one (default: the nearest midwrite.config.ts)',
    )
    .option('-d, --defect <name>', 'its mutant with this defect')
    .option('-w, --workload <name>', 'what is recorded: turn, two-turns, boot, stop, cleanup', 'turn')
    .option('--model <name>', 'process-crash or power-loss (default: both)', several)
    .option('--max-states <number>', 'boot at most so many distinct states', states)
    .option(
      '--every-state',
      'boot each distinct state and those of every recovery (default: representatives of states that are alike)',
    )
    .option(
      '--samples <number>',
      'draw so many of the power losses that are too many to try each (default: 200)',
      states,
    )
    .option('--seed <number>', 'from which they are drawn (default: 1)', seed)
    .option(
      '--shard <index/count>',
      'boot a part of its groups, such as 2/4, on machines of their own; `merge` puts the parts together',
    )
    .option('--record <folder>', 'take the record of that exploration, in place of a new one: for shards that share it')
    .option(
      '--source-lines',
      'of a Node program: record a second time and tell in which line of its source each call was made',
    )
    .option(
      '--max-duration <time>',
      'begin no boot, no real crash and no run of --errors after so long, such as 90s, 10m or 1h; what is left out is told',
      duration,
    )
    .option(
      '--resume <folder>',
      'go on with an exploration or a sweep of errors that was broken off or had no time left: only what it does not know is run',
    )
    .option('--state <folder>', 'boot one state that an exploration has kept, instead')
    .option(
      '--bundle <folder>',
      'write a tar of one state of a finding that needs Docker and no midwrite, and the text of an issue, instead',
    )
    .option(
      '--errors',
      'let every call of one write fail instead, with every error that it can return, a live run each',
    )
    .option(
      '--power <how>',
      'block-log: read what power failures leave too, from every write and flush of a machine’s disk, and compare',
    )
    .option('--every-call', 'with --errors: run each call, also where another one stands for it')
    .option('-c, --cell <id>', 'with --errors: one of its runs', several)
    .option('-f, --fault <name>', 'with --errors: these errors only, in this order, such as no-space-stays', several)
    .option('-j, --jobs <number>', 'states at a time (default: two for each processor of the engine, at most 8)', count)
    .option('-o, --results <folder>', 'where the results go', 'results')
    .addOption(on())
    .option('--json', 'print JSON')
    .action(action(exploreCommand));
  selecting(
    midwrite
      .command('list')
      .description('show the plan, and what systems, crash points and faults there are, without running anything'),
  )
    .option('-n, --repeat <times>', 'every cell this often', count, 1)
    .option('--config <file>', 'systems of your own, as with run')
    .option('--json', 'print JSON')
    .action(action(list));
  judging(
    midwrite
      .command('judge')
      .description('judge a stored run again, from its files alone; writes nothing')
      .argument('<folder>', 'a run, such as results/latest'),
  ).action(action(judgeCommand));
  judging(
    midwrite
      .command('report')
      .description('judge a stored run again and write its reports')
      .argument('<folders...>', 'a run, such as results/latest; with --compare two, the earlier one first')
      .option('--compare', `say what became of each cell from one run to the other, and write ${COMPARISON_FILE}`),
  ).action(action(reportCommand));
  judging(
    midwrite
      .command('merge')
      .description('put the shards of a plan, or of an exploration, together: judge them as one and write its reports')
      .argument('<folders...>', 'the runs, or the explorations, of all shards')
      .option('-o, --results <folder>', 'where the merged run goes', 'results'),
  ).action(action(mergeCommand));
  midwrite
    .command('expect')
    .description('compare known findings with a run; with --update, write them down')
    .argument('<run>', 'a run, such as results/latest')
    .option('--update', 'add what is new, take out what does not happen any more, keep all else')
    .option('--expectations <file>', "the file, in place of the systems' own; made if it is not there")
    .option('--issue <url>', 'where the new findings are discussed')
    .option('--note <text>', 'one sentence on them (default: what the first check said)')
    .option('--until <day>', 'the last day on which they are expected, as YYYY-MM-DD', day)
    .action(action(expectCommand));
  midwrite
    .command('doctor')
    .description('show what this machine has, and what each lack means')
    .option('--json', 'print JSON')
    .option('--ask-registry', 'also ask the image registry of a private engine')
    .addOption(on())
    .action(action(doctor));
  midwrite
    .command('on-request', { hidden: true })
    .description('run cells as a test process asks for them')
    .action(action(onRequest));
  const engine = midwrite.command('engine').description('the private Docker engine, for machines where none runs');
  engine
    .command('up')
    .description('install it where it is missing (Debian or Ubuntu, as root) and start it')
    .action(action(engineUp));
  engine.command('down').description('stop it').option('--purge', 'and delete its images').action(action(engineDown));
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
    .action(action(machineUpCommand));
  machine
    .command('down')
    .description('stop it')
    .option('--purge', 'and delete its disks')
    .action(action(machineDownCommand));
  machine
    .command('status')
    .description('say whether it is up, and how it runs here')
    .option('--json', 'print JSON')
    .action(action(machineStatusCommand));
  machine
    .command('model')
    .description("compare the explorer's model of power losses with what they really leave on a file system")
    .option('--file-system <name>', 'of the disk that has the volumes (default: ext4)')
    .option('-o, --results <folder>', 'where the results go', 'results')
    .addOption(on())
    .action(action(machineModelCommand));
  midwrite
    .command('clean')
    .description('remove all containers, volumes and folders of the lab, also those of a lab that runs')
    .option('--images', 'and its images')
    .action(action(clean));
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
