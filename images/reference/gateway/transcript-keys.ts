import type { Defect } from './defects.ts';

export const TRANSCRIPT_KEYS_LIMIT = 256;

/** Finds the key of a session; undefined where there is none. */
export type FindKey = (sessionId: string) => string | undefined;

/** Which session a transcript is of: a cache of the least recently used kind. A `Map` keeps the order of insertion. */
export class TranscriptKeys {
  readonly #find: FindKey;
  readonly #defects: ReadonlySet<Defect>;
  readonly #keys = new Map<string, string>();

  constructor(find: FindKey, defects: ReadonlySet<Defect>) {
    this.#find = find;
    this.#defects = defects;
  }

  get size(): number {
    return this.#keys.size;
  }

  /** What is not there is looked for each time: remembering it would hide a session that comes later. */
  keyOf(sessionId: string): string | undefined {
    const key = this.#keys.get(sessionId) ?? this.#find(sessionId);
    if (key === undefined) return undefined;
    this.#keys.delete(sessionId);
    this.#keys.set(sessionId, key);
    if (this.#keys.size > TRANSCRIPT_KEYS_LIMIT && !this.#defects.has('transcript-cache-leak')) this.#dropOldest();
    return key;
  }

  /** Sessions that are no more. */
  forget(sessionIds: Iterable<string>): void {
    for (const sessionId of sessionIds) this.#keys.delete(sessionId);
  }

  #dropOldest(): void {
    for (const oldest of this.#keys.keys()) {
      this.#keys.delete(oldest);
      return;
    }
  }
}
