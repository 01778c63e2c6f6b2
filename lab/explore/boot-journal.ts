import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { writeProblem } from '../evidence/recorder.ts';
import { Problem } from '../problem.ts';
import { LookedInto } from './alike.ts';
import type { PlannedBoot } from './boot-plan.ts';
import type { Booted } from './boot-state.ts';
import type { Confirmation } from './confirm.ts';

/** What is known of a boot when it is over: all that the verdict of an exploration rests on. */
export type BootOutcome = Pick<Booted, 'age' | 'verdicts' | 'isRecorded' | 'lookedInto'>;

const Line = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('boot'),
    digest: z.string(),
    age: z.enum(['aged', 'fresh']),
    verdicts: z.array(
      z.object({
        check: z.string(),
        verdict: z.enum(['held', 'violated', 'inconclusive', 'not-applicable', 'missed']),
        detail: z.string(),
      }),
    ),
    isRecorded: z.boolean(),
    lookedInto: z.object({ files: z.array(z.string()), moved: z.array(z.string()), everything: z.boolean() }),
  }),
  z.object({ kind: z.literal('crash'), at: z.string(), agrees: z.boolean(), differences: z.array(z.string()) }),
]);
type Line = z.infer<typeof Line>;

export const JOURNAL_FILE = 'boots.jsonl';

/**
 * The boots and real crashes of an exploration, a line each as they end, so that one that was broken off, or had no time left, goes on with what it knows.
 * A boot that was not judged, or a crash that could not be tried, is no knowledge: it is tried again.
 */
export class BootJournal {
  readonly #file: string;
  readonly #boots = new Map<string, BootOutcome>();
  readonly #crashes = new Map<string, Confirmation>();

  /** @throws Problem bad-results: a line of it is damaged */
  constructor(folder: string) {
    this.#file = path.join(folder, JOURNAL_FILE);
    if (!existsSync(this.#file)) return;
    const lines = readFileSync(this.#file, 'utf8').split('\n');
    // What follows the last line feed was being written when it was broken off.
    for (const [index, text] of lines.slice(0, -1).entries()) this.#take(parsed(text, `${this.#file}:${index + 1}`));
    this.taken = this.#boots.size;
  }

  /** How many boots it knew when it was opened. */
  readonly taken: number = 0;

  #take(line: Line): void {
    if (line.kind === 'crash') {
      const { at, agrees, differences } = line;
      this.#crashes.set(at, { at, agrees, differences });
      return;
    }
    const { digest, age, verdicts, isRecorded, lookedInto } = line;
    const outcome = { age, verdicts, isRecorded, lookedInto: LookedInto.from(lookedInto) };
    this.#boots.set(keyOf({ digest, age }), outcome);
  }

  boot(planned: PlannedBoot): BootOutcome | undefined {
    return this.#boots.get(keyOf(planned));
  }

  crash(at: string): Confirmation | undefined {
    return this.#crashes.get(at);
  }

  /** @throws Problem no-space, … */
  booted({ digest }: PlannedBoot, { age, verdicts, isRecorded, lookedInto }: BootOutcome): void {
    if (verdicts.some(({ verdict }) => verdict === 'inconclusive' || verdict === 'missed')) return;
    this.#add({ kind: 'boot', digest, age, verdicts: [...verdicts], isRecorded, lookedInto: lookedInto.toJSON() });
  }

  crashed(confirmation: Confirmation): void {
    this.#add({ kind: 'crash', ...confirmation });
  }

  #add(line: Line): void {
    try {
      appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
    } catch (error) {
      throw writeProblem(this.#file, error);
    }
  }
}

const keyOf = ({ digest, age }: PlannedBoot): string => `${digest} ${age}`;

function parsed(text: string, where: string): Line {
  try {
    return Line.parse(JSON.parse(text));
  } catch (error) {
    throw new Problem('bad-results', `${where} is damaged. Take the line out: what it tells of is booted again.`, {
      cause: error,
    });
  }
}
