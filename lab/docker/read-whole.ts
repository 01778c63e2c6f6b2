import type { Readable } from 'node:stream';

/** The text of a stream to its end. What comes after `limitBytes` is read and dropped, so that its writer goes on. */
export async function readWhole(stream: Readable, limitBytes: number): Promise<{ text: string; droppedBytes: number }> {
  const kept: Buffer[] = [];
  let keptBytes = 0;
  let droppedBytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const part = chunk.subarray(0, limitBytes - keptBytes);
    keptBytes += part.length;
    droppedBytes += chunk.length - part.length;
    if (part.length > 0) kept.push(part);
  }
  return { text: Buffer.concat(kept).toString('utf8'), droppedBytes };
}
