import path from 'node:path';
import parseArgv from 'string-argv';
import { parseSize } from '../cell-id.ts';
import { type Drive, type DriveResult, RUNNER_PORT } from '../drive.ts';
import { WRITEGATE } from '../pod/pod.ts';
import { Problem } from '../problem.ts';
import { type ImageSource, type Resolved, resolveSource } from '../source/source.ts';
import type { HostDrive, Promises, Ready, Release, Store, System } from '../system.ts';
import type { DriveDefinition, SystemDefinition } from './definition.ts';
import { driveOfText, httpOf, portOf } from './drive-text.ts';

const MiB = 1024 * 1024;
const STATE = '/state';
const MEMORY_BYTES = 512 * MiB;
const MEMORY_MINIMUM_BYTES = 16 * MiB;
const READY_WITHIN_MS = 60_000;
const ANSWERS_WITHIN_MS = 60_000;
/** What programs look for when they want to know who runs them. */
const PERSON = { USER: 'midwrite', LOGNAME: 'midwrite', LANG: 'C.UTF-8' };
/** What the text of a write is filled up with. */
const FILLER = 'x';

/**
 * A system of a config as the lab runs it.
 * @param folder of the config: paths in it are relative to it
 * @throws Problem bad-definition
 */
export function asSystem(definition: SystemDefinition, folder: string): System {
  const { name, expectations } = definition;
  // What is wrong with it is told when it is read, and not when it runs.
  const parts = partsOf(definition);
  return {
    name,
    summary: `from the config: ${parts.start === undefined ? 'a command' : 'a server'}`,
    defaultVersion: 'now',
    inDefaultPlan: true,
    isFromOutside: true,
    ...(expectations !== undefined && { expectations: path.resolve(folder, expectations) }),
    ...(definition.faults !== undefined && { faults: definition.faults }),
    async release(version): Promise<Release> {
      const image = definition.image.kind === 'dockerfile' ? inFolder(definition.image, folder) : definition.image;
      const resolved = await resolveSource(image);
      if (version !== 'now' && version !== resolved.version)
        throw new Problem(
          'no-such-version',
          `${name} is ${resolved.version} by its config, and ${version} is asked for. Change the config.`,
        );
      return releaseOf(definition, parts, resolved);
    },
  };
}

const inFolder = (image: Extract<ImageSource, { kind: 'dockerfile' }>, folder: string): ImageSource => ({
  ...image,
  folder: path.resolve(folder, image.folder),
});

interface Parts {
  state: string;
  /** Empty: the image's own. Undefined: it is a command. */
  start: readonly string[] | undefined;
  runsItsOwn: boolean;
  write: Drive | HostDrive;
  read: Drive | HostDrive;
  setup: readonly (Drive | HostDrive)[];
  storeCheck: Drive | undefined;
  ready: Ready;
}

function partsOf(definition: SystemDefinition): Parts {
  const { name, state = STATE, setup = [], store } = definition;
  const where = (field: string) => `${name}: ${field}`;
  const start = definition.start === undefined ? undefined : argvOf(definition.start);
  const typed = definition.questions === undefined ? undefined : `${definition.questions}\n`.repeat(QUESTIONS);
  const asked = (one: DriveDefinition, field: string) => typing(driveOf(one, where(field)), typed);
  const write = asked(definition.write, 'write');
  const read = asked(definition.read, 'read');
  if (write.kind !== 'host' && !JSON.stringify(write).includes('{text}'))
    throw new Problem(
      'bad-definition',
      `${name}: write has no {text}, so nobody can tell whether it is there afterwards. Put {text} where the write says something.`,
    );
  if (read.kind !== 'host' && JSON.stringify(read).includes('{text}'))
    throw new Problem(
      'bad-definition',
      `${name}: read has {text}, and it is the same question before and after each write. Let it print all that is there, such as a list of all keys.`,
    );
  const runsItsOwn =
    start === undefined &&
    ['image', 'dockerfile'].includes(definition.image.kind) &&
    [write, read].some((one) => one.kind !== 'command' && one.kind !== 'host');
  if (start === undefined && !runsItsOwn) {
    const served = [write, read].find((one) => one.kind !== 'command' && one.kind !== 'host');
    if (served !== undefined)
      throw new Problem(
        'bad-definition',
        `${name}: write or read goes to a port, and nothing listens there: give start, the command line of the server.`,
      );
  }
  const steps = Array.isArray(setup) ? setup : [setup];
  return {
    state,
    start: runsItsOwn ? [] : start,
    runsItsOwn,
    write,
    read,
    setup: steps.map((step, index) => asked(step, `setup[${index}]`)),
    storeCheck: store !== undefined && 'command' in store ? commandOf(store.command) : undefined,
    ready: readyOf(definition, runsItsOwn ? [] : start, [read, write], where('ready')),
  };
}

/** So many questions of one command are answered. */
const QUESTIONS = 20;

/** A command line whose questions are answered. */
const typing = (drive: Drive | HostDrive, typed: string | undefined): Drive | HostDrive =>
  drive.kind === 'command' && typed !== undefined && drive.stdin === undefined ? { ...drive, stdin: typed } : drive;

const argvOf = (line: string | string[]): readonly string[] => (typeof line === 'string' ? parseArgv(line) : line);
const commandOf = (line: string | string[]): Drive => ({ kind: 'command', argv: argvOf(line) });

/** @throws Problem bad-definition */
export function driveOf(definition: DriveDefinition, where: string): Drive | HostDrive {
  if (typeof definition === 'string') return driveOfText(definition, where);
  if (typeof definition === 'function') {
    return {
      kind: 'host',
      async run(text, drive) {
        const began = Date.now();
        const answer = await definition({
          text,
          drive: (line) => drive(filled(driveOfText(line, where), text)),
          tcp: (address, send, answer) =>
            drive({ kind: 'tcp', port: portOf(address, where), send, ...(answer !== undefined && { answer }) }),
        });
        if (typeof answer !== 'string') return answer;
        return { tSent: began, tEnded: Date.now(), acknowledged: true, text: answer } satisfies DriveResult;
      },
    };
  }
  if ('command' in definition) {
    const { command, ...more } = definition;
    return { kind: 'command', argv: argvOf(command), ...withoutUndefined(more) };
  }
  if ('tcp' in definition) {
    const { tcp, send, answer } = definition;
    return { kind: 'tcp', port: portOf(tcp, where), send, ...(answer !== undefined && { answer }) };
  }
  if ('talk' in definition) {
    const { talk, steps, done, refused } = definition;
    const { port, path: at } = httpOf(talk.replace(/^ws:/, 'http:'), where);
    return { kind: 'talk', port, path: at, steps: steps.map(({ after, send }) => ({ after, send })), done, refused };
  }
  const { body, headers = {}, ...method } = definition;
  const [[name, url] = ['get', '']] = Object.entries(method);
  const call = { ...httpOf(String(url), where), method: name.toUpperCase(), headers };
  return typeof body === 'string' ? { ...call, text: body } : { ...call, ...(body !== undefined && { body }) };
}

const filled = (drive: Drive, text: string): Drive =>
  JSON.parse(JSON.stringify(drive).replaceAll('{text}', JSON.stringify(text).slice(1, -1))) as Drive;

const withoutUndefined = <T extends object>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [name in keyof T]?: Exclude<T[name], undefined>;
  };

function readyOf(
  { name, ready }: SystemDefinition,
  start: readonly string[] | undefined,
  drives: readonly (Drive | HostDrive)[],
  where: string,
): Ready {
  // A command's container is ready when commands can be run in it.
  if (start === undefined) return { kind: 'tcp', port: RUNNER_PORT };
  if (ready === undefined) {
    const port = drives.flatMap((one) => ('port' in one ? [one.port] : []))[0];
    if (port === undefined)
      throw new Problem(
        'bad-definition',
        `${name}: nothing says when the server is ready. Give ready: a URL, 127.0.0.1:PORT, or { log: 'a line of its log' }.`,
      );
    return { kind: 'tcp', port };
  }
  if (typeof ready !== 'string') {
    if ('log' in ready) return { kind: 'log', includes: ready.log };
    if ('tcp' in ready) return { kind: 'tcp', port: portOf(ready.tcp, where) };
    const { port, path: at } = httpOf(ready.url, where);
    const includes = ready.includes === undefined ? {} : { includes: ready.includes };
    return { kind: 'http', port, path: at, status: ready.status ?? 200, ...includes };
  }
  if (!ready.startsWith('http')) return { kind: 'tcp', port: portOf(ready, where) };
  const { port, path: at } = httpOf(ready, where);
  return { kind: 'http', port, path: at, status: 200 };
}

function releaseOf(
  definition: SystemDefinition,
  parts: Parts,
  { recipe, version, notes, path: programs }: Resolved,
): Release {
  const { state, start, runsItsOwn, write, read, setup, storeCheck, ready } = parts;
  const drives = [write, read, ...setup, ...(storeCheck === undefined ? [] : [storeCheck])];
  const isRun = start === undefined || drives.some((one) => one.kind === 'command' || one.kind === 'host');
  const runner = [WRITEGATE, 'runner', '--port', String(RUNNER_PORT), '--', ...(start ?? [])];
  const files = Object.entries(definition.files ?? {}).map(([file, content]) => ({
    path: path.posix.join(state, path.posix.join('/', file)),
    content,
  }));
  return {
    system: definition.name,
    version,
    image: recipe,
    notes,
    lifecycle: start === undefined ? 'command' : 'server',
    boot: {
      command: isRun ? runner : (start ?? []),
      ...(runsItsOwn && { runsItsOwn }),
      folder: state,
      env: { ...PERSON, HOME: state, ...(programs !== undefined && { PATH: programs }), ...definition.env },
      files,
      ready,
    },
    write,
    read,
    setup,
    ...(storeCheck !== undefined && { storeCheck }),
    textOf: (said) => `midwrite-${said}`.padEnd(definition.textBytes ?? 0, FILLER),
    ...((definition.writesAtOnce ?? 1) > 1 && { writesAtOnce: definition.writesAtOnce }),
    promises: promisesOf(definition, state, start === undefined),
    memory: {
      defaultBytes: definition.memory === undefined ? MEMORY_BYTES : parseSize(definition.memory),
      minimumBytes: MEMORY_MINIMUM_BYTES,
    },
  };
}

function promisesOf(definition: SystemDefinition, state: string, isCommand: boolean): Promises {
  const { readyWithinMs, answersWithinMs, survives, notPromised, recoversBy, stopsWithinMs } = definition;
  return {
    root: state,
    store: storeOf(definition, state),
    temps: [],
    sweepGraceMs: 0,
    sweepWithinMs: 0,
    readyWithinMs: readyWithinMs ?? READY_WITHIN_MS,
    serveWithinMs: answersWithinMs ?? ANSWERS_WITHIN_MS,
    durable: [],
    level: survives ?? 'process-crash',
    ...(isCommand && { lifecycle: 'command' as const }),
    ...(recoversBy !== undefined && { recoversBy }),
    ...(stopsWithinMs !== undefined && { stopsWithinMs }),
    ...(notPromised !== undefined && { notPromised }),
  };
}

function storeOf({ store }: SystemDefinition, state: string): Store {
  const full = (file: string) => path.posix.resolve(state, file);
  if (store === undefined) return { path: state, format: 'unnamed' };
  if ('json' in store)
    return { path: full(store.json), format: 'json', ...(store.schema !== undefined && { schema: store.schema }) };
  if ('jsonLines' in store) return { path: full(store.jsonLines), format: 'json-lines' };
  if ('sqlite' in store) return { path: full(store.sqlite), format: 'sqlite' };
  return { path: state, format: 'checked' };
}
