import type { IncomingMessage } from 'node:http';

/** A request that can't be served; `status` is what the client gets with the message. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** Reads a body that must be JSON; rejects with an `HttpError`. */
export async function readJson(request: IncomingMessage, limitBytes: number): Promise<unknown> {
  const bytes = await readBody(request, limitBytes);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new HttpError(400, `the body is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Reads a body to its end even where it is too large: a client that still sends would not see the answer. */
async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let lengthBytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    lengthBytes += part.length;
    if (lengthBytes <= limitBytes) parts.push(part);
    else parts.length = 0;
  }
  if (lengthBytes > limitBytes) throw new HttpError(413, `the body is larger than ${limitBytes} bytes`);
  return Buffer.concat(parts);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
