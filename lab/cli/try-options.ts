import type { Command } from 'commander';
import { count } from './options.ts';
import { repeated, several } from './several.ts';

/** What `midwrite try` takes, beside what every command that runs something does. */
export const tryOptions = (command: Command): Command =>
  command
    .description(
      'test a program of your own, from outside: watch one write of it, then strike at every place of that write',
    )
    .option('--npm <package>', 'its packages from npm, such as json-server@0.17.4', several)
    .option('--scripts', "run the install scripts of --npm's packages, inside the build and without a network")
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
    .option('--save [file]', 'write a config that does the same again (default: midwrite.config.ts)');
