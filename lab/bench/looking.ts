import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { snapshot } from '../../images/sidecar/state.ts';
import { scratch } from '../owner/scratch.ts';
import { ratioFigure } from './figure.ts';
import type { Bench, Section, SectionResult } from './section.ts';
import { summarize } from './summary.ts';

const FILES = 500;
const FILE_BYTES = 4_000;
const ROUNDS = 20;

/** What a look at a state folder costs beside what nobody can do without: reading its files and hashing them. */
export const looking: Section = {
  name: 'looking',
  summary: `a look at a folder of ${FILES} files`,
  systems: [],
  async measure({ rounds = ROUNDS }: Bench): Promise<SectionResult> {
    await using folder = await scratch('bench');
    for (let n = 0; n < FILES; n += 1) writeFileSync(path.join(folder.path, `${n}`), 'x'.repeat(FILE_BYTES));
    const looks: number[] = [];
    const reads: number[] = [];
    // The first round is not counted: it compiles what the others run.
    for (let round = 0; round <= rounds; round += 1) {
      const began = performance.now();
      await snapshot({ root: folder.path, keep: [], keepBytes: 0 });
      const looked = performance.now();
      readAndHash(folder.path);
      if (round === 0) continue;
      looks.push(looked - began);
      reads.push(performance.now() - looked);
    }
    const pairs = looks.map((look, index) => look / (reads[index] ?? 0));
    return {
      figures: [
        ratioFigure(
          'a look / the same files read and hashed',
          summarize(looks).median / summarize(reads).median,
          pairs,
          { is: 'at most', value: 4 },
        ),
      ],
      notes: [`A look took ${summarize(looks).median.toFixed(1)} ms.`],
    };
  },
};

function readAndHash(folder: string): void {
  for (const name of readdirSync(folder))
    createHash('sha256')
      .update(readFileSync(path.join(folder, name)))
      .digest('hex');
}
