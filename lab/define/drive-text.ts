import parseArgv from 'string-argv';
import type { Drive } from '../drive.ts';
import { Problem } from '../problem.ts';

/** Any method: WebDAV's and others' are written as HTTP's own (RFC 9110, section 9.1). */
const REQUEST = /^([A-Z]{1,16})\s+(http:\/\/\S+)(?:\s+([\s\S]+))?$/;

/**
 * An exchange as people write it in one line: `POST http://127.0.0.1:3000/posts {"title":"{text}"}`, `http://127.0.0.1:3000/posts` (a GET), or a
 * command line. Quotes keep words together; no shell is started (write `sh -c '…'` where one is meant).
 * @param where what it is, for the message: `write`, `read`, …
 * @throws Problem bad-definition
 */
export function driveOfText(line: string, where: string): Drive {
  const text = line.trim();
  const request = REQUEST.exec(text);
  if (request !== null) {
    const [, method = '', url = '', body] = request;
    return { ...httpOf(url, where), method, ...(body === undefined ? {} : bodyOf(body)) };
  }
  if (/^https?:\/\//.test(text)) return httpOf(text, where);
  const argv = parseArgv(text);
  if (argv.length === 0) throw new Problem('bad-definition', `${where} is empty. Write a command line or a request.`);
  return { kind: 'command', argv };
}

/** JSON goes out as JSON, with `{text}` in it; anything else as it is. */
function bodyOf(body: string): { body: unknown } | { text: string } {
  try {
    return { body: JSON.parse(body) as unknown };
  } catch {
    return { text: body };
  }
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost']);

/**
 * A GET of a URL on the pod's loopback.
 * @throws Problem bad-definition
 */
export function httpOf(url: string, where: string): Extract<Drive, { kind: 'http' }> {
  // {text} in a path is no valid sign of a URL, and must come out as it went in.
  const match = /^http:\/\/([^/:?#]+)(?::(\d{1,5}))?(\/[^\s#]*)?$/.exec(url);
  const [, host = '', port = '80', path = '/'] = match ?? [];
  if (match === null || !LOOPBACK.has(host) || Number(port) < 1 || Number(port) > 65_535)
    throw new Problem(
      'bad-definition',
      `${where}: "${url}" is no URL that the lab can reach. A system has no network but its own loopback: write http://127.0.0.1:PORT/….`,
    );
  return { kind: 'http', method: 'GET', port: Number(port), path, headers: {} };
}

/**
 * `127.0.0.1:6379`, `tcp://127.0.0.1:6379` or a port alone.
 * @throws Problem bad-definition
 */
export function portOf(address: string, where: string): number {
  const match = /^(?:tcp:\/\/)?(?:(?:127\.0\.0\.1|localhost):)?(\d{1,5})$/.exec(address.trim());
  const port = Number(match?.[1]);
  if (match === null || port < 1 || port > 65_535)
    throw new Problem('bad-definition', `${where}: "${address}" is not a port on loopback. Write 127.0.0.1:PORT.`);
  return port;
}
