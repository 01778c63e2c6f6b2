import { randomUUID } from 'node:crypto';
import { fitsPattern } from '../patterns.ts';
import type { SessionKind, Store } from '../system.ts';

/** A row of a store that is a JSON object of rows. */
type Row = Record<string, unknown>;
type Rows = Record<string, Row>;
type JsonRows = Extract<Store, { format: 'json-rows' }>;

/** A row as the evidence has it. */
export interface StoredRow {
  key: string;
  kind: string;
  lasts: SessionKind['lasts'];
  /** ms since 1970. */
  updatedAt: number;
}

/** Fields that hold a time, in ms since 1970, go by this name in the stores that the lab knows. */
const TIME_FIELD = /At$/;
/** As a kind's `make` counts them. */
const NUMBERED = /\d{5}$/;
/** 2001. A smaller number is a duration or a count. */
const FIRST_TIME_MS = 1e12;

/** What is in a store, each row with its kind. A row that is of no kind is left out. */
export function storedRows(text: string, store: JsonRows, kinds: readonly SessionKind[]): StoredRow[] {
  return Object.entries(rowsIn(text, store)).flatMap(([key, row]) => {
    const kind = kindOf(key, kinds);
    return kind === undefined ? [] : [{ key, kind: kind.name, lasts: kind.lasts, updatedAt: Number(row.updatedAt) }];
  });
}

/** The same store with all times of its rows so much earlier: for its system, so much time has passed. */
export function withTimePassed(text: string, store: JsonRows, byMs: number): string {
  return withRows(text, store, (rows) => mapRows(rows, (row) => earlier(row, byMs)));
}

/**
 * The same store with `wanted` rows of each kind, each last updated as long ago as `ageMs` says: where there are fewer, the first of the kind that has a number is copied
 * under other keys, with ids and times of its own.
 * @param ageMs by the row's kind and its number in it, from 0
 */
export function withManyRows(
  text: string,
  store: JsonRows,
  kinds: readonly SessionKind[],
  wanted: (kind: SessionKind) => number,
  ageMs: (kind: SessionKind, index: number) => number,
): { text: string; copies: Record<SessionKind['lasts'], number> } {
  const now = Date.now();
  const copies = { durable: 0, 'one-shot': 0 };
  const grown = withRows(text, store, (rows) => {
    const all: Rows = {};
    for (const kind of kinds) {
      const own = Object.entries(rows).filter(([key]) => kindOf(key, kinds) === kind);
      const example = own.find(([key]) => NUMBERED.test(key));
      for (let serial = own.length; example !== undefined && serial < wanted(kind); serial += 1) {
        own.push(copyOf(example, serial));
        copies[kind.lasts] += 1;
      }
      for (const [index, [key, row]] of own.entries())
        all[key] = earlier(row, Number(row.updatedAt) - now + ageMs(kind, index));
    }
    return all;
  });
  return { text: grown, copies };
}

/** A copy under a key of the same form: its last five digits become others, and its id, which the key may hold, becomes another one. */
function copyOf([key, row]: readonly [string, Row], serial: number): [string, Row] {
  const another = key.replace(NUMBERED, String(50_000 + serial));
  const id = String(row.sessionId);
  const anotherId = key.includes(id) ? another.slice(another.length - id.length) : randomUUID();
  const copy = JSON.stringify(row).replaceAll(id, anotherId).replaceAll(key, another);
  return [another, JSON.parse(copy) as Row];
}

function kindOf(key: string, kinds: readonly SessionKind[]): SessionKind | undefined {
  return kinds.find((kind) => fitsPattern(key, kind.keys));
}

function earlier(row: Row, byMs: number): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      TIME_FIELD.test(name) && typeof value === 'number' && value > FIRST_TIME_MS ? value - byMs : value,
    ]),
  );
}

const mapRows = (rows: Rows, map: (row: Row) => Row): Rows =>
  Object.fromEntries(Object.entries(rows).map(([key, row]) => [key, map(row)]));

function rowsIn(text: string, { rowsAt }: JsonRows): Rows {
  const whole = JSON.parse(text) as Record<string, unknown>;
  return (rowsAt === undefined ? whole : whole[rowsAt]) as Rows;
}

function withRows(text: string, { rowsAt }: JsonRows, change: (rows: Rows) => Rows): string {
  const whole = JSON.parse(text) as Record<string, unknown>;
  const rows = (rowsAt === undefined ? whole : whole[rowsAt]) as Rows;
  const changed = rowsAt === undefined ? change(rows) : { ...whole, [rowsAt]: change(rows) };
  // As systems write it whose people read it; another form of the same JSON is the same store.
  return `${JSON.stringify(changed, null, 2)}\n`;
}
