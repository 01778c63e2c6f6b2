import semver from 'semver';
import { expect, test } from 'vitest';
import { Problem } from '../../lab/problem.ts';
import { pinnedNode, releaseOf } from './version.ts';

test('a version may name its Node, and is the same release', () => {
  expect(releaseOf('2026.1.30+node.22.22.0')).toBe('2026.1.30');
  expect(pinnedNode('2026.1.30+node.22.22.0')).toBe('22.22.0');
  expect(semver.satisfies('2026.1.30+node.22.22.0', '2026.1.30 || 2026.5.28')).toBe(true);
});

test.each(['2026.5.28', '2026.7.2-beta.1'])('%s names none', (version) => {
  expect(releaseOf(version)).toBe(version);
  expect(pinnedNode(version)).toBeUndefined();
});

test.each(['2026.5.28+node', '2026.5.28+node.22', '2026.5.28+deno.2.0.0'])('%s is refused', (version) => {
  expect(() => pinnedNode(version)).toThrow(Problem);
});
