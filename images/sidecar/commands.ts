import { collections } from './collections.ts';
import type { Conversation } from './conversation.ts';
import { dumpDatabase } from './database.ts';
import { fillDisk, freeDisk } from './disk.ts';
import { type Call, drive } from './drive.ts';
import { type HttpCall, listens, ready, turn } from './driver.ts';
import { Failure } from './failure.ts';
import { Fields } from './fields.ts';
import { exhaustHeap, heap } from './heap.ts';
import { passTimeInDatabases } from './pass-time.ts';
import type { Provider } from './provider.ts';
import { requests } from './requests.ts';
import { isInside, type RestoreEntry, restore, Stock } from './restore.ts';
import { age, type PlantFile, plant, snapshot } from './state.ts';

const LIMIT_MAX_MS = 3_600_000;
const INSPECTOR_PORT = 9229;
const ENTRIES_MAX = 1_000_000;
const SERIES_MAX = 100_000;
const SERIES_FROM_MAX = 1_000_000_000;
const STEPS_MAX = 16;
const CONCURRENCY_MAX = 64;
const AGE_MAX_MS = 10 * 365 * 86_400_000;
const DUMP_MAX_BYTES = 64 * 1024 * 1024;
const LEAVE_MAX_BYTES = 64 * 1024 * 1024;
const KEEP_MAX_BYTES = 16 * 1024 * 1024;
/** No pattern over the whole text: one that repeats groups runs out of stack over some megabytes. */
const NOT_BASE64 = /[^A-Za-z0-9+/]/;
const PIECES_MAX = 200_000;
const ARGUMENTS_MAX = 256;
const TEXT_MAX_CHARS = 256 * 1024;
const RESTORED_MAX = 200_000;
const METHOD = /^[A-Z]{1,16}$/;
const URL_PATH = /^\/[\x21-\x7e]*$/;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

/** Does one command: gives the fields of its reply, or throws a `Failure`. */
export type Command = (fields: Fields, cancel: AbortSignal) => Promise<Readonly<Record<string, unknown>>>;

/** The index of commands; `cancel` is the control loop's own, since it acts on other requests. */
export function commandsFor(provider: Provider): ReadonlyMap<string, Command> {
  const stock = new Stock();
  return new Map<string, Command>([
    ['ready', readyCommand],
    ['turn', turnCommand],
    ['drive', driveCommand],
    ['requests', requestsCommand],
    ['heap', heapCommand],
    ['exhaust-heap', exhaustHeapCommand],
    ['collections', collectionsCommand],
    ['snapshot', snapshotCommand],
    ['age', ageCommand],
    ['pass-time', passTimeCommand],
    ['plant', plantCommand],
    ['stock', (fields) => stockCommand(fields, stock)],
    ['restore', (fields) => restoreCommand(fields, stock)],
    ['database', databaseCommand],
    ['fill-disk', fillDiskCommand],
    ['free-disk', freeDiskCommand],
    ['provider', (fields) => providerCommand(fields, provider)],
  ]);
}

async function readyCommand(fields: Fields, cancel: AbortSignal): Promise<Record<string, unknown>> {
  if (fields.any('tcp') !== undefined) {
    const tcp = fields.fields('tcp');
    const [to, limitMs] = [port(tcp), fields.integer('limitMs', 1, LIMIT_MAX_MS)];
    tcp.end();
    fields.end();
    return listens(to, limitMs, cancel);
  }
  const http = fields.fields('http');
  const target = {
    port: port(http),
    path: urlPath(http),
    status: http.integer('status', 100, 599),
    includes: http.optionalText('includes'),
  };
  const limitMs = fields.integer('limitMs', 1, LIMIT_MAX_MS);
  http.end();
  fields.end();
  return ready(target, limitMs, cancel);
}

async function turnCommand(fields: Fields, cancel: AbortSignal): Promise<Record<string, unknown>> {
  const call = httpCall(fields.fields('http'));
  const limitMs = fields.integer('limitMs', 1, LIMIT_MAX_MS);
  fields.end();
  return turn(call, limitMs, cancel);
}

async function driveCommand(fields: Fields, cancel: AbortSignal): Promise<Record<string, unknown>> {
  const call = callOf(fields);
  const limitMs = fields.integer('limitMs', 1, LIMIT_MAX_MS);
  fields.end();
  return drive(call, limitMs, cancel);
}

/** One exchange: the field that is there says its kind. */
function callOf(fields: Fields): Call {
  if (fields.any('http') !== undefined) return { kind: 'http', call: httpCall(fields.fields('http')) };
  if (fields.any('socket') !== undefined) return { kind: 'socket', call: conversation(fields.fields('socket')) };
  if (fields.any('tcp') !== undefined) {
    const tcp = fields.fields('tcp');
    const call = { port: port(tcp), send: tcp.content('send', TEXT_MAX_CHARS), answer: tcp.optionalText('answer') };
    tcp.end();
    return { kind: 'tcp', call };
  }
  const command = fields.fields('command');
  const call = {
    port: port(command),
    argv: argumentsOf(command),
    env: command.textRecord('env'),
    cwd: command.any('cwd') === undefined ? undefined : command.absolutePath('cwd'),
    stdin: command.optionalContent('stdin', TEXT_MAX_CHARS),
  };
  for (const text of [...call.argv, ...Object.entries(call.env).flat()])
    if (text.includes('\0')) throw new Failure('bad-request', 'a command line and its environment hold no zero bytes');
  command.end();
  return { kind: 'command', call };
}

/** An argument may be empty; the program's name is not. */
function argumentsOf(command: Fields): readonly string[] {
  const argv = command.list('argv', ARGUMENTS_MAX);
  const isText = (one: unknown): one is string => typeof one === 'string' && one.length <= TEXT_MAX_CHARS;
  if (!argv.every(isText) || argv[0] === undefined || argv[0] === '')
    throw new Failure('bad-request', 'command.argv must be a list of texts that begins with a program');
  return argv;
}

async function requestsCommand(fields: Fields, cancel: AbortSignal): Promise<Record<string, unknown>> {
  const series = {
    call: fields.any('socket') === undefined ? httpCall(fields.fields('http')) : conversation(fields.fields('socket')),
    count: fields.integer('count', 1, SERIES_MAX),
    from: fields.integer('from', 0, SERIES_FROM_MAX),
    concurrency: fields.integer('concurrency', 1, CONCURRENCY_MAX),
    limitMs: fields.integer('limitMs', 1, LIMIT_MAX_MS),
  };
  fields.end();
  return { ...(await requests(series, cancel)) };
}

async function exhaustHeapCommand(fields: Fields, cancel: AbortSignal): Promise<Record<string, unknown>> {
  const inspector = fields.any('port') === undefined ? INSPECTOR_PORT : port(fields);
  const limitMs = fields.integer('limitMs', 1, LIMIT_MAX_MS);
  fields.end();
  return { ...(await exhaustHeap(inspector, limitMs, cancel)) };
}

async function heapCommand(fields: Fields, cancel: AbortSignal): Promise<Record<string, unknown>> {
  const port = fields.optionalInteger('port', 1, 65_535, INSPECTOR_PORT);
  const limitMs = fields.integer('limitMs', 1, LIMIT_MAX_MS);
  fields.end();
  return { ...(await heap(port, limitMs, cancel)) };
}

async function collectionsCommand(fields: Fields, cancel: AbortSignal): Promise<Record<string, unknown>> {
  const port = fields.optionalInteger('port', 1, 65_535, INSPECTOR_PORT);
  const atLeast = fields.integer('atLeast', 0, ENTRIES_MAX);
  const limitMs = fields.integer('limitMs', 1, LIMIT_MAX_MS);
  fields.end();
  return { ...(await collections(port, atLeast, limitMs, cancel)) };
}

async function snapshotCommand(fields: Fields): Promise<Record<string, unknown>> {
  const request = {
    root: fields.absolutePath('root'),
    keep: fields.texts('keep', 256),
    keepBytes: fields.integer('keepBytes', 0, KEEP_MAX_BYTES),
  };
  fields.end();
  return { entries: await snapshot(request) };
}

async function ageCommand(fields: Fields): Promise<Record<string, unknown>> {
  const root = fields.absolutePath('root');
  const byMs = fields.integer('byMs', 0, AGE_MAX_MS);
  fields.end();
  return age(root, byMs);
}

async function passTimeCommand(fields: Fields): Promise<Record<string, unknown>> {
  const root = fields.absolutePath('root');
  const byMs = fields.integer('byMs', 0, AGE_MAX_MS);
  fields.end();
  return passTimeInDatabases(root, byMs);
}

/** The dump goes over as one text, so that it can be kept and hashed like a file. */
async function databaseCommand(fields: Fields): Promise<Record<string, unknown>> {
  const path = fields.absolutePath('path');
  fields.end();
  const dump = JSON.stringify(dumpDatabase(path));
  if (dump.length > DUMP_MAX_BYTES)
    throw new Failure('too-large', `the rows of ${path} are more than ${DUMP_MAX_BYTES} bytes of JSON`);
  return { dump };
}

async function fillDiskCommand(fields: Fields): Promise<Record<string, unknown>> {
  const root = fields.absolutePath('root');
  const leaveBytes = fields.integer('leaveBytes', 0, LEAVE_MAX_BYTES);
  fields.end();
  return fillDisk(root, leaveBytes);
}

async function freeDiskCommand(fields: Fields): Promise<Record<string, unknown>> {
  const root = fields.absolutePath('root');
  fields.end();
  return freeDisk(root);
}

async function providerCommand(fields: Fields, provider: Provider): Promise<Record<string, unknown>> {
  fields.end();
  return { requests: provider.requests, dropped: provider.dropped };
}

/** Everything is validated before anything is planted. */
async function plantCommand(fields: Fields): Promise<Record<string, unknown>> {
  const files = fields.list('files', 20_000).map((item, index) => plantFile(new Fields(item, `plant.files[${index}]`)));
  fields.end();
  return { planted: plant(files) };
}

/** Takes pieces of files into the stock; `empty` takes all others out first. */
async function stockCommand(fields: Fields, stock: Stock): Promise<Record<string, unknown>> {
  const pieces = fields.list('pieces', PIECES_MAX).map((piece, index) => base64(piece, `stock.pieces[${index}]`));
  const isEmptied = fields.optionalFlag('empty');
  fields.end();
  if (isEmptied) stock.empty();
  for (const piece of pieces) stock.add(piece);
  return { bytes: stock.bytes };
}

async function restoreCommand(fields: Fields, stock: Stock): Promise<Record<string, unknown>> {
  const root = fields.absolutePath('root');
  const ageMs = fields.integer('ageMs', 0, AGE_MAX_MS);
  const entries = fields
    .list('entries', RESTORED_MAX)
    .map((item, index) => restoreEntry(new Fields(item, `restore.entries[${index}]`), root));
  fields.end();
  return { entries: restore(root, entries, stock, ageMs) };
}

function restoreEntry(fields: Fields, root: string): RestoreEntry {
  const path = fields.absolutePath('path');
  const type = fields.text('type');
  if (type !== 'file' && type !== 'directory' && type !== 'symlink')
    throw new Failure('bad-request', `${path}: a ${type} can't be restored`);
  if (!isInside(root, path)) throw new Failure('bad-request', `${path} is not below ${root}`);
  const entry = {
    path,
    type,
    mode: fields.integer('mode', 0, 0o7777),
    pieces: fields.texts('pieces', PIECES_MAX),
    target: fields.optionalText('target'),
    sameAs: fields.optionalText('sameAs'),
  } as const;
  fields.end();
  return entry;
}

function base64(encoded: unknown, of: string): Buffer {
  if (typeof encoded !== 'string' || encoded.length % 4 !== 0 || NOT_BASE64.test(encoded.replace(/={1,2}$/, '')))
    throw new Failure('bad-request', `${of} must be base64 (an empty text: no bytes)`);
  return Buffer.from(encoded, 'base64');
}

function plantFile(fields: Fields): PlantFile {
  const path = fields.absolutePath('path');
  const file = {
    path,
    content: base64(fields.any('contentBase64'), `the contentBase64 of ${path}`),
    ageMs: fields.optionalInteger('ageMs', 0, AGE_MAX_MS, 0),
    mode: fields.optionalInteger('mode', 0, 0o7777, 0o600),
    append: fields.optionalFlag('append'),
  };
  fields.end();
  return file;
}

function httpCall(http: Fields): HttpCall {
  const call = {
    port: port(http),
    method: http.text('method'),
    path: urlPath(http),
    headers: headers(http),
    body: http.any('body'),
    text: http.optionalContent('text', TEXT_MAX_CHARS),
  };
  if (call.body !== undefined && call.text !== undefined)
    throw new Failure('bad-request', 'http has body and text: a request has one of them');
  if (!METHOD.test(call.method)) throw new Failure('bad-request', 'http.method must be a method such as POST');
  http.end();
  return call;
}

function conversation(socket: Fields): Conversation {
  const steps = socket.list('steps', STEPS_MAX).map((item, index) => {
    const step = new Fields(item, `socket.steps[${index}]`);
    const { after, send } = { after: step.any('after'), send: step.any('send') };
    step.end();
    if (after === undefined || send === undefined)
      throw new Failure('bad-request', `socket.steps[${index}] must have after and send`);
    return { after, send };
  });
  const talk = {
    port: port(socket),
    path: urlPath(socket),
    sign: socket.optionalText('sign'),
    steps,
    done: socket.any('done'),
    refused: socket.any('refused'),
  };
  socket.end();
  if (talk.done === undefined || talk.refused === undefined)
    throw new Failure('bad-request', 'socket must have done and refused');
  return talk;
}

function port(http: Fields): number {
  return http.integer('port', 1, 65_535);
}

function urlPath(http: Fields): string {
  const path = http.text('path');
  if (!URL_PATH.test(path)) throw new Failure('bad-request', 'http.path must start with / and have no spaces');
  return path;
}

function headers(http: Fields): Readonly<Record<string, string>> {
  const record = http.textRecord('headers');
  for (const [name, value] of Object.entries(record)) {
    if (HEADER_NAME.test(name) && HEADER_VALUE.test(value)) continue;
    throw new Failure('bad-request', `http.headers has a header that HTTP does not allow: ${name.slice(0, 100)}`);
  }
  return record;
}
