import { request as httpRequest, type IncomingMessage } from 'node:http';

const ANSWER_LIMIT_BYTES = 4 * 1024 * 1024;

/** The provider did not give a reply that can be used. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
}

/** Asks the model; resolves with the assistant's text, rejects with a `ProviderError`. */
export async function askModel(provider: URL, timeoutMs: number, request: unknown): Promise<string> {
  const address = new URL(`${provider.pathname.replace(/\/+$/, '')}/chat/completions`, provider);
  const { status, text } = await post(address, timeoutMs, JSON.stringify(request));
  if (status !== 200) throw new ProviderError(`the model provider answered with status ${status}`);
  const content = contentOf(text);
  if (content === undefined) throw new ProviderError('the model provider answered without choices[0].message.content');
  return content;
}

function contentOf(text: string): string | undefined {
  try {
    const content: unknown = JSON.parse(text)?.choices?.[0]?.message?.content;
    return typeof content === 'string' ? content : undefined;
  } catch {
    return undefined;
  }
}

function post(address: URL, timeoutMs: number, body: string): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const fail = (error: Error) =>
    reject(new ProviderError(`the model provider at ${address.host} failed: ${error.message}`, { cause: error }));
  const client = httpRequest(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    // A connection for each: after a sleep a kept one may be dead, and the turn would fail for no reason.
    agent: false,
    signal: AbortSignal.timeout(timeoutMs),
  });
  client.on('error', fail);
  client.on('response', (response) => {
    readText(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), fail);
  });
  client.end(body);
  return promise;
}

async function readText(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let lengthBytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    lengthBytes += part.length;
    if (lengthBytes > ANSWER_LIMIT_BYTES) throw new Error(`its answer is larger than ${ANSWER_LIMIT_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
