import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { KINDS, readConfig } from './gateway/config.ts';
import { DEFECTS } from './gateway/defects.ts';

const GATEWAY = new URL('./gateway/', import.meta.url);
const README = readFileSync(new URL('./README.md', import.meta.url), 'utf8');

const sources = new Map(
  readdirSync(GATEWAY)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => [name, readFileSync(new URL(name, GATEWAY), 'utf8')]),
);

/** The cells of the rows of the table below a heading that begins with this one; code marks are left out. */
function table(heading: string, firstCell: string): string[][] {
  const section = README.slice(README.indexOf(`\n## ${heading}\n`));
  const [rows = ''] = section.slice(section.indexOf(`\n| ${firstCell} |`) + 1).split('\n\n');
  return rows
    .trimEnd()
    .split('\n')
    .slice(2)
    .map((row) =>
      row
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
}

test('the defects', () => {
  expect(table('Defects', 'defect')).toEqual(Object.entries(DEFECTS));
});

test.each(Object.keys(DEFECTS))('the defect %s has one place in the code', (defect) => {
  const places = [...sources]
    .filter(([name]) => name !== 'defects.ts')
    .flatMap(([, text]) => text.split(`has('${defect}')`).slice(1));
  expect(places).toHaveLength(1);
});

test('the configuration', () => {
  const { retention, ...rest } = readConfig({});
  const plain = Object.entries(rest).map(([key, value]) => [key, String(value)]);
  const rows = table('Configuration', 'key');
  expect(rows.map(([key, , fallback]) => [key, fallback])).toEqual([
    ...plain,
    ['retention.maxEntries', String(retention.maxEntries)],
    ['retention.kinds.model-run.maxAgeMs', String(retention.kinds['model-run'].maxAgeMs)],
  ]);
  for (const [, variable] of rows) expect(() => readConfig({ [`${variable}`]: 'wrong' })).toThrow(variable);
});

test('the kinds', () => {
  const { kinds } = readConfig({}).retention;
  const rows = table('Configuration', 'kind').map(([kind, , ...rules]) => [kind, ...rules]);
  expect(rows).toEqual(KINDS.map((kind) => [kind, `${kinds[kind].maxAgeMs}`, `${kinds[kind].protectNewest}`]));
});

test('every event that is logged, and no other', () => {
  const logged = [...sources.values()].flatMap((text) =>
    Array.from(text.matchAll(/(?:log\(\s*'(?:info|warn|error)',|attempt\()\s*'([a-z-]+)'/g), ([, event]) => event),
  );
  const events = table('Log', 'about').map(([, cell]) => cell ?? '');
  const withoutFields = (cell: string) => cell.replaceAll(/ \((?:[^()]|\([^()]*\))*\)/g, '');
  const named = events.flatMap((cell) => withoutFields(cell).split(', '));
  expect(named.sort()).toEqual([...new Set(logged)].sort());
});

test('every file that it names is there', () => {
  const named = Array.from(README.matchAll(/`(?:gateway\/)?([a-z-]+\.ts)`/g), ([, name]) => name ?? '');
  expect(named.length).toBeGreaterThan(10);
  for (const name of named) expect([...sources.keys()]).toContain(name);
});
