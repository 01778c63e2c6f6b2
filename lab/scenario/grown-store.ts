import { randomUUID } from 'node:crypto';
import type { Plant, Sidecar } from '../sidecar/client.ts';

/** One request's worth of content: the sidecar takes lines of up to 64 MiB. */
const PART_BYTES = 8 * 1024 * 1024;
const LINE_BYTES = 1024;
const HOUR_MS = 60 * 60_000;

/** Plants files of any size, in parts. */
export async function plantLarge(sidecar: Sidecar, files: Iterable<{ path: string; content: string }>): Promise<void> {
  let batch: Plant[] = [];
  let bytes = 0;
  const send = async () => {
    if (batch.length > 0) await sidecar.plant(batch);
    batch = [];
    bytes = 0;
  };
  for (const { path, content } of files) {
    for (let at = 0; at === 0 || at < content.length; at += PART_BYTES) {
      const part = content.slice(at, at + PART_BYTES);
      batch.push({ path, content: part, ageMs: 0, ...(at > 0 && { append: true }) });
      bytes += part.length;
      if (bytes >= PART_BYTES) await send();
    }
  }
  await send();
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

/** A store of JSON rows made large by copies of one of its rows under other keys, as an agent with many sessions has them. */
export function grownRows(store: string, bytes: number): string {
  const rows = JSON.parse(store) as Record<string, Record<string, unknown>>;
  const [example] = Object.values(rows);
  const size = JSON.stringify(example).length;
  for (let serial = 0; serial * size < bytes; serial += 1) {
    const sessionId = randomUUID();
    rows[`agent:main:explicit:grown-${serial}`] = { ...example, sessionId, updatedAt: Date.now() - serial };
  }
  return JSON.stringify(rows, null, 2);
}
