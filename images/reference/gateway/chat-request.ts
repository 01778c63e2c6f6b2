import type { IncomingMessage } from 'node:http';

/** A request that can't be served; `status` is what the client gets with the message. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A turn that a client asks for. */
export interface ChatRequest {
  readonly key: string;
  readonly model: string;
  readonly messages: readonly unknown[];
  /** The text of the last user message. */
  readonly user: string;
}

const SESSION_KEY = /^[\x20-\x7e]{1,256}$/;

/** Reads and validates a turn; rejects with an `HttpError` that says what is wrong. */
export async function readChatRequest(request: IncomingMessage, limitBytes: number): Promise<ChatRequest> {
  const body = await readBody(request, limitBytes);
  const key = request.headers['x-session-key'];
  if (typeof key !== 'string' || !SESSION_KEY.test(key)) {
    throw new HttpError(400, 'the header x-session-key must name the session in 1 to 256 printable ASCII characters');
  }
  return { key, ...parseChat(body) };
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

function parseChat(bytes: Buffer): Omit<ChatRequest, 'key'> {
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new HttpError(400, `the body is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isObject(body)) throw new HttpError(400, 'the body must be a JSON object');
  if (body.stream === true) throw new HttpError(400, 'this gateway does not stream; leave "stream" out');
  if (!Array.isArray(body.messages)) throw new HttpError(400, 'the body needs a list "messages"');
  const last: unknown = body.messages.findLast((message: unknown) => isObject(message) && message.role === 'user');
  const user = isObject(last) ? textOf(last.content) : '';
  if (user === '') throw new HttpError(400, '"messages" needs a message with role "user" and a text as content');
  return { model: typeof body.model === 'string' ? body.model : 'default', messages: body.messages, user };
}

/** A content is a text or a list of parts, of which those of type `text` count. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part: unknown) => (isObject(part) && part.type === 'text' && typeof part.text === 'string' ? part.text : ''))
    .join('');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
