import type { IncomingMessage } from 'node:http';
import { HttpError, isObject, readJson } from './json-request.ts';

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
  const body = await readJson(request, limitBytes);
  const key = request.headers['x-session-key'];
  if (typeof key !== 'string' || !SESSION_KEY.test(key)) {
    throw new HttpError(400, 'the header x-session-key must name the session in 1 to 256 printable ASCII characters');
  }
  return { key, ...parseChat(body) };
}

function parseChat(body: unknown): Omit<ChatRequest, 'key'> {
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
