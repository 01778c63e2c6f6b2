import { randomUUID } from 'node:crypto';
import { formatRows, type Row, type Rows, type Turn } from './rows.ts';

/** Writes the whole store; durable when it resolves. */
export type WriteStore = (content: Buffer) => Promise<void>;

interface Pending {
  readonly key: string;
  readonly turn: Turn;
  readonly resolve: (turns: number) => void;
  readonly reject: (error: unknown) => void;
  turns: number;
}

/**
 * The sessions in memory. One write at a time; turns that arrive meanwhile share the next one (group commit), and each is
 * told after the write that holds it is durable. A write that fails leaves memory as it was, as it does the file.
 */
export class Store {
  readonly #write: WriteStore;
  #rows: Rows;
  #pending: Pending[] = [];
  #isWriting = false;

  constructor(rows: Rows, write: WriteStore) {
    this.#rows = rows;
    this.#write = write;
  }

  get rows(): Rows {
    return this.#rows;
  }

  /** Adds a turn; resolves with how many turns the session has then, once they are durable. */
  add(key: string, turn: Turn): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#pending.push({ key, turn, resolve, reject, turns: 0 });
    if (!this.#isWriting) void this.#writePending();
    return promise;
  }

  async #writePending(): Promise<void> {
    this.#isWriting = true;
    while (this.#pending.length > 0) {
      const group = this.#pending.splice(0);
      try {
        const next = withTurns(this.#rows, group);
        await this.#write(formatRows(next));
        this.#rows = next;
        for (const { resolve, turns } of group) resolve(turns);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#isWriting = false;
  }
}

function withTurns(rows: Rows, group: readonly Pending[]): Rows {
  const next = new Map(rows);
  for (const pending of group) {
    const row = withTurn(next.get(pending.key), pending.turn);
    pending.turns = row.turns.length;
    next.set(pending.key, row);
  }
  return next;
}

function withTurn(row: Row | undefined, turn: Turn): Row {
  if (row === undefined) return { sessionId: randomUUID(), createdAt: turn.at, updatedAt: turn.at, turns: [turn] };
  return { ...row, updatedAt: turn.at, turns: [...row.turns, turn] };
}
