import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

/** One connection: what a gateway sends, and how it hangs up. */
export interface Peer {
  send(message: unknown): void;
  hangUp(): void;
}

/** A WebSocket server on loopback that sends messages of under 126 bytes, and hears such of under 64 KiB (RFC 6455, sections 1.3 and 5.2). */
export async function socketServer(on: {
  open(peer: Peer): void;
  message?(message: unknown, peer: Peer): void;
}): Promise<AsyncDisposable & { port: number }> {
  const server = createServer();
  server.on('upgrade', (request, socket: Duplex) => {
    const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    socket.write(
      `HTTP/1.1 101 Go\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
    );
    const peer: Peer = {
      send: (message) => {
        const text = JSON.stringify(message);
        socket.write(Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]));
      },
      hangUp: () => socket.destroy(),
    };
    let pending = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      for (let size = frameSize(pending); size !== undefined; size = frameSize(pending)) {
        if ((pending[0] ?? 0) === 0x81) on.message?.(JSON.parse(unmasked(pending.subarray(0, size))), peer);
        pending = pending.subarray(size);
      }
    });
    socket.on('error', () => undefined);
    on.open(peer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** What stands where a length of 126 and more is in the two bytes behind it. */
const LONGER = 126;

/** Where the mask of a frame begins: its payload comes four bytes later. */
const maskAt = (bytes: Buffer): number => (((bytes[1] ?? 0) & 0x7f) === LONGER ? 4 : 2);

/** Of a masked frame that has come whole. */
function frameSize(bytes: Buffer): number | undefined {
  if (bytes.length < 4) return undefined;
  const short = (bytes[1] ?? 0) & 0x7f;
  const size = maskAt(bytes) + 4 + (short === LONGER ? bytes.readUInt16BE(2) : short);
  return bytes.length >= size ? size : undefined;
}

function unmasked(frame: Buffer): string {
  const at = maskAt(frame);
  const mask = frame.subarray(at, at + 4);
  return Buffer.from(frame.subarray(at + 4).map((byte, index) => byte ^ (mask[index % 4] ?? 0))).toString();
}
