import type { EvidenceSink } from '../evidence/recorder.ts';
import type { Pod, PodProgram } from '../pod/pod.ts';
import { Problem } from '../problem.ts';
import { exchange } from '../session/exchange.ts';
import { Session } from '../session/session.ts';
import type { Kept, Release } from '../system.ts';
import type { KeptAfter, OtherRelease } from './scenario.ts';

const FILE_BYTES = 16 * 1024 * 1024;
/** Of an answer, for a person. */
const SAID_CHARS = 300;

/** Another release than the scenario's, on the same state folder and in the same pod. */
export function otherRelease(pod: Pod, program: PodProgram, recorder: EvidenceSink, signal: AbortSignal): OtherRelease {
  const { release } = program;
  const session = new Session(pod, release, recorder, signal, program);
  return {
    release,
    boot: () => session.boot(),
    async turn(name) {
      const { acknowledged } = await session.turn(name);
      await session.quiet();
      return acknowledged;
    },
    quiet: () => session.quiet(),
    stop: () => session.stop(),
    makeKept: () => makeKept(pod, release),
    askKept: (after) => askKept(pod, release, recorder, after),
  };
}

const TURNS = ['kept-1', 'kept-2'];

/**
 * The life of a release on whose folder another one is booted: everything is made that a person would look for afterwards, and asked for.
 * @returns false: it was not ready
 */
export async function liveBefore(before: OtherRelease): Promise<boolean> {
  if (!(await before.boot())) return false;
  for (const name of TURNS) await before.turn(name);
  await before.makeKept();
  await before.quiet();
  await before.askKept('life');
  await before.stop();
  return true;
}

/** @throws Problem bad-definition: it could not be made */
export async function makeKept(pod: Pod, release: Release): Promise<void> {
  for (const { name, make } of release.kept ?? []) {
    if (make === undefined) continue;
    const { acknowledged, error } = await exchange(pod.sidecar, make, '', release.promises.serveWithinMs).result;
    if (acknowledged) continue;
    throw new Problem('bad-definition', `${release.system}@${release.version}: ${name} could not be made: ${error}`);
  }
}

export async function askKept(pod: Pod, release: Release, recorder: EvidenceSink, after: KeptAfter): Promise<void> {
  for (const kept of release.kept ?? []) {
    const { name, contains } = kept;
    const answer = await answerOf(pod, release, kept);
    const said = ('error' in answer ? answer.error : answer.text).slice(0, SAID_CHARS);
    const isThere = 'text' in answer && answer.text.includes(contains);
    recorder.record({ type: 'kept', boot: pod.bootNumber, version: release.version, after, name, isThere, said });
  }
}

async function answerOf(pod: Pod, release: Release, { shows }: Kept): Promise<{ text: string } | { error: string }> {
  if (shows.kind === 'file') {
    const entries = await pod.sidecar.snapshot(pod.root, [shows.path], FILE_BYTES);
    const content = entries.find((entry) => entry.path === shows.path)?.contentBase64;
    return content === undefined
      ? { error: `there is no ${shows.path}` }
      : { text: Buffer.from(content, 'base64').toString('utf8') };
  }
  const { acknowledged, text, error } = await exchange(pod.sidecar, shows, '', release.promises.serveWithinMs).result;
  return acknowledged ? { text } : { error: error ?? 'no answer' };
}
