import { z } from 'zod';
import { MODELS } from '../crash-state.ts';

const ModelName = z.enum(MODELS);

/** What breaks without a step, or with an earlier answer. */
const Breaks = z.object({
  check: z.string(),
  model: ModelName,
  promised: z.boolean(),
  /** The crash point that shows it first: before this call, from 1, of the record as it is. */
  call: z.number(),
  cause: z.string(),
  detail: z.string(),
  /** The folder of the state, below the exploration's, where it was kept. */
  kept: z.string().optional(),
});
export type Breaks = z.infer<typeof Breaks>;

/** A call that was taken away. */
const AdvisedStep = z.object({
  /** From 1. */
  call: z.number(),
  op: z.string(),
  path: z.string(),
  to: z.string().optional(),
  kind: z.enum(['file sync', 'folder sync', 'rename']),
  /** `unknown`: it could not be weighed. */
  advice: z.enum(['needed', 'redundant', 'unknown']),
  /** Of `needed`. */
  breaks: z.array(Breaks),
  /** Of `unknown`. */
  why: z.string().optional(),
  /** Between the call and its end, in the record, in ms. Absent: the record does not say. */
  tookMs: z.number().optional(),
});
export type AdvisedStep = z.infer<typeof AdvisedStep>;

/** An answer to a turn. */
const AdvisedAnswer = z.object({
  turn: z.string(),
  /** It went out before this call, from 1; one more than there are: behind all of them. */
  call: z.number(),
  advice: z.enum(['needed', 'too early', 'could be earlier', 'unknown']),
  /** Before which call it could go out, and nothing would break that does not break now; of `too early`: before which it should. */
  earliest: z.number().optional(),
  /** What breaks one call before that. */
  breaks: z.array(Breaks),
  /** How much earlier it would be, in the record, in ms; of `too early` how much later, as a negative number. */
  savesMs: z.number().optional(),
  why: z.string().optional(),
});
export type AdvisedAnswer = z.infer<typeof AdvisedAnswer>;

/** A sync that is not there. */
const MissingSync = z.object({
  /** Behind this call, from 1. */
  after: z.number(),
  of: z.enum(['file', 'folder']),
  path: z.string(),
  /** The same is synced later, at this call. */
  later: z.number().optional(),
  /** What is broken without it, with all other missing syncs in place. */
  saves: z.array(Breaks),
});
export type MissingSync = z.infer<typeof MissingSync>;

/** What a recorded write needs, what it does not need, and what it lacks. */
export const Advice = z.object({
  steps: z.array(AdvisedStep),
  answers: z.array(AdvisedAnswer),
  missing: z.array(MissingSync),
  /** Calls, from 1, whose syncs can all be left out together: two that are redundant may stand for each other. */
  together: z.array(z.number()),
  /** What no sync saves. */
  beyond: z.array(z.string()),
  /** Why it says less than it could. */
  reasons: z.array(z.string()),
  tookMs: z.number(),
});
export type Advice = z.infer<typeof Advice>;
