import type { ServedState } from '../gateway/api.ts';
import type { Retirement, Summary, Turn } from '../gateway/state.ts';

/** A state in memory: what the service part needs of one, and no more. */
export class FakeState implements ServedState {
  readonly rows: Summary[] = [];
  readonly turns = new Map<string, Turn[]>();
  /** What the next `due` and `maintain` give. */
  retirements: Retirement[] = [];
  /** Who was asked for, each time. */
  readonly lookedFor: string[] = [];

  async add(key: string, turn: Turn): Promise<{ sessionId: string; turns: number }> {
    const turns = [...(this.turns.get(key) ?? []), turn];
    this.turns.set(key, turns);
    const sessionId = `id of ${key}`;
    const { length } = turns;
    const index = this.rows.findIndex((row) => row.key === key);
    const row: Summary = { key, sessionId, kind: 'other', createdAt: 1, updatedAt: turn.at, turns: length };
    this.rows.splice(index === -1 ? this.rows.length : index, 1, row);
    return { sessionId, turns: length };
  }

  async history(key: string, limit: number): Promise<readonly Turn[] | undefined> {
    return this.turns.get(key)?.slice(-limit);
  }

  keyOf(sessionId: string): string | undefined {
    this.lookedFor.push(sessionId);
    return this.rows.find((row) => row.sessionId === sessionId)?.key;
  }

  list(): Summary[] {
    return [...this.rows];
  }

  due(): Retirement[] {
    return this.retirements;
  }

  async maintain(): Promise<Retirement[]> {
    for (const { sessionId } of this.retirements) {
      const index = this.rows.findIndex((row) => row.sessionId === sessionId);
      if (index !== -1) this.rows.splice(index, 1);
    }
    return this.retirements.splice(0);
  }
}
