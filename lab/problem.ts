/** Everything that can go wrong with a run, by what the person at the keyboard has to do about it. */
export type ProblemCode =
  | 'bad-usage'
  | 'bad-definition'
  | 'bad-results'
  | 'cleanup-failed'
  | 'no-space'
  | 'engine-failed'
  | 'engine-lost'
  | 'gate-refused'
  | 'system-died'
  | 'interrupted'
  | 'limit-passed'
  | 'no-base'
  | 'no-engine'
  | 'no-machine'
  | 'no-registry'
  | 'machine-lost'
  | 'no-such-image'
  | 'no-such-package'
  | 'no-such-version'
  | 'not-ready'
  | 'process-failed'
  | 'requests-failed'
  | 'results-unwritable'
  | 'sidecar-failed'
  | 'stage-failed'
  | 'write-failed';

/** What nothing else of a run would come through either. */
const ENDS_RUN: ReadonlySet<ProblemCode> = new Set(['engine-lost', 'no-space', 'results-unwritable']);
export const endsRun = (error: unknown): error is Problem => error instanceof Problem && ENDS_RUN.has(error.code);

/** Exit codes of the command line. */
export const ExitCode = { sound: 0, unexpectedViolation: 1, badUsage: 2, unsound: 3 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

const USAGE: ReadonlySet<ProblemCode> = new Set([
  'bad-usage',
  'no-such-image',
  'no-such-package',
  'no-such-version',
  'bad-definition',
  'results-unwritable',
  'write-failed',
]);

/**
 * The one error class of the lab. `message` is for a person: what happened, to what, and what to do next. Programs read `code`; nobody
 * reads the text of another error.
 */
export class Problem extends Error {
  readonly code: ProblemCode;

  constructor(code: ProblemCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'Problem';
    this.code = code;
  }

  /** 2 where the input was wrong, 3 where the lab could not do its work. */
  get exitCode(): ExitCode {
    return USAGE.has(this.code) ? ExitCode.badUsage : ExitCode.unsound;
  }
}

/** The text of whatever was thrown, causes included, in one line. */
export function describe(error: unknown): string {
  if (error instanceof AggregateError) {
    return [error.message, ...error.errors.map(describe)].filter((part) => part !== '').join('; ');
  }
  // What was wrong first, then what went wrong in cleaning up after it.
  if (error instanceof SuppressedError) return `${describe(error.suppressed)}; then ${describe(error.error)}`;
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message} (${describe(error.cause)})`;
}

/** The `code` of a system error (ENOENT, ECONNREFUSED, …) or the status of an HTTP error of the engine, if it has one. */
export function errorCode(error: unknown): string | number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('statusCode' in error && typeof error.statusCode === 'number') return error.statusCode;
  if ('code' in error && (typeof error.code === 'string' || typeof error.code === 'number')) return error.code;
  return undefined;
}

/** For the end of an exhaustive `switch`: does not compile while a case is missing. */
export function unreachable(value: never): never {
  throw new Error(`not a case that the lab knows: ${JSON.stringify(value)}`);
}
