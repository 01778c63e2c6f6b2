import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageFolder } from './package-folder.ts';

const texts = [
  'README.md',
  'CONTRIBUTING.md',
  'AGENTS.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'results/README.md',
  ...readdirSync(path.join(packageFolder, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const LINE_MAX = 160;
const README_LINES_MAX = 120;
/** Said in plain words now: docs/writing.md has the pairs. */
const BANNED = /go on with a run|broken on purpose|proves nothing as a whole|one after the other, \d/i;

describe.each(texts)('%s', (file) => {
  const text = readFileSync(path.join(packageFolder, file), 'utf8');

  test('every link inside the repository leads to something', () => {
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)|srcset="([^"]+)"|src="([^"]+)"/g)];
    const targets = links.map(([, link, set, source]) => link ?? set ?? source ?? '');
    expect(targets.filter((link) => !existsSync(path.join(packageFolder, path.dirname(file), link)))).toEqual([]);
  });

  test(`no line of prose is longer than ${LINE_MAX} characters`, () => {
    const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '').split('\n');
    const long = prose.filter((line) => line.length > LINE_MAX && !/^\s*\||^ {4}/.test(line));
    expect(long).toEqual([]);
  });

  test('no phrase that has a plainer one', () => {
    if (file !== 'docs/writing.md') expect(text).not.toMatch(BANNED);
  });
});

test(`the README has at most ${README_LINES_MAX} lines`, () => {
  expect(readFileSync(path.join(packageFolder, 'README.md'), 'utf8').split('\n').length).toBeLessThanOrEqual(
    README_LINES_MAX,
  );
});
