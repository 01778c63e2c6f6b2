import { z } from 'zod';
import type { Check } from '../check.ts';
import type { DriveResult } from '../drive.ts';
import type { Fault } from '../fault.ts';
import type { ImageSource } from '../source/source.ts';

const text = z.string().min(1);
const headers = z.record(z.string(), z.string());

/** What a function of one's own gets to drive a system with: each resolves with the answer, and never rejects because of the system. */
export interface Driver {
  /** What must be found again. */
  text: string;
  /** `POST http://127.0.0.1:3000/posts {…}`, a URL, or a command line, as in a config. */
  drive(line: string): Promise<DriveResult>;
  tcp(address: string, send: string, answer?: string): Promise<DriveResult>;
}
export type DriverFunction = (driver: Driver) => Promise<DriveResult | string>;

const request = { body: z.unknown().optional(), headers: headers.optional() };
const Http = z.union([
  z.strictObject({ get: text, ...request }),
  z.strictObject({ post: text, ...request }),
  z.strictObject({ put: text, ...request }),
  z.strictObject({ patch: text, ...request }),
  z.strictObject({ delete: text, ...request }),
]);

const Tcp = z.strictObject({ tcp: text, send: text, answer: text.optional() });

const Talk = z.strictObject({
  talk: text,
  steps: z.array(z.strictObject({ after: z.unknown(), send: z.unknown() })),
  done: z.unknown(),
  refused: z.unknown(),
});

const Command = z.strictObject({
  command: z.union([text, z.array(z.string()).min(1)]),
  env: headers.optional(),
  cwd: text.optional(),
  stdin: z.string().optional(),
});

/** One exchange with the system: a line, a request, a talk over a WebSocket, text over TCP, a command in its own image, or a function. */
export const DriveDefinition = z.union([
  text,
  Http,
  Tcp,
  Talk,
  Command,
  z.custom<DriverFunction>((value) => typeof value === 'function'),
]);
export type DriveDefinition = z.infer<typeof DriveDefinition>;

/** One digit: the text of one write must not begin as that of another does. */
const WRITES_AT_ONCE_MAX = 9;

const Image: z.ZodType<ImageSource> = z.custom<ImageSource>(
  (value) => typeof value === 'object' && value !== null && 'kind' in value,
  'no image: write npm(…), debian(…), dockerfile(…) or image(…)',
);

const Ready = z.union([
  text,
  z.strictObject({ url: text, status: z.int().min(100).max(599).optional(), includes: text.optional() }),
  z.strictObject({ tcp: text }),
  z.strictObject({ log: text }),
]);

const Store = z.union([
  z.strictObject({ json: text, schema: z.record(z.string(), z.unknown()).optional() }),
  z.strictObject({ jsonLines: text }),
  z.strictObject({ sqlite: text }),
  z.strictObject({ command: z.union([text, z.array(z.string()).min(1)]) }),
]);

/** A system from outside: what is tested, and how it is asked. Everything but `name`, `image`, `write` and `read` has a default. */
export const SystemDefinition = z.strictObject({
  /** Letters, digits and `-`. */
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'a name has small letters, digits and -, and begins with a letter'),
  image: Image,
  /**
   * A server's command line. Absent: what an image or a Dockerfile runs by itself, where write or read goes to a port; else each write is a
   * command that is run to its end, and the next run is the recovery.
   */
  start: z.union([text, z.array(z.string()).min(1)]).optional(),
  /** When a server is ready: a URL (status 200), `127.0.0.1:PORT` (a connection is accepted), a line of its log. Absent: the port of `write` or `read`. */
  ready: Ready.optional(),
  /** Before the first write. */
  setup: z.union([DriveDefinition, z.array(DriveDefinition)]).optional(),
  /** Makes the system change its state; `{text}` is what must be found again. */
  write: DriveDefinition,
  /** Asks the system what it holds. */
  read: DriveDefinition,
  /** The folder of its state, a volume of its own, HOME and the working directory. Default: /state. */
  state: z
    .string()
    .regex(/^\/[\w./-]*\w$/, 'an absolute path')
    .optional(),
  /** Files that are there before the first boot: paths below `state`, and what is in them. */
  files: z.record(z.string(), z.string()).optional(),
  env: headers.optional(),
  /** What is typed where a command asks a question, such as `yes`. Default: nothing, its input is empty. */
  questions: text.optional(),
  /** Judged too where it is named. */
  store: Store.optional(),
  /** `256m`, `1g`. Default: 512m. */
  memory: text.optional(),
  /** `{text}` has at least so many bytes: a disk that is full takes a part of a large write only. */
  textBytes: z.int().min(1).max(65_536).optional(),
  /** So many writes are sent together, and the fault strikes while all of them are under way. Default: 1. */
  writesAtOnce: z.int().min(1).max(WRITES_AT_ONCE_MAX).optional(),
  /** Faults of the default plan. Default: sigkill at each place. */
  faults: z.array(z.string()).min(1).optional(),
  /** What an acknowledged write survives. Default: the death of the process. */
  survives: z.enum(['process-crash', 'power-loss']).optional(),
  /** Promises that this system does not make, by check, each with the reason, which the report shows. */
  notPromised: z.record(z.string(), text).optional(),
  /** Limits in ms, for what is slow: to be ready, and to answer. */
  readyWithinMs: z.int().min(1).optional(),
  answersWithinMs: z.int().min(1).optional(),
  /** What makes it work again when calls of it failed and do not fail any more. Default: nothing has to. */
  recoversBy: z.literal('restart').optional(),
  /** SIGTERM ends it within this time, in ms. Default: no promise. */
  stopsWithinMs: z.int().min(1).optional(),
  /** A file of known findings, beside the config. */
  expectations: text.optional(),
});
export type SystemDefinition = z.infer<typeof SystemDefinition>;

const isCheck = (value: unknown): value is Check =>
  typeof value === 'object' && value !== null && 'judge' in value && typeof value.judge === 'function' && 'id' in value;
const isFault = (value: unknown): value is Fault =>
  typeof value === 'object' && value !== null && 'strike' in value && 'landing' in value && 'name' in value;

export const Config = z.strictObject({
  systems: z.array(SystemDefinition).min(1, 'no system: there is nothing to test'),
  checks: z.array(z.custom<Check>(isCheck, 'no check: write defineCheck({ id, promise, judge })')).optional(),
  faults: z
    .array(
      z.custom<Fault>(isFault, 'no fault: write defineFault({ name, summary, lethal, oomKills, strike, landing })'),
    )
    .optional(),
});
export type Config = z.infer<typeof Config>;

/** For types and completion: gives back what it gets. It is checked where the config is read. */
export const defineConfig = (config: Config): Config => config;
/** One system of a config. */
export const defineSystem = (system: SystemDefinition): SystemDefinition => system;
/** A promise of one's own: a pure function from evidence to a verdict, in every cell of the config's systems. */
export const defineCheck = (check: Check): Check => check;
/** A fault of one's own: something real, from outside, with the proof that it landed. */
export const defineFault = (fault: Fault): Fault => fault;
