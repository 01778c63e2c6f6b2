import { existsSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeProblem } from '../evidence/recorder.ts';
import { expectationsFile, readExpectationsText, shownExpectations } from '../judge/expectations.ts';
import type { Review } from '../judge/new-expectations.ts';
import { updateExpectations } from '../judge/update-expectations.ts';
import { isInstalled } from '../package-folder.ts';
import { plain } from '../plain.ts';
import { knownSystem } from '../plan/named.ts';
import { ExitCode, Problem } from '../problem.ts';
import type { AnyRow, Matrix } from '../result/matrix.ts';
import { ResultsFolder } from '../results.ts';
import { judgeRun } from '../run/judge-run.ts';
import { useConfigOf } from './config.ts';

export interface ExpectOptions extends Review {
  update?: boolean;
  expectations?: string;
}

/** Compares files of known findings with a run, and with `--update` brings them up to date. */
export async function expectCommand(run: string, options: ExpectOptions): Promise<ExitCode> {
  const results = new ResultsFolder(path.resolve(run));
  const file = await results.readRun();
  if (file.shard !== undefined)
    throw new Problem(
      'bad-usage',
      `${run} is a shard. Merge the shards with \`npx midwrite merge\` and use the merged run.`,
    );
  await useConfigOf(results);
  const matrix = await judgeRun(results, file);
  if (matrix.outcome.kind === 'unsound')
    throw new Problem(
      'bad-results',
      `${run} is not sound, so nothing is expected from it: ${matrix.outcome.reasons[0]}`,
    );
  if (options.update === true && options.expectations === undefined && isInstalled)
    throw new Problem(
      'bad-usage',
      "the systems' own files are in midwrite's package, which the next install takes away: name a file of yours with --expectations.",
    );
  // Without `--update` nothing is written, and the address is of no matter yet.
  const review = options.update === true ? options : { issue: 'https://example.com', ...options };
  for (const [known, rows] of byFile(matrix, options.expectations)) {
    const shown = shownExpectations(known);
    const text = existsSync(known) ? readExpectationsText(known) : NEW_FILE;
    const day = matrix.run.startedAt.slice(0, 10);
    const { text: updated, changes, byHand } = updateExpectations(text, shown, rows, day, review);
    if (options.update === true && changes.length > 0) await replace(known, updated);
    const done = options.update === true ? 'updated' : 'to be updated (--update does it, with --issue for what is new)';
    console.log(changes.length === 0 ? `${shown}: up to date` : `${shown}: ${done}`);
    for (const line of changes) console.log(`  ${plain(line)}`);
    for (const line of byHand) console.log(`  by hand: ${plain(line)}`);
  }
  return ExitCode.sound;
}

const NEW_FILE = '# Known findings. Each is looked through by people: midwrite expect --update RUN proposes.\n';

/** The rows of a run by the file of expectations that is for them: one for all, or each system's own. */
function byFile({ cells, explorations }: Matrix, one: string | undefined): [string, AnyRow[]][] {
  const all = [...cells, ...explorations];
  if (one !== undefined) return [[path.resolve(one), all]];
  const own = Map.groupBy(all, ({ system }) => knownSystem(system)?.expectations ?? '');
  own.delete('');
  if (own.size === 0)
    throw new Problem(
      'bad-usage',
      'the systems of this run have no file of known findings: name one with --expectations.',
    );
  return [...own].map(([file, rows]) => [expectationsFile(file), rows]);
}

async function replace(file: string, text: string): Promise<void> {
  try {
    await writeFile(`${file}.part`, text);
    await rename(`${file}.part`, file);
  } catch (error) {
    throw writeProblem(file, error);
  }
}
