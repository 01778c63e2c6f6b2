import { z } from 'zod';

/** What writegate says (images/writegate/README.md). Unknown fields are kept: evidence is everything that was observed. */
const common = { seq: z.number(), t: z.number(), mono: z.number() };

const call = {
  op: z.string(),
  syscall: z.string(),
  pid: z.number(),
  tid: z.number(),
  comm: z.string().optional(),
  path: z.string(),
  to: z.string().optional(),
  fd: z.number().optional(),
  bytes: z.number().optional(),
  /** In bytes, as the call has it; null: it goes to the file's own position. */
  offset: z.number().nullable().optional(),
  /** The file's own position, in bytes, where the call goes there. Absent in older evidence, and where it appends. */
  position: z.number().optional(),
  append: z.boolean().optional(),
  /** The call's own, where it has some. */
  flags: z.number().optional(),
};

/** What is charged to the cgroup, and of it pages of no file, and pages of files; processor time, and of it writegate's own. Null: not known. */
const charge = {
  currentBytes: z.number().nullable(),
  anonymousBytes: z.number().nullable(),
  fileBytes: z.number().nullable(),
  cpuUs: z.number().nullable(),
  ownCpuUs: z.number(),
};

/** A piece of a process's address space, as proc_pid_smaps(5) has it. */
const Mapping = z.object({
  /** Hexadecimal. */
  start: z.string(),
  bytes: z.number(),
  /** `rwxp`, with `-` for what is not allowed. */
  perms: z.string(),
  rssBytes: z.number(),
  pssBytes: z.number(),
  anonymousBytes: z.number(),
  /** Of the file, or the kernel's own such as `[heap]`. Absent: anonymous. */
  name: z.string().optional(),
});
export type Mapping = z.infer<typeof Mapping>;

const event = <Name extends string, Shape extends z.ZodRawShape>(ev: Name, shape: Shape) =>
  z.looseObject({ ...common, ev: z.literal(ev), ...shape });

export const GateEvent = z.discriminatedUnion('ev', [
  event('start', {
    protocol: z.literal(1),
    version: z.string(),
    pid: z.number(),
    hostname: z.string().optional(),
    argv: z.array(z.string()),
    cgroupVersion: z.number(),
    memoryLimitBytes: z.number().nullable(),
    oomKills: z.number(),
  }),
  event('op', call),
  event('armed', { id: z.string() }),
  event('disarmed', { id: z.string() }),
  event('held', {
    id: z.string(),
    nth: z.number(),
    at: z.enum(['before', 'torn', 'after']),
    ...call,
    tornBytes: z.number().optional(),
    result: z.number().optional(),
    quiesced: z.boolean().nullable(),
    waiting: z.number(),
  }),
  event('cancelled', { id: z.string() }),
  event('reheld', { id: z.string() }),
  event('lost', { id: z.string() }),
  event('passing', { id: z.string() }),
  event('released', { id: z.string(), how: z.string() }),
  /** A call that did not run as it was asked to. `of`: the `seq` of its `op`. `result`: a negative errno, or how many bytes a short write wrote. */
  event('answered', {
    id: z.string(),
    of: z.number(),
    op: z.string(),
    syscall: z.string(),
    path: z.string(),
    to: z.string().optional(),
    by: z.enum(['hold', 'refusal']),
    result: z.number(),
    error: z.string().optional(),
    lostBytes: z.number().optional(),
  }),
  event('refusing', { id: z.string() }),
  event('allowed', { id: z.string(), answered: z.number() }),
  event('slow', { ms: z.number() }),
  event('slowed', { calls: z.number() }),
  event('tracking', {}),
  event('unknown-path', { op: z.string(), syscall: z.string() }),
  /** The system tried to change what is outside its state folders; told once for each path. */
  event('outside', { op: z.string(), syscall: z.string(), comm: z.string().optional(), path: z.string() }),
  event('memory', { currentBytes: z.number(), peakBytes: z.number().nullable(), oomKills: z.number() }),
  event('filling', { bytes: z.number() }),
  event('filled', {
    bytes: z.number(),
    why: z.enum(['gateway-died', 'another-died', 'maximum', 'no-space']),
    oomKillsBefore: z.number(),
    oomKillsAfter: z.number(),
    /** The kernel took the ballast's own writer as well: one kill more, and none of the system's. */
    writerKilled: z.boolean(),
  }),
  event('mappings', { id: z.string(), pid: z.number(), comm: z.string(), mappings: z.array(Mapping) }),
  event('mapped', {
    id: z.string(),
    processes: z.number(),
    mappings: z.number(),
    leftOut: z.number(),
    unreadable: z.number(),
    allProcesses: z.boolean(),
    ...charge,
  }),
  event('charged', { id: z.string(), ...charge }),
  event('mark', { text: z.string() }),
  event('recording', {}),
  event('base', {}),
  event('name', { path: z.string(), ino: z.number().nullable() }),
  event('inode', {
    ino: z.number(),
    type: z.enum(['file', 'directory', 'symlink', 'other']),
    mode: z.number(),
    size: z.number(),
    mtimeMs: z.number(),
    target: z.string().optional(),
  }),
  event('data', { ino: z.number(), offset: z.number(), bytes: z.number(), base64: z.string() }),
  event('sent', { fd: z.number(), starts: z.string() }),
  event('opened', { path: z.string().nullable() }),
  event('unrecorded', { path: z.string(), why: z.string(), errno: z.number() }),
  event('done', {
    op: z.string(),
    bytes: z.number().optional(),
    offset: z.number().nullable().optional(),
    synchronous: z.boolean().optional(),
    over: z.boolean(),
  }),
  event('recorded', { calls: z.number() }),
  event('child', { pid: z.number() }),
  event('exit', {
    code: z.number().optional(),
    signal: z.number().optional(),
    oomKillsAtStart: z.number(),
    oomKills: z.number(),
    currentBytes: z.number(),
    peakBytes: z.number().nullable(),
  }),
  event('error', { code: z.string(), message: z.string() }),
  event('refused', { code: z.string(), message: z.string() }),
]);

export type GateEvent = z.infer<typeof GateEvent>;
export type GateEventOf<Name extends GateEvent['ev']> = Extract<GateEvent, { ev: Name }>;

/** What writegate tells of a folder that it records: too much to be kept in memory, and of no use before it is replayed. */
export const isOfRecord = ({ ev }: GateEvent): boolean =>
  ev === 'name' || ev === 'sent' || ev === 'inode' || ev === 'data' || ev === 'done' || ev === 'opened';

/** Where a hold is to take place. */
export interface ArmSpec {
  op: string;
  /** Pattern over the absolute path; `**` crosses folders. */
  path: string;
  to?: string;
  nth?: number;
  at: 'before' | 'torn' | 'after';
  bytes?: number;
}

/** Of a write that is torn, however long it is: writegate takes no more than there are. */
export const ALL_BYTES = 2 ** 40;

/** One command line; values are percent-encoded so that a space or an equals sign in a path stays one value. */
export function command(word: string, values: Readonly<Record<string, string | number | undefined>> = {}): string {
  const pairs = Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) =>
        `${key}=${String(value).replaceAll(/[%\s=]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`)}`,
    );
  return `${[word, ...pairs].join(' ')}\n`;
}
