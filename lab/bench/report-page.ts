import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { scratch } from '../reaper/scratch.ts';
import { html } from '../report/html.ts';
import { installedBrowser } from '../test/browser.ts';
import { largeRun } from '../test/judged-run.ts';
import { figure } from './figure.ts';
import type { Bench, Section, SectionResult } from './section.ts';

const CELLS = 500;
const ROUNDS = 5;
const MB = 1_000_000;

/** What the page of a large run costs: to write it, on disk, and to open it. */
export const reportPage: Section = {
  name: 'report-page',
  summary: `report.html of ${CELLS} cells`,
  systems: [],
  async measure({ rounds = ROUNDS, say }: Bench): Promise<SectionResult> {
    const run = largeRun(CELLS);
    const wroteMs: number[] = [];
    let file = '';
    for (let round = 0; round < rounds; round += 1) {
      const began = performance.now();
      file = await html.write(run);
      wroteMs.push(performance.now() - began);
      say(`written in ${Math.round(wroteMs.at(-1) ?? 0)} ms`);
    }
    const browser = installedBrowser();
    const openedMs = browser === undefined ? [] : await opened(browser, file, rounds);
    return {
      figures: [
        figure('writing it, evidence in memory', 'ms', wroteMs),
        figure('its size', 'MB', [Buffer.byteLength(file) / MB], { is: 'at most', value: 10 }),
        ...(openedMs.length === 0 ? [] : [figure('opening it', 'ms', openedMs, { is: 'at most', value: 1_000 })]),
      ],
      notes: browser === undefined ? ['There is no Chromium here: it was not opened.'] : [],
    };
  },
};

/** From the navigation to the end of the load event, by the browser's own clock. */
async function opened(executablePath: string, file: string, rounds: number): Promise<number[]> {
  await using folder = await scratch('bench');
  const place = path.join(folder.path, html.file);
  await writeFile(place, file);
  const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
  try {
    const tookMs: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const page = await browser.newPage();
      await page.goto(pathToFileURL(place).href);
      tookMs.push(await page.evaluate<number>("performance.getEntriesByType('navigation')[0].loadEventEnd"));
      await page.close();
    }
    return tookMs;
  } finally {
    await browser.close();
  }
}
