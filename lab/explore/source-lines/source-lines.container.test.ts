import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { asSystem } from '../../define/as-system.ts';
import { connect, type Engine } from '../../engine/engine.ts';
import { packageFolder } from '../../package-folder.ts';
import { releaseNamed } from '../../plan/named.ts';
import { buildImagesOf } from '../../run/images.ts';
import { npm } from '../../source/source.ts';
import type { Release } from '../../system.ts';
import { isFull } from '../../test/full.ts';
import { folder } from '../../test/midwrite.ts';
import { workloadOf } from '../../workload/workload.ts';
import type { Exploration } from '../exploration.ts';
import { DRAWS, explore } from '../explore.ts';
import type { Step } from '../record.ts';
import { openRecord } from '../record-file.ts';

const LIMIT_MS = 240_000;
const say = () => undefined;
const { signal } = new AbortController();

let engine: Engine;
beforeAll(async () => {
  engine = await connect(say);
});

/** Nothing is booted: what is looked at is where the recorded calls were made. */
async function explored(release: Release, look: (found: Exploration, steps: readonly Step[]) => void): Promise<void> {
  await using at = await folder();
  const into = path.join(at.path, 'explore-test');
  const images = await buildImagesOf(engine, release, { say, signal });
  const found = await explore(engine, { release, images, memoryBytes: release.memory.defaultBytes }, into, {
    workload: workloadOf('turn', release),
    models: ['process-crash', 'power-loss'],
    maxStates: 0,
    everyState: false,
    ...DRAWS,
    sourceLines: true,
    maxDurationMs: Number.POSITIVE_INFINITY,
    crashes: 0,
    jobs: 1,
    signal,
    say,
  });
  using open = openRecord(path.join(into, 'record'));
  look(found, open.record.steps);
}

/** What the source of a call's innermost frame must have on its line. */
const SAYS: Readonly<Record<string, RegExp>> = {
  create: /\bopen\(/,
  write: /\bwrite\(/,
  sync: /sync\(/,
  rename: /\brename\(/,
  mkdir: /\bmkdir\(/,
  unlink: /\b(rm|unlink)\(/,
};

test('each call of the reference gateway has the line that makes it, and a finding says those of its calls', {
  timeout: LIMIT_MS,
}, async () => {
  await explored(await releaseNamed('reference', 'no-file-sync'), ({ sourceLines, findings }, steps) => {
    expect(sourceLines).toMatchObject({ without: 0, reasons: [] });
    expect(sourceLines?.calls.map(({ call }) => call)).toEqual(steps.map((_, index) => index + 1));
    for (const { call, frames } of sourceLines?.calls ?? []) {
      const [{ file, line } = { file: '', line: 0 }] = frames;
      const source = path.join(packageFolder, 'images/reference/gateway', path.posix.basename(file));
      const text = readFileSync(source, 'utf8').split('\n')[line - 1] ?? '';
      const op = steps[call - 1]?.op ?? '';
      expect(text, `call ${call}, ${op}, at ${file}:${line}`).toMatch(SAYS[op] ?? /never/);
    }
    expect(sourceLines?.turnsMs?.withNotes).toBeGreaterThan(0);
    const [finding] = findings;
    const of = sourceLines?.calls.filter(({ call }) => finding?.calls?.includes(call));
    expect(of?.map(({ through, frames }) => [through, frames[0]?.file, frames[0]?.function])).toEqual([
      ['FileHandle.write', '/opt/gateway/disk.ts', 'writeAll'],
      ['fs.promises.rename', '/opt/gateway/atomic-write.ts', 'put'],
    ]);
  });
});

/** Every way to call: promises, a FileHandle, callbacks, promisified ones, synchronously, from a child whose output its parent reads; and a stream. */
const SAVE = `
import { execFileSync } from 'node:child_process';
import fs, { renameSync } from 'node:fs';
import { open, rename, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
const [text] = process.argv.slice(2);
async function byPromises() {
  await writeFile('a.tmp', text); // a.tmp
  await rename('a.tmp', 'a'); // a
}
async function byHandle() {
  const handle = await open('b.tmp', 'w'); // create b.tmp
  await handle.write(text); // write b.tmp
  await handle.sync(); // sync b.tmp
  await handle.close();
  await promisify(fs.rename)('b.tmp', 'b'); // b
}
function byCallback(done) {
  fs.appendFile('c', text, () => { // c
    fs.mkdir('d/e', { recursive: true }, () => done()); // d/e d
  });
}
fs.writeFileSync('f.tmp', text); // f.tmp
renameSync('f.tmp', 'f'); // f
await byPromises();
await byHandle();
await new Promise(byCallback);
execFileSync(process.execPath, ['/opt/app/child.mjs'], { stdio: 'pipe' });
const stream = fs.createWriteStream('h'); // h
await new Promise((resolve) => stream.end(text, resolve));
fs.rmSync('d', { recursive: true }); // unlink d/e d
fs.writeFileSync('notes', text); // notes
`;
const CHILD = `import { writeFileSync } from 'node:fs';
writeFileSync('g', 'g'); // g
`;

const program = (name: string, start: string, save: string) =>
  asSystem(
    {
      name,
      image: npm('semver@7.8.6', { files: { 'save.mjs': save, 'child.mjs': CHILD } }),
      write: { command: `${start} /opt/app/save.mjs {text}` },
      read: { command: 'cat notes' },
      memory: '256m',
    },
    packageFolder,
  ).release('now');

describe('a small program', { timeout: LIMIT_MS }, () => {
  test('has a line for each call, whichever way it is made', async () => {
    await explored(await program('calls', 'node', SAVE), ({ sourceLines }, steps) => {
      expect(sourceLines).toMatchObject({ without: 0, reasons: [] });
      const sources = { 'save.mjs': SAVE, 'child.mjs': CHILD };
      for (const { call, frames } of sourceLines?.calls ?? []) {
        const [{ file, line } = { file: '', line: 0 }] = frames;
        const source = sources[path.posix.basename(file) as keyof typeof sources];
        const said = source?.split('\n')[line - 1]?.split('// ')[1]?.split(' ') ?? [];
        const { op = '', path: of = '', to } = steps[call - 1] ?? {};
        const name = path.posix.relative('/state', to ?? of);
        expect(said, `call ${call}, ${op} ${name}, at ${file}:${line}`).toContain(name);
        // Of calls that share their file, the kind is said too.
        if (['create', 'write', 'sync', 'unlink'].includes(said[0] ?? '')) expect(said[0]).toBe(op);
      }
      expect(new Set(steps.map(({ op }) => op))).toEqual(
        new Set(['create', 'write', 'sync', 'rename', 'mkdir', 'unlink', 'truncate']),
      );
    });
  });

  test.runIf(isFull)(
    'that takes no preload, or fails with it, is explored without lines, and the report says why',
    async () => {
      const plain = `import { writeFileSync } from 'node:fs';\nwriteFileSync('notes', process.argv[2]);\n`;
      await explored(await program('deaf', 'env NODE_OPTIONS= node', plain), (found, steps) => {
        expect(found.sourceLines).toMatchObject({ calls: [], without: steps.length });
        expect(found.sourceLines?.reasons).toEqual([expect.stringMatching(/^the preload did not run/)]);
        expect(found.map).toHaveLength(steps.length + 1);
      });
      const refusing = `if (process.env.NODE_OPTIONS) process.exit(3);\n${plain}`;
      await explored(await program('refusing', 'node', refusing), ({ sourceLines }) => {
        expect(sourceLines?.calls).toEqual([]);
        expect(sourceLines?.reasons).toEqual([
          expect.stringMatching(/^the workload could not be recorded with the preload/),
        ]);
      });
    },
  );

  test('that does something else the second time is told so', async () => {
    const other = `import { writeFileSync } from 'node:fs';
if (process.env.NODE_OPTIONS) writeFileSync('notes', '');
writeFileSync('once', process.argv[2]);
writeFileSync('notes', process.argv[2]);
`;
    await explored(await program('other', 'node', other), ({ sourceLines }, steps) => {
      const known = sourceLines?.calls.map(({ call, frames }) => {
        const { op, path: file } = steps[call - 1] ?? {};
        return `${op} ${file} at ${frames[0]?.line}`;
      });
      // The store is emptied at two lines there, and written to at one.
      expect(known?.filter((one) => one.includes('notes'))).toEqual(['write /state/notes at 4']);
      expect(known?.filter((one) => one.includes('once')).every((one) => one.endsWith('at 3'))).toBe(true);
      expect(sourceLines?.reasons).toEqual([expect.stringMatching(/not alike in the second recording/)]);
    });
  });
});
