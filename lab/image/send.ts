import { writeFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stripVTControlCharacters } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import type Docker from 'dockerode';
import * as tar from 'tar';
import { LABEL } from '../docker/labels.ts';
import { describe, errorCode, Problem } from '../problem.ts';

/** A file at a time, in pieces of this size: tar's own 16 MiB for each of four files is most of what sending would cost. */
const READ_BYTES = 64 * 1024;

/**
 * Keeps V8's young generation small while an image is sent: every piece that is read is garbage at once, and a young generation that grows on it is
 * tens of megabytes more in the lab.
 */
const SMALL_YOUNG_GENERATION = '--semi-space-growth-factor=1';

export interface Build {
  folder: string;
  tag: string;
  /** Build arguments. */
  args?: Readonly<Record<string, string>>;
  /** Absent: Dockerfile. */
  dockerfile?: string;
  /** Absent: none. */
  network?: string;
  signal?: AbortSignal | undefined;
}

/** Sends a folder as a tar stream and builds it. Memory does not depend on the folder's size. What it makes has the label of the lab's images. */
export async function build(docker: Docker, { folder, tag, args, dockerfile, network, signal }: Build): Promise<void> {
  setFlagsFromString(SMALL_YOUNG_GENERATION);
  const context = new PassThrough();
  // `portable` and no times: the same files give the same stream, and nothing of the host's users gets in.
  const packing = pipeline(
    tar.create({ cwd: folder, portable: true, noMtime: true, jobs: 1, maxReadSize: READ_BYTES }, ['.']),
    context,
  );
  packing.catch(() => undefined);
  const steps: string[] = [];
  try {
    const answer = await docker.buildImage(context as NodeJS.ReadableStream, {
      t: tag,
      buildargs: { ...args },
      labels: { [LABEL.kind]: 'image' },
      networkmode: network ?? 'none',
      ...(dockerfile === undefined ? {} : { dockerfile }),
      // `rm` only covers success; nothing of a failed build is to stay either.
      rm: true,
      forcerm: true,
      ...(signal === undefined ? {} : { abortSignal: signal }),
    });
    await follow(docker, answer, (line) => {
      const [, id] = STEP.exec(line) ?? [];
      if (id !== undefined) steps.push(id);
    });
    await packing;
  } catch (error) {
    context.destroy();
    await removeSteps(docker, steps);
    if (signal?.aborted) throw signal.reason;
    throw buildProblem(tag, error);
  }
}

/** How the engine says what a step of a build came to. */
const STEP = /^ ---> ([0-9a-f]{12,64})$/;

/** Takes away the images that the steps of a failed build left: the lab's, without a name, and none that another image is made of. */
async function removeSteps(docker: Docker, steps: readonly string[]): Promise<void> {
  for (const id of steps.toReversed()) {
    const image = docker.getImage(id);
    const facts = await image.inspect().catch(() => undefined);
    if (facts?.RepoTags?.length !== 0 || facts.Config.Labels?.[LABEL.kind] !== 'image') continue;
    // The engine refuses where another image needs it. `noprune`: what it is made of may be somebody's.
    await image.remove({ noprune: true }).catch(() => undefined);
  }
}

/** Writes a tar that holds one empty folder, with its owner and mode: unpacked, it sets those of a folder that is there too. */
export async function writeFolderTar(
  file: string,
  { folder, uid, gid, mode }: { folder: string; uid: number; gid: number; mode: number },
): Promise<void> {
  const block = Buffer.alloc(1536);
  const header = new tar.Header({ path: `${folder}/`, type: 'Directory', mode, uid, gid, size: 0, mtime: new Date(0) });
  if (header.encode(block, 0))
    throw new Problem(
      'bad-definition',
      `the path ${folder} is too long for the header of a tar: choose a shorter one.`,
    );
  await writeFile(file, block);
}

/** Reads the engine's progress to its end; an `error` in it is the build's failure, with the lines that came before it. */
export async function follow(
  docker: Docker,
  stream: NodeJS.ReadableStream,
  onLine: (line: string) => void = () => undefined,
): Promise<void> {
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(
      stream,
      (error, output: { error?: string }[] | null) => {
        const failed = error?.message ?? output?.find((event) => event.error !== undefined)?.error;
        if (failed === undefined) resolve();
        else reject(new Problem('engine-failed', [...lines.slice(-8), failed].join('\n  ')));
      },
      (event: { stream?: string }) => {
        // What a step prints to stderr comes in red.
        const line = stripVTControlCharacters(event.stream ?? '').trimEnd();
        if (!line) return;
        lines.push(line);
        onLine(line);
      },
    );
  });
}

function buildProblem(tag: string, error: unknown): Problem {
  const text = describe(error);
  const full = /no space left on device/i.test(text) || errorCode(error) === 'ENOSPC';
  return full
    ? new Problem(
        'no-space',
        `the disk of the engine is full while building ${tag}. \`npx midwrite clean --images\` frees what the lab has there.`,
        { cause: error },
      )
    : new Problem('engine-failed', `the image ${tag} could not be built: ${text}`, { cause: error });
}
