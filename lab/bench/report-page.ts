import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { scratch } from '../owner/scratch.ts';
import { html } from '../report/html.ts';
import { installedBrowser, launchBrowser } from '../test/browser.ts';
import { largeRun } from '../test/judged-run.ts';
import { type Figure, figure, ratioFigure } from './figure.ts';
import type { Bench, Section, SectionResult } from './section.ts';
import { summarize } from './summary.ts';

const CELLS = 500;
const FEW_CELLS = 50;
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
    const open =
      browser === undefined ? undefined : await opened(browser, file, await html.write(largeRun(FEW_CELLS)), rounds);
    return {
      figures: [
        figure('writing it, evidence in memory', 'ms', wroteMs),
        figure('its size', 'MB', [Buffer.byteLength(file) / MB], { is: 'at most', value: 10 }),
        ...(open === undefined ? [] : openingFigures(open)),
      ],
      notes: browser === undefined ? ['There is no Chromium here: it was not opened.'] : [],
    };
  },
};

interface Opened {
  large: number[];
  small: number[];
}

function openingFigures({ large, small }: Opened): Figure[] {
  const pairs = large.map((ms, round) => ms / (small[round] ?? 0));
  const median = summarize(large).median / summarize(small).median;
  return [
    figure('opening it', 'ms', large),
    // Ten times the cells: what is more than that grows faster than the run.
    ratioFigure(`opening it / a page of ${FEW_CELLS} cells`, median, pairs, {
      is: 'at most',
      value: CELLS / FEW_CELLS,
    }),
  ];
}

/** From the navigation to the end of the load event, by the browser's own clock; one page after the other, in turns. */
async function opened(executablePath: string, large: string, small: string, rounds: number): Promise<Opened> {
  await using folder = await scratch('bench');
  const places = { large: path.join(folder.path, 'large.html'), small: path.join(folder.path, 'small.html') };
  await writeFile(places.large, large);
  await writeFile(places.small, small);
  const browser = await launchBrowser(executablePath);
  try {
    const openOne = async (place: string) => {
      const page = await browser.newPage();
      await page.goto(pathToFileURL(place).href);
      const tookMs = await page.evaluate<number>("performance.getEntriesByType('navigation')[0].loadEventEnd");
      await page.close();
      return tookMs;
    };
    const tookMs: Opened = { large: [], small: [] };
    for (let round = 0; round < rounds; round += 1) {
      tookMs.large.push(await openOne(places.large));
      tookMs.small.push(await openOne(places.small));
    }
    return tookMs;
  } finally {
    await browser.close();
  }
}
