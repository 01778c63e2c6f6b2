import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { Moment } from '../evidence/event.ts';
import { whyUnfit } from '../json-schema.ts';
import { describe, unreachable } from '../problem.ts';
import type { Entry } from '../sidecar/client.ts';
import { type Store, storeEntryPath } from '../system.ts';
import { type RowReader, readRows } from './rows-in-parts.ts';

/** What the store is at a moment: read by its format, or what is wrong with it. */
export type StoreState =
  | { state: 'valid'; rows: number; bytes: number }
  | { state: 'invalid'; why: string }
  | { state: 'missing' }
  | { state: 'unknown'; why: string };

/** The entry that stands for the content of the store at a moment. */
export function storeEntry(evidence: CellEvidence, moment: Moment): Entry | undefined {
  return evidence.entry(moment, storeEntryPath(evidence.cell.promises.store));
}

/** Reads the store as it was at a moment. */
export function storeAt(evidence: CellEvidence, moment: Moment): StoreState {
  const { store } = evidence.cell.promises;
  if (evidence.snapshot(moment) === undefined)
    return { state: 'unknown', why: `the state folder was not looked at (${moment})` };
  const entry = storeEntry(evidence, moment);
  if (entry === undefined) return { state: 'missing' };
  if (entry.type !== 'file') return { state: 'invalid', why: `it is a ${entry.type} and not a file` };
  return readStore(store, evidence.text(entry), entry.size);
}

/**
 * Reads a store from its text: the file's own, or, of a database, the sidecar's reading of its rows.
 * @param text undefined: it is not known
 */
export function readStore(store: Store, text: string | undefined, bytes: number): StoreState {
  if (text === undefined) return { state: 'unknown', why: 'its content was not kept' };
  switch (store.format) {
    case 'json-rows':
      return jsonRows(text, store, bytes);
    case 'sqlite':
      return database(text, bytes);
    case 'json':
      return json(text, store, bytes);
    case 'json-lines':
      return jsonLines(text, bytes);
    case 'checked':
    case 'unnamed':
      return { state: 'unknown', why: 'it is no file that the lab reads' };
    default:
      return unreachable(store);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return error;
  }
}

/** The first byte of a byte order mark, which is no JSON. */
const BOM_BYTE = 0xef;

type JsonRows = Extract<Store, { format: 'json-rows' }>;

function jsonRows(text: string, { rowsAt, rowFields }: JsonRows, bytes: number): StoreState {
  if (text === '') return { state: 'invalid', why: 'it is empty' };
  const json = parse(text);
  if (json instanceof Error) return { state: 'invalid', why: `it is no JSON after ${bytes} bytes: ${json.message}` };
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return { state: 'invalid', why: 'it is no JSON object' };
  const rows: unknown = rowsAt === undefined ? json : (json as Record<string, unknown>)[rowsAt];
  if (typeof rows !== 'object' || rows === null || Array.isArray(rows))
    return { state: 'invalid', why: `its "${rowsAt}" is no JSON object` };
  for (const [key, row] of Object.entries(rows as Record<string, unknown>)) {
    const why = whyNoRow(key, row, rowFields);
    if (why !== undefined) return { state: 'invalid', why };
  }
  return { state: 'valid', rows: Object.keys(rows).length, bytes };
}

function json(text: string, { schema }: Extract<Store, { format: 'json' }>, bytes: number): StoreState {
  if (text === '') return { state: 'invalid', why: 'it is empty' };
  const value = parse(text);
  if (value instanceof Error) return { state: 'invalid', why: `it is no JSON after ${bytes} bytes: ${value.message}` };
  const unfit = schema === undefined ? undefined : whyUnfit(schema, value);
  if (unfit !== undefined) return { state: 'invalid', why: `it does not fit its schema: ${unfit}` };
  const rows = typeof value === 'object' && value !== null ? Object.keys(value).length : 1;
  return { state: 'valid', rows, bytes };
}

function jsonLines(text: string, bytes: number): StoreState {
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  if (last !== '') return { state: 'invalid', why: `its last line has no end: ${last.slice(0, 80)}` };
  const bad = lines.findIndex((line) => parse(line) instanceof Error);
  if (bad !== -1) return { state: 'invalid', why: `its line ${bad + 1} is no JSON: ${lines[bad]?.slice(0, 80)}` };
  return { state: 'valid', rows: lines.length, bytes };
}

function whyNoRow(key: string, row: unknown, rowFields: JsonRows['rowFields']): string | undefined {
  if (typeof row !== 'object' || row === null) return `its row "${key}" is no object`;
  const missing = rowFields.filter((field) => !(field in row));
  return missing.length > 0 ? `its row "${key}" has no ${missing.join(', ')}` : undefined;
}

/**
 * Reads a large store as `readStore` does, some of its rows after the others.
 * @param pieces its bytes, in order; they are read once, or twice
 */
export function readStoreByRows(store: Store, pieces: Iterable<Uint8Array>, bytes: number): StoreState {
  const asText = () =>
    readStore(store, new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.concat([...pieces])), bytes);
  const [first] = pieces;
  if (store.format !== 'json-rows' || bytes === 0 || first?.[0] === BOM_BYTE) return asText();
  const { rowsAt, rowFields } = store;
  const keys = new Set<string>();
  const wrong = new Map<string, string>();
  const reader: RowReader = {
    begin() {
      keys.clear();
      wrong.clear();
    },
    take(rows) {
      for (const [key, row] of Object.entries(rows)) {
        keys.add(key);
        // Of a key that comes twice the last one counts, as for JSON.parse.
        wrong.delete(key);
        const why = whyNoRow(key, row, rowFields);
        if (why !== undefined) wrong.set(key, why);
      }
    },
  };
  try {
    const around = readRows(pieces, rowsAt, reader);
    // Rare enough not to be told apart here: no rows at all, or rows that are no rows.
    if (keys.size === 0 || !isObject(rowsAt === undefined ? around : (around as Record<string, unknown>)[rowsAt]))
      return asText();
  } catch (error) {
    return { state: 'invalid', why: `it is no JSON after ${bytes} bytes: ${describe(error)}` };
  }
  const [why] = wrong.values();
  return why === undefined ? { state: 'valid', rows: keys.size, bytes } : { state: 'invalid', why };
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The sidecar's reading of a database: `integrity` is what SQLite's own integrity_check says. */
function database(text: string, bytes: number): StoreState {
  const dump = parse(text) as { integrity?: unknown; tables?: Record<string, unknown[]> } | Error;
  if (dump instanceof Error || typeof dump.tables !== 'object')
    return { state: 'unknown', why: 'the reading of its rows is damaged' };
  if (dump.integrity !== 'ok') return { state: 'invalid', why: `SQLite says: ${String(dump.integrity)}` };
  return { state: 'valid', rows: Object.values(dump.tables).reduce((sum, rows) => sum + rows.length, 0), bytes };
}

/** The rows of a JSON store at a moment, by their session keys; undefined where it can't be read. */
export function rowsOf(
  evidence: CellEvidence,
  moment: Moment,
): ReadonlyMap<string, Record<string, unknown>> | undefined {
  const { store } = evidence.cell.promises;
  if (store.format !== 'json-rows' || storeAt(evidence, moment).state !== 'valid') return undefined;
  const json = parse(evidence.text(storeEntry(evidence, moment)) ?? '') as Record<string, unknown>;
  const rows = store.rowsAt === undefined ? json : json[store.rowsAt];
  return new Map(Object.entries(rows as Record<string, Record<string, unknown>>));
}
