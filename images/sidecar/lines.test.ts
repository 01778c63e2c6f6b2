import { expect, test } from 'vitest';
import { type Line, readLines } from './lines.ts';

async function split(chunks: string[], limitBytes: number): Promise<Line[]> {
  async function* input() {
    for (const chunk of chunks) yield Buffer.from(chunk);
  }
  const lines: Line[] = [];
  for await (const line of readLines(input(), limitBytes)) lines.push(line);
  return lines;
}

test('lines that come in pieces are put together, and an unfinished last one is dropped', async () => {
  expect(await split(['a', 'b\nc', '\n\nd\nun'], 100)).toEqual([
    { text: 'ab' },
    { text: 'c' },
    { text: '' },
    { text: 'd' },
  ]);
});

test('a line over the limit is dropped and said so, and the next one is read', async () => {
  expect(await split(['xxxx', 'xxx\nok\n'], 5)).toEqual([{ droppedBytes: 7 }, { text: 'ok' }]);
});
