import { fitsPattern } from '../patterns.ts';
import type { Entry } from '../sidecar/client.ts';
import type { Promises } from '../system.ts';

/** What a kill left of the write that it fell into, told from the state folder alone. `whole temp`: what the crash point `full-temp` leaves. */
export const LEFT = ['empty temp', 'torn temp', 'whole temp', 'old store', 'new store'] as const;
export type Left = (typeof LEFT)[number];

/** @param text what is in the store only if the turn that was struck has come so far: its session's key */
export function leftBy(entries: readonly Entry[], promises: Pick<Promises, 'store' | 'temps'>, text: string): Left {
  const { store, temps } = promises;
  const content = (entry: Entry | undefined) => Buffer.from(entry?.contentBase64 ?? '', 'base64').toString('utf8');
  const isNew = content(entries.find((entry) => entry.path === store.path)).includes(text);
  const temp = entries.find((entry) => entry.type === 'file' && fitsPattern(entry.path, temps));
  if (temp === undefined) return isNew ? 'new store' : 'old store';
  if (temp.size === 0) return 'empty temp';
  return !isNew && isWhole(content(temp)) && content(temp).includes(text) ? 'whole temp' : 'torn temp';
}

function isWhole(json: string): boolean {
  try {
    JSON.parse(json);
    return true;
  } catch {
    return false;
  }
}
