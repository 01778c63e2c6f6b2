import { z } from 'zod';
import { GateEvent } from '../gate/protocol.ts';
import { Entry } from '../sidecar/client.ts';
import { cellFields, scenarioFields } from './schema.ts';

/** The version of evidence.jsonl; a reader refuses a newer one. 2: a gateway is called a system. */
export const EVIDENCE_SCHEMA_VERSION = 2;

/**
 * When the state folder was looked at. `configured`: before the first boot, with what the definition puts there; `before`: before the write that is struck; `held`: during the hold; `struck`: after the fault;
 * `prepared`: after what the lab did to the stopped state; `booted`: ready again; `served`: after the next turn; `outlived`: after the time of a sweep in
 * which everything was older than the grace; `stopped`: after a graceful stop;
 * `beside`: while the system sleeps, after what others did to the folder; `rebooted`: after the second boot; `woken`: after a fault that the system survived, when the held write was through.
 */
export const MOMENTS = [
  'configured',
  'before',
  'held',
  'beside',
  'struck',
  'prepared',
  'booted',
  'served',
  'outlived',
  'stopped',
  'rebooted',
  'woken',
] as const;
export type Moment = (typeof MOMENTS)[number];

/**
 * When the rows of a store were counted. `planted`: as the scenario begins; `passed`: when the lab had let time pass; `served`: when the system had run on
 * it and was stopped; `announced`: after its clean-up had only shown what it would do; `cleaned`: after its clean-up.
 */
export const ROW_MOMENTS = ['planted', 'passed', 'served', 'announced', 'cleaned'] as const;
export type RowMoment = (typeof ROW_MOMENTS)[number];

const Durable = z.object({ file: z.union([z.string(), z.array(z.string()).readonly()]), contains: z.string() });

/** Words in order, null: anything (lab/answers.ts). */
export const AnswerTemplate = z.object({
  format: z.enum(['json', 'text']),
  lines: z.array(z.array(z.string().nullable())),
  anyOrder: z.literal(true).optional(),
});
const PromisesShape = z.object({
  root: z.string(),
  store: z.discriminatedUnion('format', [
    z.object({
      path: z.string(),
      format: z.literal('json-rows'),
      rowsAt: z.string().optional(),
      rowFields: z.array(z.string()),
      journal: z.string().optional(),
    }),
    z.object({ path: z.string(), format: z.literal('sqlite') }),
    z.object({ path: z.string(), format: z.literal('json'), schema: z.record(z.string(), z.unknown()).optional() }),
    z.object({ path: z.string(), format: z.literal('json-lines') }),
    z.object({ path: z.string(), format: z.literal('checked') }),
    z.object({ path: z.string(), format: z.literal('unnamed') }),
  ]),
  temps: z.array(z.string()),
  sweepGraceMs: z.number(),
  sweepWithinMs: z.number(),
  sweepEveryMs: z.number().optional(),
  readyWithinMs: z.number(),
  serveWithinMs: z.number(),
  durable: z.array(Durable),
  level: z.enum(['process-crash', 'power-loss']).default('process-crash'),
  turnWritesAtMostBytes: z.number().optional(),
  retention: z
    .object({
      maxRows: z.number(),
      archive: z.string(),
      expires: z.array(z.object({ keys: z.string(), afterMs: z.number() })),
    })
    .optional(),
  answers: z
    .object({
      before: AnswerTemplate,
      after: AnswerTemplate,
      showsText: z.boolean(),
      several: z.enum(['all', 'last']).optional(),
      atRest: z.array(z.string()),
      mapped: z.array(z.string()).optional(),
    })
    .optional(),
  watched: z.array(z.string()).optional(),
  lifecycle: z.literal('command').optional(),
  recoversBy: z.literal('restart').optional(),
  stopsWithinMs: z.number().optional(),
  notPromised: z.record(z.string(), z.string()).optional(),
});

/** A server that was asked right after its boot, and was still at it. */
const Refused = z.object({ times: z.number(), error: z.string() });
export type Refused = z.infer<typeof Refused>;

/** A moment that was left to chance. */
export const DrawnMoment = z.discriminatedUnion('kind', [
  /** A named place in the write of a store. */
  z.object({ kind: z.literal('crash-point'), name: z.string() }),
  /** The nth call of a kind in the state folder, counted from the first turn or from the start of a boot. */
  z.object({
    kind: z.literal('call'),
    during: z.enum(['turns', 'boot']),
    op: z.string(),
    nth: z.number(),
    at: z.enum(['before', 'torn', 'after']),
  }),
  /** So long after the first turn was sent, whatever the system is doing. */
  z.object({ kind: z.literal('time'), afterMs: z.number() }),
]);
export type DrawnMoment = z.infer<typeof DrawnMoment>;

const event = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.object({ t: z.number(), type: z.literal(type), ...shape });

/** Why a file was put into the stopped state. */
export const PlantRole = z.enum(['young-temp', 'foreign-file', 'corrupt-store']);
export type PlantRole = z.infer<typeof PlantRole>;

/** One line of evidence.jsonl. `t`: the lab's clock, ms since 1970. `boot`: which boot of the system, from 1. */
export const EvidenceEvent = z.discriminatedUnion('type', [
  event('cell', {
    schemaVersion: z.number(),
    ...cellFields,
    image: z.string(),
    notes: z.array(z.string()),
    promises: PromisesShape,
  }),
  event('scenario', {
    schemaVersion: z.number(),
    ...scenarioFields,
    image: z.string(),
    notes: z.array(z.string()),
    promises: PromisesShape,
    /** How many points were planned. */
    steps: z.number(),
    /** What its steps inject. Absent: nothing, or what is drawn for each. */
    fault: z.string().optional(),
  }),
  /** A point of a curve: what was measured when `x` of something had been done. */
  event('point', { series: z.string(), x: z.number(), values: z.record(z.string(), z.number()) }),
  /**
   * What lay in all watched folders, by name and size, when `x` of something had been done: `undisturbed` boots, or `crashes`. For `left-behind`, which
   * needs no content.
   */
  event('look', {
    series: z.enum(['undisturbed', 'crashes']),
    x: z.number(),
    roots: z.array(z.string()),
    entries: z.array(
      z.object({ path: z.string(), type: z.enum(['file', 'directory', 'symlink', 'other']), size: z.number() }),
    ),
  }),
  /** This boot is of another release than the scenario's: of an upgrade, the one before. */
  event('program', { boot: z.number(), version: z.string() }),
  /** Whether a release still has something that was made under the one before. `after`: what had been done to the folder. */
  event('kept', {
    boot: z.number(),
    version: z.string(),
    after: z.enum(['life', 'upgrade', 'crash', 'rollback']),
    name: z.string(),
    isThere: z.boolean(),
    said: z.string(),
  }),
  /** Who has a lease, or a lock, by what was on disk. No `owner`: nobody. `expiresAt`: until when it is good, ms since 1970; absent: it has no such time. */
  event('lease', {
    moment: z.enum(MOMENTS),
    name: z.string(),
    owner: z.string().optional(),
    expiresAt: z.number().optional(),
  }),
  /** The moment of a boot at which crashes are to fall, learned from one that was undisturbed: what it has then that it takes away again. */
  event('worst-moment', { words: z.string(), files: z.number(), folders: z.number(), bytes: z.number() }),
  /**
   * What was in the collections of the system's heap when a series was done, or what came before the first one: kind, name of what holds them, how many of
   * them, entries in all of them. Arrays and objects of a name with fewer than `atLeast` are not listed.
   */
  event('collections', {
    after: z.string(),
    atLeast: z.number(),
    objects: z.number(),
    snapshotBytes: z.number(),
    lookCpuMs: z.number(),
    named: z.array(z.tuple([z.string(), z.string(), z.number(), z.number()])),
  }),
  /** A run that was cut off is taken up again: a new pod with an empty state folder goes on with step `from`. Everything after it is of this segment. */
  event('resumed', { segment: z.number(), from: z.number() }),
  /** The system ended by itself, in a scenario: that is its result. */
  event('died', { boot: z.number(), why: z.string(), lastLines: z.string() }),
  event('phase', { name: z.string() }),
  event('gate', { boot: z.number(), event: GateEvent }),
  /** This boot is of a second system on the same state folder. */
  event('second', { boot: z.number() }),
  event('garbage', { boot: z.number(), line: z.string(), why: z.string() }),
  event('log', { boot: z.number(), line: z.string() }),
  event('docker', { container: z.string(), action: z.string(), attributes: z.record(z.string(), z.string()) }),
  event('ready', { boot: z.number(), tReady: z.number(), tookMs: z.number() }),
  event('not-ready', { boot: z.number(), why: z.string(), lastLines: z.string() }),
  event('turn', {
    boot: z.number(),
    name: z.string(),
    session: z.string(),
    text: z.string(),
    durable: z.array(Durable),
    result: z.object({
      tSent: z.number(),
      tEnded: z.number(),
      acknowledged: z.boolean(),
      status: z.number().optional(),
      error: z.string().optional(),
      /** Processes that a command left behind. */
      left: z.number().optional(),
    }),
  }),
  /** What the system answered when it was asked what it holds; `error`: why it is no answer. */
  event('answer', {
    moment: z.enum(MOMENTS),
    boot: z.number(),
    acknowledged: z.boolean(),
    text: z.string(),
    error: z.string().optional(),
    /** How long it took to answer, in ms. Absent in older evidence. */
    tookMs: z.number().optional(),
    /** It refused so many times before, right after its boot, and first with this. Absent: never, or it never answered. */
    refused: Refused.optional(),
  }),
  /** What the system's own check of its store said, after how many ms. */
  event('store-check', {
    moment: z.enum(MOMENTS),
    boot: z.number(),
    isWhole: z.boolean(),
    said: z.string(),
    tookMs: z.number().optional(),
  }),
  /** A step before the first write is done, after how many ms. */
  event('setup', { boot: z.number(), step: z.number(), tookMs: z.number() }),
  event('write-shape', {
    kind: z.enum(['replace', 'in-place', 'log', 'none']),
    store: z.string(),
    temp: z.string().optional(),
    log: z.string().optional(),
    example: z.string().optional(),
  }),
  event('hold', {
    id: z.string(),
    /** `any`: whatever it does. */
    op: z.string(),
    path: z.string(),
    to: z.string().optional(),
    at: z.string(),
    nth: z.number().optional(),
  }),
  /** What a seed chose for a step: a fault, and the moment at which it is to land. */
  event('drawn', {
    step: z.number(),
    attempt: z.number(),
    fault: z.string(),
    clients: z.number(),
    moment: DrawnMoment,
  }),
  /** The moment that was drawn did not come: the system made no such call. */
  event('passed-by', { why: z.string() }),
  event('not-held', { why: z.string(), seen: z.array(z.string()) }),
  event('snapshot', { moment: z.enum(MOMENTS), entries: z.array(Entry) }),
  event('aged', { byMs: z.number(), why: z.string() }),
  event('planted', { files: z.array(z.object({ path: z.string(), role: PlantRole, ageMs: z.number() })) }),
  event('strike', {
    step: z.string(),
    facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  }),
  event('stopped', { boot: z.number(), exitCode: z.number(), oomKilled: z.boolean(), byLab: z.boolean() }),
  /** What was in the store of the stopped system at a moment of a scenario: each session's key, kind and age. */
  event('rows', {
    moment: z.enum(ROW_MOMENTS),
    rows: z.array(
      z.object({ key: z.string(), kind: z.string(), lasts: z.enum(['durable', 'one-shot']), updatedAt: z.number() }),
    ),
  }),
  /** A command line that was run beside the system; of its outputs so many bytes were not kept. */
  event('command', {
    argv: z.array(z.string()),
    isSystemRunning: z.boolean(),
    exitCode: z.number(),
    oomKilled: z.boolean(),
    stdout: z.string(),
    stderr: z.string(),
    droppedBytes: z.number(),
    tookMs: z.number(),
  }),
  event('problem', { code: z.string(), message: z.string() }),
  event('end', { durationMs: z.number() }),
]);
export type EvidenceEvent = z.infer<typeof EvidenceEvent>;
export type EvidenceOf<Type extends EvidenceEvent['type']> = Extract<EvidenceEvent, { type: Type }>;
/** An event without its time: the recorder puts that on. */
export type Observation = EvidenceEvent extends infer Each
  ? Each extends EvidenceEvent
    ? Omit<Each, 't'>
    : never
  : never;
