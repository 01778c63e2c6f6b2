import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { wallMs } from './clock.ts';

const BODY_LIMIT_BYTES = 32 * 1024 * 1024;
const REQUESTS_LIMIT = 10_000;
const TEXT_LIMIT_CHARS = 1024;
const MODEL = 'echo';

/** One request that the provider got. */
export interface ProviderRequest {
  readonly t: number;
  readonly path: string;
  readonly stream: boolean;
  /** The first 1024 characters of it; empty where there is none. */
  readonly lastUserText: string;
}

/** The model that the gateway talks to: an OpenAI-compatible server on loopback that repeats the last user text. */
export interface Provider {
  readonly port: number;
  /** The newest 10 000, oldest first. */
  readonly requests: readonly ProviderRequest[];
  /** How many older ones are no longer in `requests`. */
  readonly dropped: number;
}

/** Starts the provider. Port 0 takes any free one. Rejects where the port can't be bound. */
export async function startProvider(port: number): Promise<Provider> {
  const requests: ProviderRequest[] = [];
  let dropped = 0;
  const server = createServer((request, response) => {
    answer(request, response, (seen) => {
      requests.push(seen);
      if (requests.length > REQUESTS_LIMIT) dropped += requests.splice(0, 1).length;
    }).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  // A gateway that was frozen must find its connection as it left it.
  server.keepAliveTimeout = 600_000;
  server.requestTimeout = 0;
  await listen(server, port);
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    port: bound,
    requests,
    get dropped() {
      return dropped;
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, '127.0.0.1', resolve);
  return promise;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  record: (seen: ProviderRequest) => void,
): Promise<void> {
  const t = wallMs();
  const path = new URL(request.url ?? '/', 'http://provider').pathname;
  const chat = request.method === 'POST' && path === '/v1/chat/completions' ? await readChat(request) : undefined;
  const seen = typeof chat === 'object' ? chat : { stream: false, lastUserText: '', model: MODEL };
  record({ t, path, stream: seen.stream, lastUserText: seen.lastUserText.slice(0, TEXT_LIMIT_CHARS) });
  if (typeof chat === 'object') return chat.stream ? sendStream(response, chat) : sendWhole(response, chat);
  if (typeof chat === 'string') return sendError(response, 400, chat);
  if (request.method === 'GET' && path === '/v1/models') {
    return sendJson(response, 200, { object: 'list', data: [{ id: MODEL, object: 'model', owned_by: 'midwrite' }] });
  }
  sendError(response, 404, `no such endpoint: ${request.method} ${path}`);
}

interface Chat {
  readonly model: string;
  readonly stream: boolean;
  readonly lastUserText: string;
}

/** The chat request, or what is wrong with it. */
async function readChat(request: IncomingMessage): Promise<Chat | string> {
  const parts: Buffer[] = [];
  let lengthBytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    lengthBytes += part.length;
    if (lengthBytes > BODY_LIMIT_BYTES) parts.length = 0;
    else parts.push(part);
  }
  if (lengthBytes > BODY_LIMIT_BYTES) return `the body is larger than ${BODY_LIMIT_BYTES} bytes`;
  return parseChat(Buffer.concat(parts).toString('utf8'));
}

/** Reads the body of a chat completion; a text says what is wrong with it. */
export function parseChat(text: string): Chat | string {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return 'the body is not JSON';
  }
  if (typeof body !== 'object' || body === null || !('messages' in body) || !Array.isArray(body.messages)) {
    return 'the body needs a list "messages"';
  }
  const model = 'model' in body && typeof body.model === 'string' ? body.model : MODEL;
  const last = body.messages.findLast((message: unknown) => isObject(message) && message.role === 'user') as unknown;
  return {
    model,
    stream: 'stream' in body && body.stream === true,
    lastUserText: isObject(last) ? textOf(last.content) : '',
  };
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
  return typeof value === 'object' && value !== null;
}

let replies = 0;

function envelope(chat: Chat, object: string): Record<string, unknown> {
  return { id: `chatcmpl-${replies}`, object, created: Math.floor(Date.now() / 1000), model: chat.model };
}

/** Not a tokenizer: gateways only want plausible numbers that add up. */
function usageOf(chat: Chat, reply: string): Record<string, number> {
  const prompt = Math.ceil(chat.lastUserText.length / 4) + 1;
  const completion = Math.ceil(reply.length / 4);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

function sendWhole(response: ServerResponse, chat: Chat): void {
  replies += 1;
  const content = `echo: ${chat.lastUserText}`;
  sendJson(response, 200, {
    ...envelope(chat, 'chat.completion'),
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: usageOf(chat, content),
  });
}

function sendStream(response: ServerResponse, chat: Chat): void {
  replies += 1;
  const content = `echo: ${chat.lastUserText}`;
  const head = envelope(chat, 'chat.completion.chunk');
  const choices = [
    { index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null },
    { index: 0, delta: { content }, finish_reason: null },
    { index: 0, delta: {}, finish_reason: 'stop' },
  ];
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  for (const choice of choices) response.write(`data: ${JSON.stringify({ ...head, choices: [choice] })}\n\n`);
  response.write(`data: ${JSON.stringify({ ...head, choices: [], usage: usageOf(chat, content) })}\n\n`);
  response.end('data: [DONE]\n\n');
}

function sendError(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, { error: { message, type: 'invalid_request_error' } });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
