import { z } from 'zod';

/** A place in the program's source, as V8 tells of it: where one function called the next. */
export const SourceFrame = z.object({
  file: z.string(),
  line: z.number(),
  column: z.number(),
  /** Absent: at the top of its file, or a function without a name. */
  function: z.string().optional(),
});
export type SourceFrame = z.infer<typeof SourceFrame>;

/** A recorded call with the function of Node's that made it, and where that was called: the innermost frame first. */
const SourceLine = z.object({
  /** From 1. */
  call: z.number(),
  through: z.string(),
  frames: z.array(SourceFrame).min(1),
});
export type SourceLine = z.infer<typeof SourceLine>;

/** Where in the program's source the recorded calls were made, from a second recording. No verdict rests on it. */
export const SourceLines = z.object({
  calls: z.array(SourceLine),
  /** So many calls of the record have no line; `reasons` says why. */
  without: z.number(),
  reasons: z.array(z.string()),
  /** The second recording. */
  tookMs: z.number(),
  /** How long its turns took, beside those of the record. Absent: it has no turn. */
  turnsMs: z.object({ record: z.number(), withNotes: z.number() }).optional(),
});
export type SourceLines = z.infer<typeof SourceLines>;
