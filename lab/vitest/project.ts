import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * Where the evidence of a test file goes, unless it says so itself: beside what other tools keep of the project.
 * @param from the folder in which Vitest runs
 * @throws Error no project, or no Vitest
 */
export function evidenceFolder(from: string, env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (env.VITEST === undefined)
    throw new Error(
      'midwrite/vitest registers tests: run this file with Vitest (`npx vitest run FILE`), and not with node.',
    );
  for (let folder = from; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, 'package.json'))) return path.join(folder, 'node_modules/.midwrite');
    if (folder === path.dirname(folder)) break;
  }
  throw new Error(
    `there is no package.json in ${from} or above it, so nothing says where the evidence goes. Run Vitest in your project, make one (\`npm init -y\`), or name a folder: crashes(system, { results: 'results' }).`,
  );
}
