import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
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
      .filter((name) => !['index', 'store', 'rows-in-parts'].includes(name))
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
    'lab/scenario/struck-steps.ts',
    'lab/scenario/draw.ts',
    'lab/result/verdict.ts',
    'lab/report/junit.ts',
    'lab/report/lab-share.ts',
    'lab/result/matrix.ts',
    'lab/report/standing.ts',
    'lab/report/table.ts',
    'lab/report/compare.ts',
    ...sources('lab/report/page').filter((file) => file !== 'lab/report/page/document.ts'),
    'lab/shard/cut.ts',
  ];
  for (const file of pure)
    expect(read(file), file).not.toMatch(/node:fs|node:net|Date\.now|performance\.now|dockerode|testcontainers|execa/);
});

/** The rooms of docs/architecture.md, the topmost first: a file imports from its own, or from one that stands behind it. */
function floors(): string[] {
  const picture = /```floors\n([\s\S]*?)```/.exec(read('docs/architecture.md'))?.[1] ?? '';
  const named = [...picture.matchAll(/\| (.*)/g)].flatMap(([, names = '']) => names.trim().split(/ +/));
  return named.map((name) => (/^(faults|images)/.test(name) ? name : `lab/${name}`));
}

/** A folder below lab/ or images/, a file at their top, or faults/. `images/index.ts` is the room `images`. */
function roomOf(file: string): string {
  const [top = '', second = '', third] = file.split('/');
  if (top === 'faults' || (top === 'images' && third === undefined)) return top;
  return `${top}/${second}`;
}

/** Relative imports of a file, types and re-exports too, as paths from the root. */
const importsOf = (file: string, text: string): string[] =>
  [...text.matchAll(/(?:from|import|import\() ?'(\.{1,2}\/[^']+)'/g)].map(([, target = '']) =>
    path.join(path.dirname(file), target),
  );

/** Where a room stands: a system's image that the picture does not name, where it says `images/*`. */
function floorOf(room: string, order: readonly string[]): number {
  const named = order.indexOf(room);
  return named === -1 && room.startsWith('images/') ? order.indexOf('images/*') : named;
}

function wrongImports(file: string, text: string, order: readonly string[]): string[] {
  const own = floorOf(roomOf(file), order);
  return importsOf(file, text)
    .filter((target) => roomOf(target) !== roomOf(file) && floorOf(roomOf(target), order) <= own)
    .map((target) => `${file} imports ${target}, which is not below it`);
}

describe('the floors of docs/architecture.md', () => {
  const order = floors();
  const all = [...sources('lab'), ...sources('faults'), ...sources('images')].filter(
    (file) => !/\/(testing|fixtures)\//.test(file),
  );

  test('name every room once', () => {
    const rooms = new Set(all.map(roomOf).map((room) => order[floorOf(room, order)] ?? `${room} is not named`));
    expect([...order].sort()).toEqual([...rooms].sort());
  });

  test('no file imports upwards', () => {
    expect(all.flatMap((file) => wrongImports(file, read(file), order))).toEqual([]);
  });

  test('an import upwards is told, whichever way it is written; one of tests is, too', () => {
    const wrong = (line: string) => wrongImports('lab/judge/judge.ts', line, order);
    expect(wrong("import type { Reporter } from '../report/reporter.ts';")).toHaveLength(1);
    expect(wrong("export { a } from '../report/reporter.ts';")).toHaveLength(1);
    expect(wrong("type A = import('../report/reporter.ts').A;")).toHaveLength(1);
    expect(wrong("import '../test/engine.ts';")).toHaveLength(1);
    expect(wrong("import { a } from './stale.ts';\nimport { b } from '../result/verdict.ts';")).toEqual([]);
  });
});

describe('the files of writegate', () => {
  const folder = 'images/writegate/src';
  const unit = (file: string) => path.basename(file).replace(/\.[ch]$/, '');
  const c = files(folder);

  test('include each other in no circle', () => {
    const included = Map.groupBy(
      c.flatMap((file) =>
        [...read(file).matchAll(/^#include "(.+)\.h"/gm)]
          .map(([, name = '']) => ({ from: unit(file), name }))
          .filter(({ from, name }) => from !== name),
      ),
      ({ from }) => from,
    );
    const isDone = new Set<string>();
    const visit = (name: string, above: readonly string[]): string[] => {
      if (above.includes(name)) return [[...above.slice(above.indexOf(name)), name].join(' -> ')];
      if (isDone.has(name)) return [];
      const found = (included.get(name) ?? []).flatMap((one) => visit(one.name, [...above, name]));
      isDone.add(name);
      return found;
    };
    expect(c.map(unit).flatMap((name) => visit(name, []))).toEqual([]);
    expect(included.get('main')?.length).toBeGreaterThan(5);
  });

  test('a header declares nothing that another file defines', () => {
    for (const header of c.filter((file) => file.endsWith('.h'))) {
      const declared = [...read(header).matchAll(/^(?!static)(?:\w+[ *]+)+\*?(\w+)\(.*\);$/gm)].map(([, name]) => name);
      const source = header.replace(/h$/, 'c');
      const text = c.includes(source) ? read(source) : '';
      expect(
        declared.filter((name) => !new RegExp(`^\\S.*\\b${name}\\(`, 'm').test(text)),
        header,
      ).toEqual([]);
    }
  });
});

test('one wrapper for each dependency at the edges', () => {
  const users = (pattern: RegExp) => sources('lab').filter((file) => pattern.test(read(file)));
  expect(users(/from 'execa'/)).toEqual(['lab/process.ts']);
  expect(users(/from 'testcontainers'/)).toEqual(['lab/docker/harmless-container.ts']);
  expect(users(/from 'tar'/)).toEqual([
    'lab/docker/copy-out.ts',
    'lab/explore/bundle/state-tar.ts',
    'lab/image/send.ts',
  ]);
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
