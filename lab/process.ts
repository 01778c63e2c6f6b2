import { execa, type Options } from 'execa';
import { Problem, type ProblemCode } from './problem.ts';

/** A program on the host, run to its end. */
export interface Command {
  file: string;
  args: readonly string[];
  /** What it is for: the start of the message when it fails. */
  purpose: string;
  /** What to do when it fails: the end of the message. */
  advice?: string;
  limitMs: number;
  code?: ProblemCode;
  cwd?: string;
  env?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

const LAST_LINES = 12;
const BUSY = 'If this machine is busy, run it again when it has less to do.';

/** Standard output of a program that must succeed; else a problem with its last lines. The child dies with the lab. */
export async function run(command: Command): Promise<string> {
  const { stdout, problem } = await attempt(command);
  if (problem !== undefined) throw problem;
  return stdout;
}

/** What a program printed, and the problem if it failed: for programs whose failure says something. */
export async function attempt(command: Command): Promise<{ stdout: string; problem?: Problem }> {
  const options: Options = {
    reject: false,
    timeout: command.limitMs,
    stdin: 'ignore',
    all: true,
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    ...(command.env === undefined ? {} : { env: command.env }),
    ...(command.signal === undefined ? {} : { cancelSignal: command.signal }),
  };
  const result = await execa(command.file, command.args, options);
  command.signal?.throwIfAborted();
  const stdout = String(result.stdout ?? '');
  if (!result.failed) return { stdout };
  const said = String(result.all ?? '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-LAST_LINES)
    .join('\n  ');
  const how = result.timedOut
    ? `did not end within ${command.limitMs / 1000} s`
    : result.exitCode === undefined
      ? (result.shortMessage ?? 'could not be started')
      : `exited with ${result.exitCode}`;
  const problem = new Problem(
    command.code ?? 'process-failed',
    [
      `${command.purpose}: \`${command.file} ${command.args.join(' ')}\` ${how}.`,
      ...(said === '' ? [] : [`  ${said}`]),
      ...(result.timedOut ? [BUSY] : []),
      ...(command.advice === undefined ? [] : [command.advice]),
    ].join('\n'),
    { cause: result.cause },
  );
  return { stdout, problem };
}
