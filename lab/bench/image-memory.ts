import { randomFillSync, randomUUID } from 'node:crypto';
import { mkdir, open, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { base } from '../image/base.ts';
import { ensureImage, exists } from '../image/build.ts';
import { scratch } from '../owner/scratch.ts';
import { run } from '../process.ts';
import { randomFrom } from '../random.ts';
import { figure, type Goal } from './figure.ts';
import type { Bench, Section, SectionResult } from './section.ts';
import type { Sent } from './sending-an-image.ts';

const MB = 1_000_000;
const CONTEXT_BYTES = 500 * MB;
const ROUNDS = 3;
const SEND_LIMIT_MS = 10 * 60_000;
const GOAL: Goal = { is: 'at most', value: 200 };

/** A staged package is thousands of small files and a few large ones, such as Node's own binary. */
const LARGE_BYTES = [120 * MB, 60 * MB, 40 * MB, 16 * MB, 16 * MB];
const SMALL_FILES = 8_000;
const SMALL_MAX_BYTES = 20_000;
const FILES_PER_FOLDER = 200;

/** The lab's own peak memory while it sends half a gigabyte to the engine. */
export const imageMemory: Section = {
  name: 'image-memory',
  summary: `the lab's peak memory while it sends an image context of ${CONTEXT_BYTES / MB} MB`,
  systems: [],
  async measure(bench): Promise<SectionResult> {
    const from = await ensureImage(bench.engine, base, { say: bench.say, signal: bench.signal });
    await using folder = await scratch('bench');
    bench.say(`making ${CONTEXT_BYTES / MB} MB of files`);
    const files = await makeContext(folder.path, bench);
    const sent: Sent[] = [];
    const rounds = bench.rounds ?? ROUNDS;
    for (let round = 1; round <= rounds; round += 1) {
      const one = await send(folder.path, from, bench);
      sent.push(one);
      bench.say(`${round}/${rounds}: peak ${inMB(one.peakBytes).toFixed(0)} MB in ${(one.tookMs / 1000).toFixed(1)} s`);
    }
    const memory = (pick: (one: Sent) => number) => sent.map((one) => inMB(pick(one)));
    return {
      figures: [
        figure(
          'peak memory of the lab while it sends',
          'MB',
          memory((one) => one.peakBytes),
          GOAL,
        ),
        figure(
          'of which there before it sends: Node and what the lab imports',
          'MB',
          memory((one) => one.importedBytes),
        ),
        figure(
          'of which Node alone',
          'MB',
          memory((one) => one.nodeBytes),
        ),
        figure(
          'the whole build',
          'ms',
          sent.map((one) => one.tookMs),
        ),
      ],
      notes: [
        `${files} files of ${CONTEXT_BYTES / MB} MB in all, random bytes, the largest ${(LARGE_BYTES[0] ?? 0) / MB} MB; MB are 1 000 000 bytes. Resident memory ` +
          '(VmHWM) of a process that imports all of the lab and sends one image; the image is removed afterwards.',
      ],
    };
  },
};

const inMB = (bytes: number) => bytes / MB;

async function send(folder: string, from: string, bench: Bench): Promise<Sent> {
  await using image = imageOf(bench);
  const stdout = await run({
    file: process.execPath,
    args: [fileURLToPath(new URL('sending-an-image.ts', import.meta.url)), folder, from, image.tag],
    purpose: 'sending an image',
    limitMs: SEND_LIMIT_MS,
    signal: bench.signal,
  });
  return JSON.parse(stdout) as Sent;
}

/** A tag whose image, if there is one by then, is removed. Should the bench be killed: it has its base's label, for `midwrite clean --images`. */
function imageOf({ engine }: Bench): AsyncDisposable & { tag: string } {
  const tag = `midwrite/bench:${randomUUID().slice(0, 13)}`;
  return {
    tag,
    async [Symbol.asyncDispose]() {
      if (await exists(engine.docker, tag)) await engine.docker.getImage(tag).remove({ force: true });
    },
  };
}

/** Files that do not compress, as a build context. Gives how many there are. */
async function makeContext(folder: string, bench: Bench): Promise<number> {
  const random = randomFrom(bench.seed);
  const small = Array.from({ length: SMALL_FILES }, () => 1 + Math.floor(random() * SMALL_MAX_BYTES));
  const rest = CONTEXT_BYTES - [...small, ...LARGE_BYTES].reduce((total, size) => total + size, 0);
  const medium = Array.from({ length: 40 }, () => Math.floor(rest / 40));
  const sizes = [...small, ...medium, ...LARGE_BYTES];
  const bytes = Buffer.alloc(4 * MB);
  for (const [index, size] of sizes.entries()) {
    bench.signal.throwIfAborted();
    const into = path.join(folder, 'files', String(Math.floor(index / FILES_PER_FOLDER)));
    await mkdir(into, { recursive: true });
    await using file = await open(path.join(into, String(index)), 'w');
    for (let left = size; left > 0; left -= bytes.length) {
      const part = bytes.subarray(0, Math.min(left, bytes.length));
      await file.write(randomFillSync(part));
    }
  }
  await writeFile(path.join(folder, 'Dockerfile'), 'ARG BASE\nFROM $BASE\nCOPY files /files\n');
  return sizes.length;
}
