export type Level = 'info' | 'warn' | 'error';

/** Writes one event with its fields. */
export type Log = (level: Level, event: string, fields?: Readonly<Record<string, unknown>>) => void;

/** Structured log: one JSON object a line on stdout, with `t` (ms since 1970), `level` and `event`. */
export const logToStdout: Log = (level, event, fields = {}) => {
  process.stdout.write(`${JSON.stringify({ t: Date.now(), level, event, ...fields })}\n`);
};

/** A thrown thing in a log line: its message, and the errno of a system error. */
export function errorFields(error: unknown): Record<string, unknown> {
  return { error: error instanceof Error ? error.message : String(error), errno: errnoOf(error) };
}

/** `ENOENT` and the like, where the thrown thing is a system error. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
