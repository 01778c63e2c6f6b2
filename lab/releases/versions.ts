import semver from 'semver';
import { Problem } from '../problem.ts';
import type { System } from '../system.ts';

/** One release of a range. `isGone`: it was published once, and the registry has it no more. */
export interface ReleaseOf {
  version: string;
  isGone: boolean;
}

/** Words of versions that are no releases: `2026.9.1-beta.1`, `1.0.0-rc.1`. A number alone, as in `2026.7.1-2`, is a correction. */
const isTest = (version: string): boolean =>
  (semver.prerelease(version) ?? []).some((part) => /^[a-z]/i.test(String(part)));

/** The numbers of a version that may be short: `2026.4` is the beginning of all of that. */
function numbersOf(text: string): readonly [number, number, number, number] {
  const match = /^(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-(\d+))?/.exec(text);
  if (match === null)
    throw new Problem('bad-usage', `"${text}" is not a version. Write one such as 2026.4 or 2026.5.28.`);
  const [, ...numbers] = match;
  const [a = 0, b = 0, c = 0, d = 0] = numbers.map((number) => Number(number ?? 0));
  return [a, b, c, d];
}

/**
 * The order in which releases came. As semver has it, but for corrections: it puts `2026.7.1-2` before `2026.7.1`, and it came after it.
 * Test versions come before the release that they are of.
 */
export function compareReleases(a: string, b: string): number {
  if (isTest(a) || isTest(b)) {
    const [x, y] = [numbersOf(a).slice(0, 3).join('.'), numbersOf(b).slice(0, 3).join('.')];
    if (x === y) return isTest(a) === isTest(b) ? semver.compare(a, b) : isTest(a) ? -1 : 1;
    return semver.compare(x, y);
  }
  const [x, y] = [numbersOf(a), numbersOf(b)];
  for (const [index, number] of x.entries()) if (number !== y[index]) return number - (y[index] ?? 0);
  return 0;
}

/** Which releases are asked for. A short version stands for all that begin with it. */
export interface Range {
  since?: string;
  until?: string;
  /** Test versions too. */
  tests?: boolean;
}

/**
 * The releases of a system in a range, oldest first.
 * @throws Problem bad-usage: nobody publishes it, or the range is empty
 */
export async function releasesOf(system: System, { since, until, tests = false }: Range): Promise<ReleaseOf[]> {
  if (system.published === undefined)
    throw new Problem(
      'bad-usage',
      `${system.name} is published nowhere: it has one version, ${system.defaultVersion}.`,
    );
  const { versions, gone } = await system.published();
  const all = [
    ...versions.map((version) => ({ version, isGone: false })),
    ...gone.map((version) => ({ version, isGone: true })),
  ];
  const from = since === undefined ? undefined : numbersOf(since);
  const length = until === undefined ? 0 : until.split(/[.-]/).length;
  const isIn = (version: string) => {
    const own = numbersOf(version);
    if (from !== undefined && lower(own, from)) return false;
    if (until === undefined) return true;
    return !lower(numbersOf(until).slice(0, length), own.slice(0, length));
  };
  const found = all
    .filter(({ version }) => (tests || !isTest(version)) && isIn(version))
    .sort((a, b) => compareReleases(a.version, b.version));
  if (found.length === 0)
    throw new Problem(
      'bad-usage',
      `no release of ${system.name} is in that range; the newest is ${versions.at(-1) ?? 'none'}.`,
    );
  return found;
}

/** The stable release before one, as a registry has it now. Undefined: there is none. */
export async function releaseBefore(system: System, version: string): Promise<string | undefined> {
  const all = await releasesOf(system, { until: version });
  return all.findLast((one) => !one.isGone && compareReleases(one.version, version) < 0)?.version;
}

function lower(a: readonly number[], b: readonly number[]): boolean {
  for (const [index, number] of a.entries()) if (number !== b[index]) return number < (b[index] ?? 0);
  return false;
}
