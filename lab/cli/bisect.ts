import { rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { connect } from '../engine/engine.ts';
import { makeFolder } from '../make-folder.ts';
import { systemNamed } from '../plan/named.ts';
import { describe, ExitCode, Problem } from '../problem.ts';
import { foundInWords, nextStep, type Probe } from '../releases/bisect.ts';
import { prepareRelease, type What } from '../releases/look-at.ts';
import { rowsOf } from '../releases/rows.ts';
import { readSearch, SEARCH_SCHEMA_VERSION, type SearchFile, withoutUnknown } from '../releases/search-file.ts';
import { compareReleases, releasesOf } from '../releases/versions.ts';
import { type RunOptions, runCells } from './cells.ts';
import { interrupted } from './interrupt.ts';
import { type WhatOptions, whatOf } from './releases.ts';

export interface BisectOptions extends Omit<RunOptions, 'resume'>, WhatOptions {
  good?: string;
  bad?: string;
  tests?: boolean;
  resume?: string;
}

/** So often a release is run whose verdict is neither held nor violated. */
const ATTEMPTS = 3;

/** Finds the first release in which a check changes, by halving the releases between two. */
export async function bisectCommand(options: BisectOptions): Promise<ExitCode> {
  const { file, search, what } = await begin(options);
  const engine = await connect((line) => console.error(line));
  console.error(
    `${search.versions.length} releases from ${search.versions[0]} to ${search.versions.at(-1)}; the search is kept in ${file}`,
  );
  for (;;) {
    interrupted.throwIfAborted();
    const step = nextStep(search.versions, search.probes);
    switch (step.kind) {
      case 'probe': {
        console.error(`${search.probes.length + 1}: ${search.system}@${step.version} (${PURPOSES[step.why]})`);
        const probe = await look(engine, search.system, step.version, step.why, what, options, file);
        search.probes.push(probe);
        await write(file, search);
        console.error(
          `   ${probe.violated === undefined ? `not found out: ${probe.why}` : probe.violated.length === 0 ? 'held' : `violated: ${probe.violated.join(', ')}`}`,
        );
        break;
      }
      case 'same':
        console.log(
          `Both ends are alike (${step.violated.length === 0 ? 'nothing is violated' : `violated: ${step.violated.join(', ')}`}): there is no change to find.`,
        );
        return ExitCode.unsound;
      case 'end unknown':
        console.log(
          `${search.system}@${step.version} is an end of the search, and it was not found out: ${step.why}. Name another release.`,
        );
        return ExitCode.unsound;
      case 'found':
        if (options.json === true) console.log(JSON.stringify({ ...step, probes: search.probes }, null, 2));
        else console.log(foundInWords(search.system, step, search.probes.length).join('\n'));
        return step.odd.length === 0 && step.between.length === 0 ? ExitCode.sound : ExitCode.unsound;
    }
  }
}

const PURPOSES: Readonly<Record<Probe['purpose'], string>> = {
  end: 'an end',
  half: 'half of what is left',
  'another change': 'is there another change?',
};

async function begin(options: BisectOptions): Promise<{ file: string; search: SearchFile; what: What }> {
  if (options.resume !== undefined) {
    const search = withoutUnknown(await readSearch(options.resume));
    const { system, cell, scenario, quick } = search;
    return {
      file: options.resume,
      search,
      what: whatOf({ system, ...(cell !== undefined && { cell }), ...(scenario !== undefined && { scenario }), quick }),
    };
  }
  const { good, bad, system: name, cell, scenario, quick = false, tests = false } = options;
  if (name === undefined) throw new Problem('bad-usage', 'Name a system with --system.');
  if (good === undefined || bad === undefined)
    throw new Problem('bad-usage', 'bisect needs --good and --bad, each a release.');
  const what = whatOf(options);
  const system = systemNamed(name);
  const [since, until] = [good, bad].sort(compareReleases) as [string, string];
  const found = (await releasesOf(system, { since, until, tests }))
    .filter(({ isGone }) => !isGone)
    .map(({ version }) => version)
    .filter((version) => compareReleases(version, until) <= 0);
  for (const end of [good, bad])
    if (!found.includes(end)) throw new Problem('no-such-version', `npm has no ${name}@${end}.`);
  const versions = since === good ? found : found.toReversed();
  if (versions.length < 2)
    throw new Problem('bad-usage', '--good and --bad are the same release. Name two different ones.');
  const search: SearchFile = {
    schemaVersion: SEARCH_SCHEMA_VERSION,
    system: name,
    ...(cell !== undefined && { cell }),
    ...(scenario !== undefined && { scenario }),
    quick,
    versions,
    probes: [],
  };
  const file = path.join(
    options.results,
    `bisect-${name}-${good}-${bad}-${cell ?? scenario}.json`.replaceAll('/', '-'),
  );
  await write(file, search);
  return { file, search, what };
}

async function write(file: string, search: SearchFile): Promise<void> {
  await makeFolder(path.dirname(file));
  await writeFile(`${file}.part`, `${JSON.stringify(search, null, 2)}\n`);
  await rename(`${file}.part`, file);
}

/** Runs one release, again where its verdict is neither held nor violated. Every run is kept. */
async function look(
  engine: Awaited<ReturnType<typeof connect>>,
  system: string,
  version: string,
  purpose: Probe['purpose'],
  what: What,
  options: BisectOptions,
  file: string,
): Promise<Probe> {
  const prepared = await prepareRelease(engine, system, version, what, {
    say: (line) => console.error(`   ${line}`),
    signal: interrupted,
  });
  // A release that nobody could ask for is no release that was not found out: the next ones would be none either.
  if ('isSilent' in prepared)
    throw new Problem(
      'no-registry',
      `${prepared.why}. The search is kept: \`npx midwrite bisect --resume ${file}\` goes on with it.`,
    );
  if ('why' in prepared) return { version, purpose, attempts: 0, why: prepared.why };
  const { results, jobs, expectations } = options;
  let why = '';
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const ran = await runCells(prepared.plan, {
      results,
      reporter: ['json', 'html'],
      ...(jobs !== undefined && { jobs }),
      ...(expectations !== undefined && { expectations }),
    });
    const [row] = rowsOf([prepared], ran.matrix);
    const run = path.relative(process.cwd(), ran.results.folder);
    if (row?.verdict === 'held' || row?.verdict === 'violated')
      return { version, purpose, attempts: attempt, violated: row.violated, run };
    why = row === undefined ? 'it has no row' : `${row.verdict}: ${row.detail}`;
    console.error(`   ${describe(why)}${attempt < ATTEMPTS ? '; once more' : ''}`);
  }
  return { version, purpose, attempts: ATTEMPTS, why };
}
