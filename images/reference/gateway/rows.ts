/** One exchange of a session. */
export interface Turn {
  /** ms since 1970. */
  readonly at: number;
  readonly user: string;
  readonly assistant: string;
}

/** What kind of conversation a session is: its retention depends on it. */
export type Kind = 'model-run' | 'cron' | 'group' | 'direct' | 'other';

export const KINDS: readonly Kind[] = ['model-run', 'cron', 'group', 'direct', 'other'];

/** One session, as it is kept in the store under its key. Its turns are in its transcript. */
export interface Row {
  /** Is the name of the transcript, and so holds nothing that would be more than a name. */
  readonly sessionId: string;
  readonly kind: string;
  /** ms since 1970. */
  readonly createdAt: number;
  readonly updatedAt: number;
  /** How many there are. */
  readonly turns: number;
  /** The length of the transcript with the last of these turns in it; what lies behind that was not vouched for. */
  readonly bytes: number;
}

/** A Map, since a session may be called `__proto__`. */
export type Rows = ReadonlyMap<string, Row>;

/** The kind is in the key, and always read from there: a row's field is for whoever reads the store. */
export function kindOf(key: string): Kind {
  if (/^agent:[^:]+:explicit:model-run-/.test(key)) return 'model-run';
  if (key.includes(':cron:')) return 'cron';
  if (/:(group|channel):/.test(key)) return 'group';
  return /:(direct|dm):/.test(key) ? 'direct' : 'other';
}

/** Fields that it does not know are no fault. */
export function isRow(value: unknown): value is Row {
  return (
    isObject(value) &&
    typeof value.sessionId === 'string' &&
    isSessionId(value.sessionId) &&
    typeof value.kind === 'string' &&
    Number.isFinite(value.createdAt) &&
    Number.isFinite(value.updatedAt) &&
    isCount(value.turns) &&
    isCount(value.bytes)
  );
}

export function isSessionId(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(text);
}

export function isTurn(value: unknown): value is Turn {
  return (
    isObject(value) &&
    Number.isFinite(value.at) &&
    typeof value.user === 'string' &&
    typeof value.assistant === 'string'
  );
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined where it is not JSON, or not UTF-8: a replaced character would be a silent change of what somebody said. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(UTF8.decode(bytes));
  } catch {
    return undefined;
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
