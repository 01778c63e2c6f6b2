import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { debianCpu } from '../machine-kind.ts';
import { lock } from '../owner/lock.ts';
import { scratch, scratchRoot } from '../owner/scratch.ts';
import { describe, Problem } from '../problem.ts';
import { run } from '../process.ts';
import { bootstrap, SUITE } from './debian.ts';
import type { BuildOptions, Platform } from './recipe.ts';

const ASK_LIMIT_MS = 5 * 60_000;
const DOWNLOAD_LIMIT_MS = 10 * 60_000;
const LISTS_LIMIT_MS = 10 * 60_000;

/** What is in every image of Debian's packages, as apt names it. */
const MINIMUM = ['?essential', 'apt'];
/** In the lists' root: what that comes to. */
const MINIMUM_FILE = 'midwrite-minimum.json';

/** A package list of a day: apt's answers on Debian's suite, whatever the host itself runs. */
export interface PackageLists {
  root: string;
  cpu: Platform['cpu'];
}

/** Today's package lists, fetched if they are not there; older ones where the mirror does not answer. */
export async function packageLists(cpu: Platform['cpu'], options: BuildOptions): Promise<PackageLists> {
  const prefix = `debian-${SUITE}-${cpu}-`;
  const root = path.join(scratchRoot(), `${prefix}${new Date().toISOString().slice(0, 10)}`);
  if (existsSync(root)) return { root, cpu };
  await using _ = await lock(`${root}.lock`, LISTS_LIMIT_MS);
  if (existsSync(root)) return { root, cpu };
  // The name of a folder of a day and no other: locks stand beside them.
  const isOfADay = (name: string) => name.startsWith(prefix) && /^\d{4}-\d\d-\d\d$/.test(name.slice(prefix.length));
  const older = (await readdir(scratchRoot())).filter(isOfADay).sort();
  const last = older.pop();
  try {
    await fetchLists(cpu, root, options);
  } catch (error) {
    if (last === undefined) throw error;
    options.signal?.throwIfAborted();
    options.say(
      `Debian's package lists could not be fetched (${describe(error)}); going by those of ${last.slice(-10)}`,
    );
    return { root: path.join(scratchRoot(), last), cpu };
  }
  // The last ones stay for another lab that began before midnight.
  for (const name of older) await rm(path.join(scratchRoot(), name), { recursive: true, force: true });
  return { root, cpu };
}

/** A root without a package in it: mmdebstrap writes where Debian's packages come from, and apt fetches its lists. */
async function fetchLists(cpu: Platform['cpu'], root: string, options: BuildOptions): Promise<void> {
  options.say(`fetching the package lists of Debian ${SUITE}`);
  await using folder = await scratch('lists');
  const target = path.join(folder.path, 'root');
  const args = ['--skip=cleanup/apt', '--format=directory'];
  await bootstrap({ variant: 'custom', args, cpu, target, purpose: "fetching Debian's package lists" }, options);
  // Asked once and not with every image: it is the half of what apt has to think about.
  const minimum = await installs({ root: target, cpu }, MINIMUM, {
    purpose: 'asking apt what every image of Debian has',
    signal: options.signal,
  });
  await writeFile(path.join(target, MINIMUM_FILE), JSON.stringify(minimum));
  await rename(target, root);
}

async function apt(
  lists: PackageLists,
  program: 'apt-get' | 'apt-cache',
  args: readonly string[],
  how: { purpose: string; advice?: string; limitMs?: number; cwd?: string; signal?: AbortSignal | undefined },
): Promise<string> {
  const { root, cpu } = lists;
  const settings = {
    Dir: root,
    'Dir::State::status': path.join(root, 'var/lib/dpkg/status'),
    'APT::Architecture': debianCpu(cpu),
    'APT::Architectures': debianCpu(cpu),
    // The user that apt would fetch as can't reach a folder of the lab's.
    'APT::Sandbox::User': 'root',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return run({
    file: program,
    args: [...options, ...args],
    env: { LC_ALL: 'C' },
    limitMs: ASK_LIMIT_MS,
    code: 'stage-failed',
    ...how,
  });
}

/**
 * The versions that apt would install now, by package.
 * @throws Problem no-such-package
 */
export async function candidates(lists: PackageLists, packages: readonly string[]): Promise<Map<string, string>> {
  const said = await apt(lists, 'apt-cache', ['policy', ...packages], {
    purpose: `asking apt for ${packages.join(', ')}`,
  });
  const found = parsePolicy(said);
  const missing = packages.filter((name) => !found.has(name));
  if (missing.length > 0) {
    throw new Problem(
      'no-such-package',
      `Debian ${SUITE} has no package to install that is called ${missing.map((name) => `"${name}"`).join(' or ')}. ` +
        'A package is often not called as its program: `apt-cache search WORD` on a Debian machine lists what there is, or take a Dockerfile.',
    );
  }
  return found;
}

/** Packages and their candidates from what `apt-cache policy` prints. One that has none is virtual or was withdrawn, and is left out. */
export function parsePolicy(text: string): Map<string, string> {
  const found = new Map<string, string>();
  let name = '';
  for (const line of text.split('\n')) {
    name = /^(\S+):$/.exec(line)?.[1] ?? name;
    const version = /^ {2}Candidate: (\S+)$/.exec(line)?.[1];
    if (version !== undefined && version !== '(none)') found.set(name, version);
  }
  return found;
}

/** Packages with their versions, each as NAME=VERSION, sorted. */
export interface Closure {
  /** What the base has. */
  base: string[];
  /** What comes on top of it. */
  added: string[];
}

/** Everything that packages depend on, without what is only recommended. */
export async function closureOf(lists: PackageLists, packages: readonly string[]): Promise<Closure> {
  const base = JSON.parse(await readFile(path.join(lists.root, MINIMUM_FILE), 'utf8')) as string[];
  const all = await installs(lists, [...MINIMUM, ...packages], {
    purpose: `asking apt what ${packages.join(', ')} depend on`,
    advice: 'Packages that apt calls in conflict with one another can not be in one image.',
  });
  return { base, added: all.filter((one) => !base.includes(one)) };
}

async function installs(
  lists: PackageLists,
  packages: readonly string[],
  how: { purpose: string; advice?: string; signal?: AbortSignal | undefined },
): Promise<string[]> {
  return parseInstalls(await apt(lists, 'apt-get', ['-s', '--no-install-recommends', 'install', ...packages], how));
}

/** What `apt-get --simulate install` would install, sorted. */
export function parseInstalls(text: string): string[] {
  return Array.from(
    text.matchAll(/^Inst (\S+) (?:\[\S+\] )?\((\S+) /gm),
    ([, name, version]) => `${name}=${version}`,
  ).sort();
}

/** Fetches packages as .deb files; apt checks each against the signed lists. */
export async function download(
  lists: PackageLists,
  packages: readonly string[],
  into: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await mkdir(into, { recursive: true });
  if (packages.length === 0) return;
  await apt(lists, 'apt-get', ['-q', 'download', ...packages], {
    purpose: "fetching Debian's packages",
    advice: "Debian's package mirror must be reachable the first time a version is used.",
    limitMs: DOWNLOAD_LIMIT_MS,
    cwd: into,
    signal,
  });
}
