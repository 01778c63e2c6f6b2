import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { launchBrowser } from '../test/browser.ts';
import { killed, slept } from '../test/healthy-cell.ts';
import { hostile, judged, judgedRun, largeRun, orphaned, scenarioRow } from '../test/judged-run.ts';
import { folder } from '../test/midwrite.ts';
import { compareHtml, html } from './html.ts';

const found = inject('browser');
const PHONE = { width: 400, height: 800 };

const fresh = judged(orphaned(), { version: '1.2.0' });
const known = judged(orphaned(), { known: ['no-orphans', 'sweep-on-boot'], version: '1.1.0' });
const right = judged(killed());
const asleep = judged(slept());
const run = judgedRun(
  [right, asleep, known, fresh],
  [scenarioRow('a-scenario', 'one', 6_000_000), scenarioRow('a-scenario', 'two', 0)],
);

describe.skipIf('missing' in found)('the page in a browser', () => {
  let browser: Browser;
  let files: Awaited<ReturnType<typeof folder>>;

  beforeAll(async () => {
    const executablePath = 'path' in found ? found.path : '';
    browser = await launchBrowser(executablePath);
    files = await folder();
    await writeFile(path.join(files.path, 'run.html'), await html.write(run));
    await writeFile(path.join(files.path, 'hostile.html'), await html.write(judgedRun([judged(hostile())])));
    await writeFile(path.join(files.path, 'large.html'), await html.write(largeRun(500)));
    const before = judgedRun([judged(killed(), { version: '1.2.0' }), right], [], 'before');
    await writeFile(path.join(files.path, 'compared.html'), await compareHtml(before, run));
  });

  afterAll(async () => {
    await browser?.close();
    await files?.[Symbol.asyncDispose]();
  });

  const address = (file: string, hash = '') => `${pathToFileURL(path.join(files.path, file)).href}${hash}`;

  /** A page that notes all that it should not do. */
  async function open(file: string, hash = '', options: BrowserContextOptions = {}) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const wrong: string[] = [];
    page.on('console', (message) => wrong.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => wrong.push(`error: ${error.message}`));
    page.on('dialog', (dialog) => wrong.push(`dialog: ${dialog.message()}`));
    page.on('request', (request) => {
      if (!request.url().startsWith('data:') && request.url().split('#')[0] !== address(file))
        wrong.push(`request: ${request.url()}`);
    });
    await page.goto(address(file, hash));
    return { page, wrong, [Symbol.asyncDispose]: () => context.close() };
  }

  const shown = (page: Page) => page.locator('a.box:visible').count();
  const chosen = (page: Page, name: string) => page.getByRole('combobox', { name, exact: true });
  const box = (page: Page, id: string) => page.locator(`a.box[data-cell="${id}"]`);

  test('asks the network for nothing, and has nothing to complain of', async () => {
    await using opened = await open('run.html');
    expect(await opened.page.locator('#matrix').isVisible()).toBe(true);
    expect(await opened.page.locator('.outcome').innerText()).toContain('Inconclusive');
    expect(opened.wrong).toEqual([]);
  });

  test('filters by system, fault, check and verdict', async () => {
    await using opened = await open('run.html');
    const { page } = opened;
    expect(await shown(page)).toBe(6);
    await chosen(page, 'System').selectOption('reference@1.1.0');
    expect(await shown(page)).toBe(1);
    expect(await page.locator('#shown').innerText()).toBe('1 of 6 shown');
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.waitForFunction("document.getElementById('shown').textContent === '6 of 6 shown'");
    await chosen(page, 'Fault').selectOption('sleep');
    expect(await shown(page)).toBe(1);
    await chosen(page, 'Fault').selectOption('');
    await chosen(page, 'Check violated').selectOption('no-orphans');
    expect(await shown(page)).toBe(2);
    await page.getByRole('button', { name: 'violated, new' }).click();
    expect(await shown(page)).toBe(1);
    // The address holds the filters: what it opens shows the same.
    const { hash } = new URL(page.url());
    await using again = await open('run.html', hash);
    expect(await shown(again.page)).toBe(1);
    expect(await again.page.getByRole('button', { name: 'violated, new' }).getAttribute('aria-pressed')).toBe('true');
  });

  test('a box opens its cell by mouse, and the way back leads to it', async () => {
    await using opened = await open('run.html');
    const { page } = opened;
    await box(page, fresh.row.id).click();
    await page.getByRole('heading', { name: 'full-temp × sigkill' }).waitFor();
    expect(await page.locator('.sentence').innerText()).toMatch(/^Promised: after the boot, no temp .* But: 1 orphan/);
    expect(await page.locator('svg.timeline').count()).toBe(2);
    expect(await page.locator('.command code').first().innerText()).toBe(fresh.row.reproduce);
    expect(await page.locator('#overview').isVisible()).toBe(false);
    await page.getByRole('link', { name: '← Fault matrix' }).click();
    await page.locator('#overview').waitFor();
    expect(await page.evaluate('document.activeElement.dataset.cell')).toBe(fresh.row.id);
    expect(opened.wrong).toEqual([]);
  });

  test('a box opens its cell by keyboard alone', async () => {
    await using opened = await open('run.html');
    const { page } = opened;
    const focused = () => page.evaluate('document.activeElement.dataset.cell ?? document.activeElement.id');
    await box(page, right.row.id).focus();
    await page.keyboard.press('ArrowRight');
    expect(await focused()).toBe(asleep.row.id);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toBe(known.row.id);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'violated, known full-temp × sigkill' }).waitFor();
    // A screen reader goes on from the heading.
    await page.waitForFunction("document.activeElement.id === 'cell-title'");
    await page.keyboard.press('Escape');
    await page.locator('#overview').waitFor();
    expect(await focused()).toBe(known.row.id);
    // Without arrows too: every box is a stop of the tab key.
    await page.keyboard.press('Tab');
    expect(await focused()).toBe(fresh.row.id);
  });

  test("a scenario opens with its curves, and leads to its systems' own pages", async () => {
    await using opened = await open('run.html');
    const { page } = opened;
    await page.getByRole('link', { name: 'a-scenario', exact: true }).click();
    await page.getByRole('heading', { name: 'a-scenario' }).waitFor();
    expect(await page.locator('svg.curves path.fit').count()).toBe(4);
    await page.getByRole('link', { name: 'one@1.0.0' }).click();
    await page.getByText('There is no evidence of this cell').waitFor();
    expect(opened.wrong).toEqual([]);
  });

  test('a comparison marks what is newly broken, and filters by it', async () => {
    await using opened = await open('compared.html');
    const { page } = opened;
    expect(await page.locator('.comparison').innerText()).toContain('▲ 1 newly broken');
    await chosen(page, 'Change').selectOption('newly-broken');
    expect(await shown(page)).toBe(1);
    expect(await page.locator('a.box:visible').innerText()).toMatch(/▲ newly broken/);
    expect(opened.wrong).toEqual([]);
  });

  test('a hostile name or log line does nothing', async () => {
    await using opened = await open('hostile.html');
    const { page } = opened;
    await page.locator('a.box').first().click();
    await page.getByRole('heading', { name: 'full-temp × sigkill' }).waitFor();
    for (const details of await page.locator('#page details:visible').all())
      await details.locator('summary').first().click();
    expect(await page.locator('.log pre').innerText()).toContain('<script>owned()</script>');
    expect(await page.locator('img, [onload], [onerror], #page script').count()).toBe(0);
    expect(await page.title()).not.toContain('owned');
    expect(opened.wrong).toEqual([]);
  });

  test('the policy stops what got into the page all the same', async () => {
    await using opened = await open('run.html');
    const { page, wrong } = opened;
    const asked: string[] = [];
    const server = createServer((request, answer) => {
      asked.push(request.url ?? '');
      answer.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await using _ = { [Symbol.asyncDispose]: async () => void server.close() };
    const { port } = server.address() as AddressInfo;
    await page.evaluate(
      `document.getElementById('page').innerHTML = '<img src="http://127.0.0.1:${port}/x" onerror="document.title=1">'`,
    );
    await expect
      .poll(() => wrong.join('\n'))
      .toMatch(/violates the following Content Security Policy directive.*img-src/);
    await expect.poll(() => wrong.join('\n')).toMatch(/Executing inline event handler violates/);
    expect(asked).toEqual([]);
    expect(await page.title()).not.toBe('1');
  });

  describe.each([
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['a phone', { colorScheme: 'light', viewport: PHONE }],
  ] as const)('%s', (_, options) => {
    test.each([
      ['run.html', 'the matrix', ''],
      ['run.html', 'a cell', `#/cell/${encodeURIComponent(fresh.row.id)}`],
      ['run.html', 'a scenario', '#/scenario/a-scenario'],
      ['compared.html', 'a comparison', ''],
    ])('%s, %s: axe finds nothing', async (file, _name, hash) => {
      await using opened = await open(file, hash, options);
      const { page } = opened;
      await page.locator(hash === '' ? '#overview' : '#page h2').waitFor();
      await page.evaluate('for (const details of document.querySelectorAll("details")) details.open = true');
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
      // Wide tables scroll within themselves; the page never does.
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    });
  });

  // How long it takes is measured in lab/bench/report-page.ts.
  test('500 cells open and can be used', async () => {
    await using opened = await open('large.html');
    const { page } = opened;
    expect(await shown(page)).toBe(500);
    const cell = page.locator('a.box').last();
    await cell.click();
    await page.locator('svg.timeline').first().waitFor();
    expect(opened.wrong).toEqual([]);
  });
});
