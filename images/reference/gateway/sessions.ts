import { randomUUID } from 'node:crypto';
import type { JournalRecord } from './journal.ts';
import { type Kind, kindOf, type Row, type Rows, type Turn } from './rows.ts';
import { type Addition, headerLine, turnLine } from './transcripts.ts';

/** A session as a list shows it. */
export interface Summary {
  readonly key: string;
  readonly sessionId: string;
  readonly kind: Kind;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** How many there are. */
  readonly turns: number;
}

/** A turn that is in a journal and not in its transcript. */
interface PendingTurn {
  readonly generation: number;
  /** Where it goes in the transcript. */
  readonly offsetBytes: number;
  readonly turn: Turn;
}

interface Session {
  readonly key: string;
  /** With all its turns, also the pending ones. */
  row: Row;
  pending: PendingTurn[];
}

/** The sessions in memory: their rows, and of their histories no more than what is not in the transcripts yet. */
export class Sessions {
  readonly #byKey: Map<string, Session>;

  constructor(rows: Rows) {
    this.#byKey = new Map(Array.from(rows, ([key, row]) => [key, { key, row, pending: [] }]));
  }

  get(key: string): Readonly<Session> | undefined {
    return this.#byKey.get(key);
  }

  rows(): Map<string, Row> {
    return new Map(Array.from(this.#byKey.values(), ({ key, row }) => [key, row]));
  }

  list(): Summary[] {
    return Array.from(this.#byKey.values(), ({ key, row: { sessionId, createdAt, updatedAt, turns } }) => {
      return { key, sessionId, kind: kindOf(key), createdAt, updatedAt, turns };
    });
  }

  keyOf(sessionId: string): string | undefined {
    return this.#byKey.values().find(({ row }) => row.sessionId === sessionId)?.key;
  }

  /** What the journal is to say of these turns. Changes nothing yet. */
  recordsOf(turns: readonly { readonly key: string; readonly turn: Turn }[]): JournalRecord[] {
    const rows = new Map<string, Row>();
    return turns.map(({ key, turn }) => {
      const row = rowAfter(key, rows.get(key) ?? this.#byKey.get(key)?.row, turn);
      rows.set(key, row);
      return { key, row, turn };
    });
  }

  /** Takes in a record that was just written. */
  add({ key, row, turn }: JournalRecord, generation: number): void {
    const session: Session = this.#byKey.get(key) ?? { key, row, pending: [] };
    session.row = row;
    session.pending.push({ generation, offsetBytes: row.bytes - turnLine(turn).length, turn });
    this.#byKey.set(key, session);
  }

  /**
   * Takes in a record of an earlier process. A turn that the row counts already is passed over: so it appears once, whether or
   * not the journal that holds it was removed after its fold. Gives what became of it.
   */
  replay(record: JournalRecord, generation: number): 'added' | 'known' | 'displaced' {
    const row = this.#byKey.get(record.key)?.row;
    if (row?.sessionId !== record.row.sessionId) {
      this.#byKey.delete(record.key);
      this.add(record, generation);
      return row === undefined ? 'added' : 'displaced';
    }
    if (record.row.bytes <= row.bytes) return 'known';
    // Where it follows the row, as it should, this is the record's own row; where records before it were damaged, it closes the gap.
    const { turns, bytes } = rowAfter(record.key, row, record.turn);
    this.add({ ...record, row: { ...record.row, turns, bytes } }, generation);
    return 'added';
  }

  /** What is to be added to the transcripts. */
  additions(): Addition[] {
    return [...this.#byKey.values()].flatMap(({ key, row, pending }) => {
      const first = pending[0];
      return first ? [{ key, row, turns: pending.map(({ turn }) => turn), offsetBytes: first.offsetBytes }] : [];
    });
  }

  /** The turns of generations before this one are in their transcripts now, and these sessions have gone. */
  settle(generation: number, gone: readonly { readonly key: string }[]): void {
    for (const { key } of gone) this.#byKey.delete(key);
    for (const session of this.#byKey.values()) {
      if (session.pending.length > 0)
        session.pending = session.pending.filter((pending) => pending.generation >= generation);
    }
  }
}

/** How much of a session's transcript counts: what is pending goes behind it. */
export function vouchedBytes({ row, pending }: Readonly<Session>): number {
  return pending[0]?.offsetBytes ?? row.bytes;
}

function rowAfter(key: string, before: Row | undefined, turn: Turn): Row {
  const start = { sessionId: randomUUID(), kind: kindOf(key), createdAt: turn.at, turns: 0, bytes: 0 };
  const row = before ?? { ...start, updatedAt: turn.at };
  const offsetBytes = Math.max(row.bytes, headerLine(key, row).length);
  return { ...row, updatedAt: turn.at, turns: row.turns + 1, bytes: offsetBytes + turnLine(turn).length };
}
