import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { connect } from '../engine/engine.ts';
import { systemNamed } from '../plan/named.ts';
import { ExitCode, Problem } from '../problem.ts';
import { parseCellOfAny } from '../releases/cell-of.ts';
import { imagesThere, type Prepared, prepareRelease, removeImages, together, type What } from '../releases/look-at.ts';
import { type ReleaseRow, rowsOf, tableOfReleases } from '../releases/rows.ts';
import { type ReleaseOf, releaseBefore, releasesOf } from '../releases/versions.ts';
import { type RunOptions, runCells } from './cells.ts';
import { exitCodeOf, gateOf } from './gate.ts';
import { interrupted } from './interrupt.ts';
import { filesOf, planOfResumed } from './run.ts';

export interface WhatOptions {
  system?: string;
  cell?: string;
  scenario?: string;
  upgrade?: boolean;
  quick?: boolean;
}

export interface ReleasesOptions extends RunOptions, WhatOptions {
  since?: string;
  until?: string;
  tests?: boolean;
  cleanImages?: boolean;
}

/** @throws Problem bad-usage */
export function whatOf({ cell, scenario, upgrade = false, quick = false }: WhatOptions): What {
  if ([cell, scenario, upgrade || undefined].filter((one) => one !== undefined).length !== 1)
    throw new Problem(
      'bad-usage',
      'say what is run of each release: one of --cell full-temp_sigkill, --scenario with its name, and --upgrade.',
    );
  if (upgrade) return { upgrade, isQuick: quick };
  return cell === undefined ? { scenario: scenario ?? '', isQuick: quick } : { cell: parseCellOfAny(cell) };
}

/** Runs one cell, or one scenario, over the releases of a range: a row for each, and for what could not be run the reason. */
export async function releasesCommand(options: ReleasesOptions): Promise<ExitCode> {
  const what = whatOf(options);
  if (options.system === undefined) throw new Problem('bad-usage', 'Name a system with --system.');
  const system = systemNamed(options.system);
  const { since, until, tests } = options;
  const found = await releasesOf(system, {
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(tests !== undefined && { tests }),
  });
  console.error(`${found.length} releases: ${found.map(({ version }) => version).join(', ')}`);
  const [oldest] = found;
  const earlier = 'upgrade' in what && oldest !== undefined ? await releaseBefore(system, oldest.version) : undefined;
  const { prepared, cleanUp } = await prepareAll(system.name, found, what, options.cleanImages === true, earlier);
  const ready = prepared.flatMap((one) => ('plan' in one ? [one] : []));
  if (ready.length === 0) {
    print(rowsOf(prepared, undefined), options);
    return ExitCode.unsound;
  }
  const {
    system: _,
    cell: __,
    scenario: ___,
    upgrade: _p,
    quick: ____,
    since: _s,
    until: _u,
    tests: _t,
    cleanImages: _c,
    ...running
  } = options;
  const plan = (await planOfResumed(running)) ?? together(ready.map((one) => one.plan));
  const ran = await runCells(plan, running);
  const rows = rowsOf(prepared, ran.matrix);
  await writeFile(path.join(ran.results.folder, 'releases.json'), `${JSON.stringify(rows, null, 2)}\n`);
  print(rows, options);
  if (options.json !== true) console.log(`\n${filesOf(ran, options)}`);
  await cleanUp();
  return exitCodeOf(ran.matrix, gateOf(options).failOn);
}

function print(rows: readonly ReleaseRow[], options: ReleasesOptions): void {
  console.log(options.json === true ? JSON.stringify(rows, null, 2) : tableOfReleases(rows));
}

/** Plans each release and builds its image, one after the other: what goes wrong with one is its row. */
async function prepareAll(
  system: string,
  found: readonly ReleaseOf[],
  what: What,
  cleans: boolean,
  earlier: string | undefined,
): Promise<{ prepared: Prepared[]; cleanUp(): Promise<void> }> {
  const engine = await connect((line) => console.error(line));
  const prepared: Prepared[] = [];
  const built: string[] = [];
  const how = { say: (line: string) => console.error(line), signal: interrupted };
  for (const [index, { version, isGone }] of found.entries()) {
    interrupted.throwIfAborted();
    if (isGone) {
      prepared.push({ version, why: 'it was published once, and npm has it no more' });
      continue;
    }
    const there = new Set(cleans ? await tagsThere(engine, system, version) : []);
    const before = found.slice(0, index).findLast((one) => !one.isGone)?.version ?? earlier;
    const one = await prepareRelease(engine, system, version, what, how, before);
    prepared.push(one);
    console.error(
      `${index + 1}/${found.length} ${system}@${version}: ${'why' in one ? one.why : 'its image is there'}`,
    );
    if (cleans && 'release' in one)
      built.push(...(await imagesThere(engine, one.release)).filter((tag) => !there.has(tag)));
  }
  return { prepared, cleanUp: () => removeImages(engine, built) };
}

/** Before it is planned: a release that can't be read has no image either. */
async function tagsThere(
  engine: Parameters<typeof imagesThere>[0],
  system: string,
  version: string,
): Promise<string[]> {
  try {
    return await imagesThere(engine, await systemNamed(system).release(version));
  } catch (error) {
    if (error instanceof Problem) return [];
    throw error;
  }
}
