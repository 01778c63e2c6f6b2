import { createHash } from 'node:crypto';
import { createReadStream, type Dirent } from 'node:fs';
import { cp, mkdir, readdir, readFile, readlink, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import dockerignore from '@balena/dockerignore';
import { describe, errorCode, Problem } from '../problem.ts';

/** Half a gigabyte is more than a source folder; a home folder that was meant to be something else is found out by this. */
const MAX_BYTES = 512 * 1024 * 1024;
const MAX_FILES = 50_000;

/** What the host installed for itself, and history: left out without being named. A `!` in .dockerignore takes it back. */
const LEFT_OUT = ['**/node_modules', '**/.git'];

/** A file of a build context, relative to its folder. */
interface ContextFile {
  path: string;
  kind: 'file' | 'link';
  executable: boolean;
}

/**
 * What of a folder goes into a build: everything that is no node_modules and no .git and that its .dockerignore does not name, and the Dockerfile
 * in any case. Sorted.
 */
export async function contextFiles(folder: string, dockerfile: string): Promise<ContextFile[]> {
  const rules = await readFile(path.join(folder, '.dockerignore'), 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return '';
    throw unreadable(folder, error);
  });
  // The last rule that fits decides, so the folder's own come after.
  const filter = dockerignore.default().add([...LEFT_OUT, ...rules.split(/\r?\n/)]);
  // An ignored folder may have files that a `!` takes back; without one there is no need to look into it.
  const takesBack = /^\s*!/m.test(rules);
  const files: ContextFile[] = [];
  let bytes = 0;
  const walk = async (relative: string): Promise<void> => {
    for (const entry of await entriesOf(path.join(folder, relative))) {
      const name = path.posix.join(relative, entry.name);
      const ignored = name !== dockerfile && filter.ignores(name);
      if (entry.isDirectory()) {
        if (!ignored || takesBack || dockerfile.startsWith(`${name}/`)) await walk(name);
      } else if (!ignored && (entry.isFile() || entry.isSymbolicLink())) {
        const facts = entry.isFile() ? await stat(path.join(folder, name)) : undefined;
        bytes += facts?.size ?? 0;
        files.push({
          path: name,
          kind: entry.isFile() ? 'file' : 'link',
          executable: ((facts?.mode ?? 0) & 0o100) !== 0,
        });
        if (bytes > MAX_BYTES || files.length > MAX_FILES) throw tooLarge(folder);
      }
    }
  };
  await walk('');
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  return readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw unreadable(folder, error);
  });
}

function unreadable(folder: string, error: unknown): Problem {
  return new Problem('bad-definition', `the build context ${folder} can't be read: ${describe(error)}.`, {
    cause: error,
  });
}

function tooLarge(folder: string): Problem {
  return new Problem(
    'bad-definition',
    `the build context ${folder} has more than ${MAX_BYTES / 1024 / 1024} MiB or ${MAX_FILES} files. Name what the image does not need in ${path.join(folder, '.dockerignore')}, ` +
      'or build it yourself (`docker build -t NAME`) and take image(NAME).',
  );
}

/** A hash of the files' paths, contents and rights to be run; not of times or owners, which no image gets. */
export async function hashOf(folder: string, files: readonly ContextFile[]): Promise<string> {
  const hash = createHash('sha256');
  for (const { path: name, kind, executable } of files) {
    const full = path.join(folder, name);
    const content = createHash('sha256');
    if (kind === 'link') content.update(await readlink(full));
    else await pipeline(createReadStream(full), content);
    hash.update(`${kind}\0${executable}\0${name}\0${content.digest('hex')}\n`);
  }
  return hash.digest('hex');
}

/** Links stay what they are, wherever they lead. */
export async function copyFiles(folder: string, files: readonly ContextFile[], into: string): Promise<void> {
  for (const { path: name } of files) {
    await mkdir(path.dirname(path.join(into, name)), { recursive: true });
    await cp(path.join(folder, name), path.join(into, name), { verbatimSymlinks: true });
  }
}
