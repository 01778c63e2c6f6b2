import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import type { TestProject } from 'vitest/node';
import { debianLike, installPackages } from '../engine/private-engine.ts';
import { describe } from '../problem.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The program, or why there is none. */
    browser: { path: string } | { missing: string };
  }
}

const PATHS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];
/** The Chromium of this machine, if it has one. */
export const installedBrowser = (): string | undefined =>
  [process.env.CHROMIUM ?? '', ...PATHS].find((file) => file !== '' && existsSync(file));

/** Chromium's sandbox wants a user of its own: https://chromium.googlesource.com/chromium/src/+/HEAD/docs/linux/suid_sandbox_development.md */
export const launchBrowser = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });

/** What the tests of the page stand on: a Chromium. As root on Debian it is installed where it is missing; elsewhere the tests are skipped, and say so. */
export default async function setup(project: TestProject): Promise<void> {
  const say = (line: string) => console.error(`set-up: ${line}`);
  let why = 'there is no Chromium here. Install one, or name it in CHROMIUM';
  if (installedBrowser() === undefined && process.getuid?.() === 0 && debianLike()) {
    try {
      await installPackages(['chromium'], ['chromium'], say, 'Install a Chromium by hand, or name one in CHROMIUM.');
    } catch (error) {
      why = describe(error);
    }
  }
  const path = installedBrowser();
  if (path === undefined) say(`the tests of the page are skipped: ${why}`);
  project.provide('browser', path === undefined ? { missing: why } : { path });
}
