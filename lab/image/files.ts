import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Problem } from '../problem.ts';

/** Files of the user's that go into an image, by their path below /opt/app. */
export type Files = Readonly<Record<string, string>>;

/** @throws Problem bad-definition for a path that leads out of the folder */
export function checkFiles(files: Files): void {
  for (const name of Object.keys(files)) {
    const out = name === '' || name.endsWith('/') || path.posix.isAbsolute(name) || name.split(/[\\/]/).includes('..');
    if (out)
      throw new Problem(
        'bad-definition',
        `"${name}" is no path of a file below /opt/app: write it without / before it and without ..`,
      );
  }
}

export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), content);
  }
}
