import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
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

/** Sends a folder as a tar stream and builds it, without a network. Memory does not depend on the folder's size. */
export async function build(
  docker: Docker,
  folder: string,
  tag: string,
  buildargs: Record<string, string>,
  signal?: AbortSignal,
  files: readonly string[] = ['.'],
): Promise<void> {
  setFlagsFromString(SMALL_YOUNG_GENERATION);
  const context = new PassThrough();
  // `portable` and no times: the same files give the same stream, and nothing of the host's users gets in.
  const packing = pipeline(
    tar.create({ cwd: folder, portable: true, noMtime: true, jobs: 1, maxReadSize: READ_BYTES }, [...files]),
    context,
  );
  packing.catch(() => undefined);
  try {
    const answer = await docker.buildImage(context as NodeJS.ReadableStream, {
      t: tag,
      buildargs,
      networkmode: 'none',
      // What a person's Dockerfile makes is the lab's as well: `midwrite clean --images` goes by it.
      labels: { [LABEL.kind]: 'image' },
      // `rm` only covers success; nothing of a failed build is to stay either.
      rm: true,
      forcerm: true,
      ...(signal === undefined ? {} : { abortSignal: signal }),
    });
    await follow(docker, answer);
    await packing;
  } catch (error) {
    context.destroy();
    if (signal?.aborted) throw signal.reason;
    throw buildProblem(tag, error);
  }
}

/** Reads the engine's progress to its end; an `error` in it is the build's failure, with the lines that came before it. */
export async function follow(docker: Docker, stream: NodeJS.ReadableStream): Promise<void> {
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
        const line = event.stream?.trimEnd();
        if (line) lines.push(line);
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
