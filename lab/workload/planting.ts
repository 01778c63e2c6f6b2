import { randomUUID } from 'node:crypto';
import type { Plant, Sidecar } from '../sidecar/client.ts';

/** One request's worth of content: the sidecar takes lines of up to 64 MiB. */
const PART_BYTES = 8 * 1024 * 1024;

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
