import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { Moment } from '../evidence/event.ts';

/** What the store is at a moment: read by its format, or what is wrong with it. */
export type StoreState =
  | { state: 'valid'; rows: Record<string, Record<string, unknown>>; bytes: number; sha256: string }
  | { state: 'invalid'; why: string }
  | { state: 'missing' }
  | { state: 'unknown'; why: string };

/** Reads the store as it was at a moment. */
export function storeAt(evidence: CellEvidence, moment: Moment): StoreState {
  const { store } = evidence.cell.promises;
  if (evidence.snapshot(moment) === undefined)
    return { state: 'unknown', why: `the state folder was not looked at (${moment})` };
  const entry = evidence.entry(moment, store.path);
  if (entry === undefined) return { state: 'missing' };
  if (entry.type !== 'file') return { state: 'invalid', why: `it is a ${entry.type} and not a file` };
  const text = evidence.text(entry);
  if (text === undefined || entry.sha256 === undefined) return { state: 'unknown', why: 'its content was not kept' };
  if (text === '') return { state: 'invalid', why: 'it is empty' };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { state: 'invalid', why: `it is no JSON after ${entry.size} bytes: ${(error as Error).message}` };
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return { state: 'invalid', why: 'it is no JSON object' };
  for (const [key, row] of Object.entries(json)) {
    if (typeof row !== 'object' || row === null) return { state: 'invalid', why: `its row "${key}" is no object` };
    const missing = store.rowFields.filter((field) => !(field in row));
    if (missing.length > 0) return { state: 'invalid', why: `its row "${key}" has no ${missing.join(', ')}` };
  }
  return {
    state: 'valid',
    rows: json as Record<string, Record<string, unknown>>,
    bytes: entry.size,
    sha256: entry.sha256,
  };
}
