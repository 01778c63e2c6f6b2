import type { Command } from 'commander';
import { count, duration, on, seed, states } from './options.ts';
import { several } from './several.ts';

/** What `midwrite explore` takes. */
export const exploreOptions = (command: Command): Command =>
  command
    .description('rebuild every state that a crash can leave in a workload, boot the system on each, and judge it')
    .option('--system <name[@version]>', 'the system')
    .option(
      '--config <file>',
      'systems of your own: a config, or a folder with one (default: the nearest midwrite.config.ts)',
    )
    .option('-d, --defect <name>', 'its mutant with this defect')
    .option('-w, --workload <name>', 'what is recorded: turn, two-turns, boot, stop, cleanup', 'turn')
    .option(
      '--upgrade <system@from..to>',
      'what is recorded is the first boot of a release on the folder that another one has lived in',
    )
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
    .option(
      '--record <folder>',
      'take the record of that exploration, in place of a new one: for shards that share it, or to boot --every-state of it',
    )
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
    .option(
      '-j, --jobs <number>',
      'states at a time (default: two for each processor of the engine; where boots take more than 5 s, one)',
      count,
    )
    .option('-o, --results <folder>', 'where the results go', 'results')
    .addOption(on())
    .option('--json', 'print JSON');
