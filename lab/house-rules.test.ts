import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { faults } from '../faults/index.ts';
import { systems } from '../images/index.ts';
import { checks } from './checks/index.ts';
import { readExpectations } from './judge/expectations.ts';
import { scenarios } from './scenarios/index.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

function files(folder: string): string[] {
  return readdirSync(path.join(root, folder)).flatMap((name) => {
    const relative = path.join(folder, name);
    if (name === 'node_modules') return [];
    return statSync(path.join(root, relative)).isDirectory() ? files(relative) : [relative];
  });
}

const sources = (folder: string) =>
  files(folder).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !/(^|\/)(test|bench)\//.test(file),
  );
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

/** A problem's code, and what is recorded: the field's words for other things too. */
const WORDS_OF_ITS_OWN = new Set(['no-space', 'stop']);

test('nothing in lab/ names a particular fault or system', () => {
  const names = [
    ...faults.filter((fault) => fault.isControl !== true),
    ...systems.filter((system) => system.mutant === undefined),
  ]
    .map((one) => one.name)
    .filter((name) => !WORDS_OF_ITS_OWN.has(name));
  // Comments may give an example; the first-class exceptions are where the control's place and the help are written.
  // A scenario is a definition, as a system's is: it says what it is about.
  const engine = sources('lab').filter((file) => !file.startsWith('lab/scenarios/'));
  const offenders = engine.flatMap((file) => {
    const code = read(file)
      .replaceAll(/\/\*[\s\S]*?\*\//g, '')
      .replaceAll(/\/\/.*$/gm, '');
    return names.filter((name) => new RegExp(`['"\`]${name}['"\`]`).test(code)).map((name) => `${file}: ${name}`);
  });
  expect(offenders).toEqual([]);
});

test('every fault and every check has its file and its line in the index', () => {
  const inFolder = (folder: string) =>
    sources(folder)
      .map((file) => path.basename(file, '.ts'))
      .filter((name) => name !== 'index' && name !== 'store')
      .sort();
  expect(inFolder('faults')).toEqual(faults.map((fault) => fault.name).sort());
  expect(inFolder('lab/checks')).toEqual(checks.map((check) => check.id).sort());
});

test('checks and the judge are pure: no file system, no clock, no engine', () => {
  const pure = [
    ...sources('lab/checks'),
    ...sources('lab/scenario/checks'),
    'lab/scenario/fit.ts',
    'lab/judge/system-time.ts',
    'lab/judge/judge.ts',
    'lab/judge/landing.ts',
    'lab/judge/new-expectations.ts',
    'lab/judge/stale.ts',
    'lab/judge/update-expectations.ts',
    'lab/judge/steps.ts',
    'lab/scenario/draw.ts',
    'lab/judge/verdict.ts',
    'lab/report/junit.ts',
    'lab/report/lab-share.ts',
    'lab/report/matrix.ts',
    'lab/report/standing.ts',
    'lab/report/table.ts',
    'lab/report/compare.ts',
    ...sources('lab/report/page').filter((file) => file !== 'lab/report/page/document.ts'),
    'lab/shard/cut.ts',
  ];
  for (const file of pure)
    expect(read(file), file).not.toMatch(/node:fs|node:net|Date\.now|performance\.now|dockerode|testcontainers|execa/);
});

test('one wrapper for each dependency at the edges', () => {
  const users = (pattern: RegExp) => sources('lab').filter((file) => pattern.test(read(file)));
  expect(users(/from 'execa'/)).toEqual(['lab/process.ts']);
  expect(users(/from 'testcontainers'/)).toEqual(['lab/docker/harmless-container.ts']);
  expect(users(/from 'tar'/)).toEqual(['lab/docker/copy-out.ts', 'lab/image/send.ts']);
});

test('names are kebab-case, and no folder is a drawer', () => {
  for (const file of [...files('lab'), ...files('faults')]) {
    expect(path.basename(file), file).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*$/);
    expect(file).not.toMatch(/\b(utils?|helpers?|misc|common)\b/);
  }
});

test('every expectation is of a check that exists, and can be read', () => {
  const idsOf = (list: readonly { id: string }[]) => list.map((check) => check.id);
  for (const system of systems) {
    for (const { scenario, checks: expected } of readExpectations(system.expectations)) {
      const known =
        scenario === undefined ? checks : scenarios.flatMap((one) => (one.name === scenario ? one.checks : []));
      expect(idsOf(known), scenario).toEqual(expect.arrayContaining(expected));
    }
  }
});
