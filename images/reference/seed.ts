import { randomUUID } from 'node:crypto';

const HOUR_MS = 60 * 60_000;
const LINE_BYTES = 1024;

/**
 * A store as it is after some weeks, for cells to begin with: durable rows up to the gateway's cap, model runs that are due to go, and
 * model runs that are not. It takes more than two pages of disk, so that a full disk can cut its replacement short.
 * @param nowMs rows expire by their age
 */
export function seededStore(durableRows: number, nowMs: number): string {
  const kinds = ['direct', 'group', 'cron', 'other'] as const;
  const keys = {
    direct: 'agent:main:direct:',
    group: 'agent:main:group:',
    cron: 'agent:main:cron:',
    other: 'agent:main:',
  };
  const rows: Record<string, unknown> = {};
  const add = (key: string, kind: string, serial: number, ageMs: number) => {
    rows[key] = {
      sessionId: `00000000-0000-4000-8000-${String(serial).padStart(12, '0')}`,
      kind,
      createdAt: nowMs - ageMs,
      updatedAt: nowMs - ageMs,
      turns: 0,
      bytes: 0,
    };
  };
  for (let serial = 1; serial <= durableRows; serial += 1) {
    const kind = kinds[serial % kinds.length] ?? 'other';
    // Older than a model run may get, and younger than any durable row's own time.
    add(`${keys[kind]}seeded-${serial}`, kind, serial, 30 * HOUR_MS + serial * HOUR_MS);
  }
  for (let serial = 1; serial <= 12; serial += 1) {
    const ageMs = serial <= 6 ? 25 * HOUR_MS + serial * HOUR_MS : serial * 60_000;
    add(`agent:main:explicit:model-run-seeded-${serial}`, 'model-run', 1000 + serial, ageMs);
  }
  return `${JSON.stringify({ schemaVersion: 1, minReaderVersion: 1, journal: 1, sessions: rows })}\n`;
}

/** Sessions of the reference gateway with histories of so many bytes together. Gives the keys. */
export function grownReference(bytes: number): { keys: string[]; files: { path: string; content: string }[] } {
  const count = Math.min(480, Math.max(20, Math.round(bytes / 20_000)));
  const now = Date.now();
  const sessions: Record<string, unknown> = {};
  const files: { path: string; content: string }[] = [];
  const keys: string[] = [];
  for (let serial = 0; serial < count; serial += 1) {
    const key = `agent:main:direct:grown-${serial}`;
    const sessionId = randomUUID();
    const createdAt = now - HOUR_MS - serial * 1_000;
    const lines = [JSON.stringify({ key, sessionId, createdAt })];
    const turn = JSON.stringify({
      at: createdAt,
      user: 'u'.repeat(LINE_BYTES / 2),
      assistant: 'a'.repeat(LINE_BYTES / 2),
    });
    const turns = Math.max(1, Math.round(bytes / count / (turn.length + 1)));
    for (let index = 0; index < turns; index += 1) lines.push(turn);
    const content = `${lines.join('\n')}\n`;
    sessions[key] = { sessionId, kind: 'direct', createdAt, updatedAt: createdAt, turns, bytes: content.length };
    keys.push(key);
    files.push({ path: `/state/transcripts/${sessionId}.jsonl`, content });
  }
  const store = { schemaVersion: 1, minReaderVersion: 1, journal: 1, sessions };
  files.push({ path: '/state/sessions.json', content: `${JSON.stringify(store)}\n` });
  return { keys, files };
}

/** Five digits each, so that the ids of all have the same length. */
export const NUMBERED_FROM = 10_000;

/** Many sessions without a history, whose ids can be counted through: `00000000-0000-4000-8000-1000000<number>`. */
export function numberedStore(count: number, nowMs: number): string {
  const rows: Record<string, unknown> = {};
  for (let number = NUMBERED_FROM; number < NUMBERED_FROM + count; number += 1)
    rows[`agent:main:direct:numbered-${number}`] = {
      sessionId: `00000000-0000-4000-8000-1000000${number}`,
      kind: 'direct',
      createdAt: nowMs - HOUR_MS,
      updatedAt: nowMs - HOUR_MS,
      turns: 0,
      bytes: 0,
    };
  return `${JSON.stringify({ schemaVersion: 1, minReaderVersion: 1, journal: 1, sessions: rows })}\n`;
}
