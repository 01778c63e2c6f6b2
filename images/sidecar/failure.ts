/** What a reply with `ok: false` says in `code`. */
export type FailureCode =
  | 'bad-request'
  | 'unknown-command'
  | 'duplicate-id'
  | 'busy'
  | 'unknown-target'
  | 'not-ready'
  | 'no-inspector'
  | 'inspector-failed'
  | 'connection'
  | 'timeout'
  | 'cancelled'
  | 'refused'
  | 'not-started'
  | 'too-large'
  | 'file-system'
  | 'internal';

/** A request that failed; `details` are further fields of its reply. */
export class Failure extends Error {
  readonly code: FailureCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: FailureCode, message: string, details: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super(message, { cause });
    this.name = 'Failure';
    this.code = code;
    this.details = details;
  }
}

/** Any thrown thing as a `Failure`: a system error keeps its errno, everything else is a fault of the sidecar itself. */
export function asFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const errno = errnoOf(thrown);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (errno !== undefined) return new Failure('file-system', message, { errno }, thrown);
  return new Failure('internal', `the sidecar failed: ${message}`, {}, thrown);
}

/** `ENOENT` and the like, where the thrown thing is a system error. */
export function errnoOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown) || typeof thrown.code !== 'string') return undefined;
  return thrown.code;
}
