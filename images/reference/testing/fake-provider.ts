import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A model provider whose answers a test can spoil or hold back. */
export class FakeProvider implements AsyncDisposable {
  /** What the next answers are; `hold` answers nothing until `release`. */
  mode: 'echo' | 'status-500' | 'no-json' | 'hang-up' | 'hold' = 'echo';
  readonly #server: Server;
  #held: (() => void)[] = [];
  #onHeld: () => void = () => undefined;

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const body = JSON.parse(Buffer.concat(await request.toArray()).toString());
      const echo = { choices: [{ message: { role: 'assistant', content: `echo: ${body.messages.at(-1).content}` } }] };
      if (this.mode === 'hang-up') response.destroy();
      else if (this.mode === 'status-500') response.writeHead(500).end();
      else if (this.mode === 'no-json') response.end('<html>');
      else if (this.mode === 'echo') response.end(JSON.stringify(echo));
      else {
        this.#held.push(() => response.end(JSON.stringify(echo)));
        this.#onHeld();
      }
    });
  }

  static async start(): Promise<FakeProvider> {
    const provider = new FakeProvider();
    provider.#server.listen(0, '127.0.0.1');
    await once(provider.#server, 'listening');
    return provider;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  /** Resolves when so many requests are being held. */
  held(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onHeld = () => {
      if (this.#held.length >= count) resolve();
    };
    this.#onHeld();
    return promise;
  }

  release(): void {
    this.mode = 'echo';
    for (const answer of this.#held.splice(0)) answer();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
