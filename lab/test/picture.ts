/** `npm run picture [-- RUN]`: the picture of a report in the README, from a real run, light and dark. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageFolder } from '../package-folder.ts';
import { installedBrowser, launchBrowser } from './browser.ts';

const SIZE = { width: 1180, height: 760 };
const [run = 'results/latest'] = process.argv.slice(2);
const executablePath = installedBrowser();
if (executablePath === undefined) throw new Error('there is no Chromium here: install one, or name it in CHROMIUM.');
const browser = await launchBrowser(executablePath);
try {
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await browser.newPage({ colorScheme, viewport: SIZE, deviceScaleFactor: 1 });
    await page.goto(pathToFileURL(path.resolve(run, 'report.html')).href);
    await page.locator('#overview').waitFor();
    const file = path.join(packageFolder, 'docs', `report-${colorScheme}.png`);
    await page.screenshot({ path: file });
    console.log(file);
  }
} finally {
  await browser.close();
}
