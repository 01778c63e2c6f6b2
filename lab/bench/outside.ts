import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { privateEngineFolders } from '../engine/private-engine.ts';
import { loadEvidence } from '../evidence/cell-evidence.ts';
import { systemTimeMs } from '../judge/system-time.ts';
import { scratch } from '../owner/scratch.ts';
import { figure } from './figure.ts';
import { cellsOf, midwrite } from './midwrite.ts';
import type { Bench, Section, SectionResult } from './section.ts';

const LIMIT_MS = 20 * 60_000;
const ROUNDS = 3;
const FIRST_MS = 180_000;
const SECOND_MS = 30_000;
/** What the lab may add to a cell of a command: so much of what its own runs take, and so much beside. */
const CELL_FACTOR = 1.5;
const CELL_MORE_MS = 500;
const COMMAND_LINE = [
  ['--npm', 'npm@11.19.1'],
  ['--setup', 'npm init -y'],
  ['--write', 'npm pkg set description={text}'],
  ['--read', 'npm pkg get description'],
].flat();

/** `midwrite try` as somebody runs it who has never run it here: in an empty folder, on an engine of its own that has no image. */
export const outside: Section = {
  name: 'outside',
  summary: '`midwrite try` of npm pkg set: on an engine without images, again, and a cell of it beside its own runs',
  systems: [],
  async measure(bench: Bench): Promise<SectionResult> {
    await using folder = await scratch('bench');
    const own = {
      MIDWRITE_ENGINE_DATA: path.join(folder.path, 'data'),
      // Not below the scratch folder: the path of a socket is short (unix(7)).
      MIDWRITE_ENGINE_RUN: `${privateEngineFolders().run}-bench`,
    };
    const isPrivate = bench.engine.endpoint.uri.includes(privateEngineFolders().run);
    const first: number[] = [];
    if (isPrivate) {
      bench.say('the first time, on a fresh engine');
      try {
        first.push((await tried(bench, folder.path, { ...own, DOCKER_HOST: '' })).tookMs);
      } finally {
        await midwrite(['engine', 'down', '--purge'], { env: own, limitMs: 60_000 });
      }
    }
    const rounds = bench.rounds ?? ROUNDS;
    const again: number[] = [];
    const cells: { tookMs: number; ownMs: number }[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      const one = await tried(bench, folder.path, {}, round === 0 ? [] : ['--jobs', '1']);
      bench.say(`again, ${round}/${rounds}: ${(one.tookMs / 1000).toFixed(1)} s`);
      if (round === 0) again.push(one.tookMs);
      else cells.push(...one.cells);
    }
    const allowed = cells.map(({ ownMs }) => CELL_FACTOR * (ownMs + CELL_MORE_MS));
    return {
      figures: [
        ...(first.length === 0
          ? []
          : [figure('first time, engine and images included', 'ms', first, { is: 'at most', value: FIRST_MS })]),
        figure('second time', 'ms', again, { is: 'at most', value: SECOND_MS }),
        figure(
          'a cell, one at a time',
          'ms',
          cells.map(({ tookMs }) => tookMs),
        ),
        figure(
          'its own runs',
          'ms',
          cells.map(({ ownMs }) => ownMs),
        ),
        figure(
          'a cell / what it may take',
          '×',
          cells.map(({ tookMs }, index) => tookMs / (allowed[index] ?? 1)),
          { is: 'at most', value: 1 },
        ),
      ],
      notes: [
        `What a cell may take: ${CELL_FACTOR} × (its own runs + ${CELL_MORE_MS} ms). Its own runs: the setup, the writes, the reads.`,
        ...(isPrivate
          ? []
          : ['The first time needs an engine without images: it is measured only where the private engine is in use.']),
      ],
    };
  },
};

interface Tried {
  tookMs: number;
  cells: { tookMs: number; ownMs: number }[];
}

async function tried(
  bench: Bench,
  root: string,
  env: Record<string, string>,
  more: readonly string[] = [],
): Promise<Tried> {
  const cwd = path.join(root, 'empty');
  await mkdir(cwd, { recursive: true });
  const began = performance.now();
  const { cells: own, run } = await cellsOf(bench, ['try', ...COMMAND_LINE, ...more], { cwd, env, limitMs: LIMIT_MS });
  const tookMs = performance.now() - began;
  const measured = own.map(async ({ id, durationMs }) => {
    const evidence = await loadEvidence(path.join(cwd, 'results', run.id, 'cells', id));
    return {
      tookMs: durationMs,
      ownMs: evidence === undefined ? 0 : (systemTimeMs(evidence) ?? 0),
    };
  });
  return { tookMs, cells: await Promise.all(measured) };
}
