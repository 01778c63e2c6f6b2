/** One exchange of a session. */
export interface Turn {
  /** ms since 1970. */
  readonly at: number;
  readonly user: string;
  readonly assistant: string;
}

/** One session, as it is kept in the store under its key. */
export interface Row {
  readonly sessionId: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly turns: readonly Turn[];
}

/** A Map, since a session may be called `__proto__`. */
export type Rows = ReadonlyMap<string, Row>;

/** The store's bytes: one JSON object from session key to row. */
export function formatRows(rows: Rows): Buffer {
  return Buffer.from(`${JSON.stringify(Object.fromEntries(rows))}\n`);
}

/** Reads a store; the text says what is wrong with it. Fields that it does not know stay in their rows. */
export function parseRows(bytes: Uint8Array): Rows | string {
  if (bytes.length === 0) return 'it is empty';
  let value: unknown;
  try {
    // fatal: a replaced character would be a silent change of what somebody said
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    return `it is not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (!isObject(value)) return 'it is not a JSON object';
  const wrong = Object.entries(value).find(([, row]) => !isRow(row));
  if (wrong !== undefined) return `the row of ${JSON.stringify(wrong[0].slice(0, 256))} is not a session row`;
  return new Map(Object.entries(value) as [string, Row][]);
}

function isRow(value: unknown): value is Row {
  return (
    isObject(value) &&
    typeof value.sessionId === 'string' &&
    Number.isFinite(value.createdAt) &&
    Number.isFinite(value.updatedAt) &&
    Array.isArray(value.turns) &&
    value.turns.every(isTurn)
  );
}

function isTurn(value: unknown): value is Turn {
  return (
    isObject(value) &&
    Number.isFinite(value.at) &&
    typeof value.user === 'string' &&
    typeof value.assistant === 'string'
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
