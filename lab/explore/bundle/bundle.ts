import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeProblem } from '../../evidence/recorder.ts';
import { filesOf, type ImageRecipe, imagesFolder, type Recipe } from '../../image/recipe.ts';
import { knownChecks } from '../../known.ts';
import { scratch } from '../../owner/scratch.ts';
import { Problem } from '../../problem.ts';
import { attempt } from '../../process.ts';
import type { Release } from '../../system.ts';
import { type Exploration, type FoundFinding, readExploration } from '../exploration.ts';
import { type KeptState, readKeptState } from '../kept-state.ts';
import { issueText } from './issue-text.ts';
import { type BundleRun, commonLines, insideScript, runScript } from './scripts.ts';
import { packFolder, stateTar } from './state-tar.ts';

/** A finding that is to be bundled. */
export interface BundledFinding {
  readonly state: KeptState;
  readonly found: Exploration;
  /** All that were found in this state. */
  readonly findings: readonly FoundFinding[];
}

/** What a bundle came to. */
export interface Bundle {
  readonly file: string;
  readonly issue: string;
  readonly expected: readonly string[];
}

const HOUR_MS = 60 * 60_000;
const RUN_LIMIT_MS = 10 * 60_000;

/**
 * What was found in a kept state: the folder is one of an exploration's states/.
 * @throws Problem bad-usage, bad-results
 */
export async function findingIn(folder: string): Promise<BundledFinding> {
  const state = await readKeptState(folder);
  const exploration = path.resolve(folder, '../..');
  const found = await readExploration(exploration);
  const kept = path.join(path.basename(path.dirname(folder)), path.basename(folder));
  const findings = found?.findings.filter((one) => one.kept === kept) ?? [];
  if (found === undefined || findings.length === 0)
    throw new Problem(
      'bad-usage',
      `${folder} is no state of a finding. --bundle takes a folder of an exploration's states/, as exploration.md names it.`,
    );
  return { state, found, findings };
}

/**
 * Writes a bundle that needs Docker and no lab: the state, how its image is made, what boots it, and what it prints. It is run twice here, with the
 * engine's own client, and what both runs print is expected.txt.
 * @param image of the system itself, on the engine
 * @throws Problem bad-usage, process-failed, results-unwritable
 */
export async function makeBundle(
  release: Release,
  image: string,
  { state, found, findings }: BundledFinding,
  { into, signal, say }: { into: string; signal: AbortSignal; say(line: string): void },
): Promise<Bundle> {
  if (release.lifecycle === 'command')
    throw new Problem(
      'bad-usage',
      `${release.system} is a command: a bundle boots a server. Its kept state is in states/, and \`explore --state\` runs on it.`,
    );
  const name = `${found.system}-${found.version}-${state.name}`.replaceAll(/[^A-Za-z0-9.-]/g, '_').toLowerCase();
  const isFresh = findings[0]?.booted === 'fresh';
  const acknowledged = state.acknowledged
    .filter((turn) => turn.acknowledged)
    .map(({ name: turn, text }) => ({ name: turn, text }));
  const run: BundleRun = { release, acknowledged, isFresh };
  await using own = await scratch('bundle');
  const folder = own.path;
  try {
    const aged = release.promises.sweepGraceMs + HOUR_MS;
    const hasDockerfile = await writeImage(release.image, image, folder);
    await writeFile(path.join(folder, 'state.tar'), stateTar(state.image, release.promises.root, Date.now() - aged));
    await writeFile(path.join(folder, 'inside.sh'), insideScript(run));
    await writeFile(path.join(folder, 'run.sh'), runScript(run, name, hasDockerfile));
    await chmod(path.join(folder, 'run.sh'), 0o755);
    await writeFile(path.join(folder, 'expected.txt'), '');
    const printed: string[] = [];
    for (const time of ['first', 'second']) {
      say(`running the bundle for the ${time} time`);
      printed.push(await runBundle(folder, image, signal));
    }
    const expected = commonLines(printed[0] ?? '', printed[1] ?? '');
    const shown = expected.filter((line) => speaksOf(line, findings));
    if (!expected.some((line) => line.startsWith('system: ')))
      throw new Problem('process-failed', `two runs of the bundle came to different ends:\n${printed.join('\n---\n')}`);
    await writeFile(path.join(folder, 'expected.txt'), `${expected.join('\n')}\n`);
    const file = path.join(into, `${name}.tar`);
    const promiseOf = (id: string) => knownChecks().find((check) => check.id === id)?.promise;
    const issue = issueText({ found, findings, promiseOf, bundle: path.basename(file), shown, hasDockerfile });
    await writeFile(path.join(folder, 'issue.md'), issue);
    await mkdir(into, { recursive: true });
    await packFolder(folder, name, file);
    return { file, issue, expected };
  } catch (error) {
    throw error instanceof Problem ? error : writeProblem(folder, error);
  }
}

/** Runs it as anybody would, with the docker client alone: it finds the engine that the lab has opened (engine.ts) in its environment. @returns what it printed */
async function runBundle(folder: string, image: string, signal?: AbortSignal): Promise<string> {
  const { stdout, problem } = await attempt({
    file: 'sh',
    args: ['run.sh', image],
    purpose: 'running the bundle',
    advice: 'A bundle is tried where it is made: the docker client must be on this machine.',
    limitMs: RUN_LIMIT_MS,
    cwd: folder,
    signal,
  });
  if (problem !== undefined) throw problem;
  return stdout;
}

/** A line that has a file of the finding in it, or says what became of a turn. */
function speaksOf(line: string, findings: readonly FoundFinding[]): boolean {
  if (line.startsWith('system: ') || line.includes('the acknowledged turn')) return true;
  const [, file = ''] = /^(?:before|after): (.*), \d+ bytes$/.exec(line) ?? [];
  return file !== '' && findings.some(({ detail, cause }) => `${detail} ${cause}`.includes(file));
}

/** How its image is made, or what it is called. True: there is a Dockerfile. */
async function writeImage(recipe: Recipe, image: string, folder: string): Promise<boolean> {
  const standalone = 'folder' in recipe ? recipe.standalone : undefined;
  if (standalone !== undefined && 'folder' in recipe) {
    const text = standalone.dockerfile ?? (await ownDockerfile(recipe, standalone.base));
    await writeFile(path.join(folder, 'Dockerfile'), text);
    if (standalone.dockerfile === undefined) await copyFiles(recipe, folder);
    return true;
  }
  await writeFile(path.join(folder, 'image.txt'), `${'ref' in recipe ? recipe.ref : image}\n`);
  return false;
}

/** The recipe's own Dockerfile, on an image that a registry has. */
async function ownDockerfile({ folder }: ImageRecipe, base: string | undefined): Promise<string> {
  const text = await readFile(path.join(imagesFolder, folder, 'Dockerfile'), 'utf8');
  return text.replace(/^ARG BASE$/m, `ARG BASE=${base ?? ''}`);
}

async function copyFiles(recipe: ImageRecipe, folder: string): Promise<void> {
  for (const file of filesOf(recipe).filter((one) => one !== 'Dockerfile')) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await copyFile(path.join(imagesFolder, recipe.folder, file), path.join(folder, file));
  }
}
