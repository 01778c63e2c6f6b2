import semver from 'semver';
import { Problem } from '../../lab/problem.ts';

/**
 * The release in a version that names its Node too, such as `2026.1.30+node.22.22.0`: what semver calls build metadata, which no order of
 * versions looks at.
 */
export function releaseOf(version: string): string {
  return semver.parse(version)?.version ?? version;
}

/**
 * The Node that a version names.
 * @returns undefined where it names none
 * @throws Problem no-such-version
 */
export function pinnedNode(version: string): string | undefined {
  const [word, ...numbers] = semver.parse(version)?.build ?? [];
  if (word === undefined) return undefined;
  const node = numbers.join('.');
  if (word === 'node' && semver.valid(node) !== null) return node;
  throw new Problem(
    'no-such-version',
    `what follows the + of openclaw@${version} is no Node version: write openclaw@${releaseOf(version)}+node.22.22.0.`,
  );
}
