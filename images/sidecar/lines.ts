const NEWLINE = 0x0a;

/** A line of input, or the news that one was too long and was dropped. */
export type Line = { text: string } | { droppedBytes: number };

/** Splits a byte stream into lines and never holds more than `limitBytes` of one. An unfinished last line is no line. */
export async function* readLines(input: AsyncIterable<Buffer>, limitBytes: number): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let lengthBytes = 0;
  for await (const chunk of input) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      add(chunk.subarray(from, end));
      yield finish();
      from = end + 1;
    }
    add(chunk.subarray(from));
  }

  function add(part: Buffer): void {
    lengthBytes += part.length;
    if (lengthBytes > limitBytes) parts = [];
    else if (part.length > 0) parts.push(part);
  }

  function finish(): Line {
    const line: Line =
      lengthBytes > limitBytes ? { droppedBytes: lengthBytes } : { text: Buffer.concat(parts).toString('utf8') };
    parts = [];
    lengthBytes = 0;
    return line;
  }
}
