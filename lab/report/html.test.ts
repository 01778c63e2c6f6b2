import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { killed } from '../test/healthy-cell.ts';
import { HOSTILE_LINE, hostile, judged, judgedRun, largeRun, orphaned, scenarioRow } from '../test/judged-run.ts';
import { compareHtml, html } from './html.ts';

/** The pages that lie packed in a file, by name. */
function pagesOf(file: string): Map<string, string> {
  const blocks = file.matchAll(/<script type="text\/plain" data-page="([^"]*)">([^<]*)<\/script>/g);
  return new Map(
    [...blocks].map(([, name = '', packed = '']) => [name, inflateRawSync(Buffer.from(packed, 'base64')).toString()]),
  );
}

describe('the page of a run', async () => {
  const known = judged(orphaned(), { known: ['no-orphans', 'sweep-on-boot'], version: '1.1.0' });
  const fresh = judged(orphaned(), { version: '1.2.0' });
  const right = judged(killed());
  const run = judgedRun(
    [right, known, fresh],
    [scenarioRow('a-scenario', 'one', 6_000_000), scenarioRow('a-scenario', 'two', 0)],
  );
  const file = await html.write(run);

  test('has a box for every cell, with its sign and its word', () => {
    for (const { id } of run.matrix.cells) expect(file.includes(`data-cell="${id}"`), id).toBe(true);
    expect(file).toMatch(/class="box state held"[^>]*>.*?✓<\/span> held/);
    expect(file).toMatch(/class="box state known"[^>]*>.*?✗<\/span> known/);
    expect(file).toMatch(/class="box state new"[^>]*>.*?✗<\/span> NEW/);
  });

  test('has the frame of the run', () => {
    for (const fact of [run.matrix.run.engine, run.matrix.run.kernel, 'v2', '2026-05-28 12:00:00 UTC', '2 min 41 s'])
      expect(file.includes(fact), fact).toBe(true);
  });

  test('has a page for every cell and every scenario', () => {
    expect([...pagesOf(file).keys()].sort()).toEqual(
      ['scenario/a-scenario', ...run.matrix.cells.map((row) => `cell/${row.id}`)].sort(),
    );
    const page = pagesOf(file).get(`cell/${fresh.row.id}`) ?? '';
    for (const part of ['Promised:', 'Timeline', 'The state folder', "The system's log", fresh.row.reproduce])
      expect(page.includes(part), part).toBe(true);
  });

  test("a scenario's page has its systems side by side, their fits, and the document's figure", () => {
    const page = pagesOf(file).get('scenario/a-scenario') ?? '';
    expect(page).toMatch(/one@1\.0\.0.*two@1\.0\.0/s);
    for (const figure of ['6.00 MB', '± 12 bytes', 'the document&#39;s: 5.90 MB'])
      expect(page.includes(figure), figure).toBe(true);
    expect(page.match(/class="fit"/g)).toHaveLength(4);
  });

  test('lets nothing be loaded, and lets no script run but its own', () => {
    const policy =
      /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(file)?.[1]?.replaceAll('&#39;', "'") ?? '';
    const hashes = (tag: string) =>
      [...file.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, 'g'))].map(
        ([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`,
      );
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src ${hashes('script').join(' ')}`,
      `style-src ${hashes('style').join(' ')}`,
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
    ]);
    expect(hashes('script')).toHaveLength(1);
    const pages = [file, ...pagesOf(file).values()];
    for (const page of pages)
      expect(page).not.toMatch(/<(iframe|object|embed|base)\b|\s(src|srcset|style|on\w+)="|@import|url\(/);
  });
});

test('names and log lines of a program under test are text and nothing else', async () => {
  const file = await html.write(judgedRun([judged(hostile())]));
  for (const page of [file.replace(/<script>[\s\S]*<\/script>/, ''), ...pagesOf(file).values()]) {
    for (const active of ['<img', '<svg onload', '\u0007', '\u202e']) expect(page.includes(active), active).toBe(false);
  }
  const [page = ''] = pagesOf(file).values();
  expect(page).toContain('&lt;script&gt;owned()&lt;/script&gt;');
  expect(page).toContain('\\u202e');
  expect(HOSTILE_LINE).toContain('</script>');
});

test('a value of a template stands in text, or in quotes', () => {
  const folder = new URL('page/', import.meta.url);
  const templates = readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  for (const name of templates) {
    const code = readFileSync(new URL(name, folder), 'utf8');
    // Within a tag, a value without quotes could bring attributes of its own.
    expect(code.match(/<[a-z][^<>`]*[a-z-]=\$\{/g) ?? [], name).toEqual([]);
    // Two places put text into the page as it is: the style and the script, and the packed pages.
    if (name !== 'document.ts') expect(code, name).not.toMatch(/\braw\(/);
  }
});

test('two runs are compared: broken, fixed, gone, added', async () => {
  const [held, broken] = [killed(), orphaned()];
  const as = (build: typeof held, version: string) => judged(build, { version });
  const before = judgedRun(
    [as(held, '1.1.0'), as(broken, '1.2.0'), as(held, '1.3.0'), as(held, '1.5.0')],
    [],
    'before',
  );
  const after = judgedRun(
    [as(orphaned(), '1.1.0'), as(killed(), '1.2.0'), as(killed(), '1.4.0'), as(killed(), '1.5.0')],
    [],
    'after',
  );
  const file = await compareHtml(before, after);
  const change = (version: string) =>
    new RegExp(`data-cell="reference@${version}_[^"]*"[^>]*data-change="([^"]*)"`).exec(file)?.[1];
  expect(['1.1.0', '1.2.0', '1.3.0', '1.4.0', '1.5.0'].map(change)).toEqual([
    'newly-broken',
    'newly-fixed',
    'gone',
    'added',
    'same',
  ]);
  expect(pagesOf(file)).toHaveLength(5);
  for (const word of ['▲', '▼', '−', '+']) expect(file).toContain(word);
});

test('a run of 500 cells stays under 10 MB', async () => {
  const file = await html.write(largeRun(500));
  expect(Buffer.byteLength(file)).toBeLessThan(10_000_000);
  expect(pagesOf(file).size).toBe(500);
});
