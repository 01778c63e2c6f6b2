import { z } from 'zod';
import type { Engine } from '../engine/engine.ts';
import { AnswerTemplate } from '../evidence/event.ts';
import { observe } from '../observe/observe.ts';
import { withAnswers } from '../observe/plan-places.ts';
import { isJudgedByAnswers, type Release } from '../system.ts';
import type { Subject } from './record-workload.ts';

/** What a system from outside is judged by: what it was seen to answer around a write, and which files it has at rest. */
export const Oracle = z.object({
  answers: z.object({
    before: AnswerTemplate,
    after: AnswerTemplate,
    showsText: z.boolean(),
    atRest: z.array(z.string()),
  }),
  watched: z.array(z.string()),
  quietMs: z.number().optional(),
});
export type Oracle = z.infer<typeof Oracle>;

/** The oracle of a release that has one. */
export function oracleOf({ promises: { answers, watched = [] }, quietMs }: Release): Oracle | undefined {
  if (answers === undefined) return undefined;
  return {
    answers: structuredClone(answers) as Oracle['answers'],
    watched: [...watched],
    ...(quietMs !== undefined && { quietMs }),
  };
}

/** A release that is judged by an oracle that was kept. */
export const withOracle = (release: Release, { answers, watched, quietMs }: Oracle): Release => ({
  ...release,
  ...(quietMs !== undefined && { quietMs }),
  promises: { ...release.promises, answers: answers as NonNullable<Release['promises']['answers']>, watched },
});

/**
 * A system that can be asked what it holds, with what it answers around a write, learned from two undisturbed lives. Any other is given back as it is.
 * @param told gets what its write was seen to do, a line for each file
 * @throws Problem not-ready, write-failed, bad-definition
 */
export async function observed(
  engine: Engine,
  subject: Subject,
  label: string,
  { signal, say }: { signal: AbortSignal; say(line: string): void },
): Promise<Subject> {
  if (!isJudgedByAnswers(subject.release)) return subject;
  say('two undisturbed lives, to learn what it answers before a write and after it');
  const observation = await observe(engine, subject, { label, every: false, signal });
  for (const line of observation.told) say(`  ${line}`);
  return { ...subject, release: withAnswers(subject.release, observation) };
}
