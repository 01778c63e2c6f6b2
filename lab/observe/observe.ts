import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { differs, inOneOrder, isTemplate, learnAnswer, unlikeInWords } from '../answers.ts';
import { learnRoles } from '../crash-point/learned-roles.ts';
import { type Existing, fewOfEachKind, lastChange, type Place, placesOf, roleOf } from '../crash-point/places.ts';
import type { DriveResult } from '../drive.ts';
import type { Engine } from '../engine/engine.ts';
import type { Moment } from '../evidence/event.ts';
import type { GateEvent, GateEventOf } from '../gate/protocol.ts';
import { Pod } from '../pod/pod.ts';
import { Problem } from '../problem.ts';
import { Session } from '../session/session.ts';
import { reach } from '../session/waits.ts';
import type { Entry } from '../sidecar/client.ts';
import type { Answers, Release } from '../system.ts';
import { passedLimit, within } from '../wait.ts';
import { Sink } from './sink.ts';
import { inWords, mappedBy, sameAnswer, type WriteSeen } from './words.ts';

/** What an undisturbed write of a system was seen to do, and what the system answered around it. */
export interface Observation {
  places: Place[];
  /** Places that the default plan leaves out: of files that are changed as others are. Who names one has it. */
  others: Place[];
  answers: Answers;
  /** Patterns of the files that the write changes. */
  watched: string[];
  /** For a person, a line each. */
  told: string[];
  /** The calls that the write made, and what was there before it. */
  calls?: { ops: readonly Op[]; existing: Existing };
  /** How long it may wait with what it writes after its answer, in ms. Absent: it does not wait. */
  quietMs?: number;
}

/** What is observed, and with what. */
export interface Observed {
  release: Release;
  images: { system: string; sidecar: string };
  memoryBytes: number;
}

/** One undisturbed life. */
interface Life {
  write: WriteSeen;
  /** Answers before the write, and after it. */
  before: string[];
  after: string[];
  /** What the last `read` said on standard error, where it is a command. */
  aside: string;
  atRest: Set<string>;
  /** What several writes at once left. Absent: one at a time. */
  several?: 'all' | 'last';
}

type Op = GateEventOf<'op'>;
const isOp = (event: GateEvent): event is Op => event.ev === 'op';

/**
 * Watches two undisturbed lives of a system: what one write does, and what the system answers before and after it and after a restart.
 * @param every each call is a place
 * @throws Problem not-ready, bad-definition: the system is not what its definition says
 */
export async function observe(
  engine: Engine,
  observed: Observed,
  { label, every, signal }: { label: string; every: boolean; signal: AbortSignal },
): Promise<Observation> {
  // Both come to their end, so that nothing of one is left when the other one fails.
  const lives = await Promise.allSettled([
    live(engine, observed, `${label}/observed-1`, false, signal),
    live(engine, observed, `${label}/observed-2`, true, signal),
  ]);
  const failed = lives.find((life) => life.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  const [first, second] = lives.map((life) => (life as PromiseFulfilledResult<Life>).value) as [Life, Life];
  const { root } = observed.release.promises;
  const { ops, existing } = first.write;
  const roles = learnRoles(ops, second.write.ops);
  const mapped = mappedBy(ops, root);
  const all = placesOf(ops, root, existing, every, roles);
  const before = new Set([...existing.keys()].map((file) => path.posix.relative(root, roles(file))));
  const { kept, others } = every ? { kept: all, others: [] } : fewOfEachKind(all, (file) => before.has(file));
  if (kept.length === 0) throw nothingWritten(observed, first.write);
  return {
    places: kept,
    others,
    answers: {
      ...answersOf(observed.release, [first, second]),
      atRest: [...new Set([...first.atRest, ...second.atRest])].sort(),
      ...(mapped.length > 0 && { mapped }),
    },
    watched: [...new Set(ops.flatMap((op) => [roles(op.path), roles(op.to ?? op.path)]))],
    told: inWords(first.write, root, roles),
    calls: { ops, existing },
    ...late(first.write),
  };
}

function late(write: WriteSeen): { quietMs?: number } {
  const quietMs = quietMsOf(write);
  return quietMs === undefined ? {} : { quietMs };
}

async function live(
  engine: Engine,
  { release, images, memoryBytes }: Observed,
  label: string,
  isRestarted: boolean,
  signal: AbortSignal,
): Promise<Life> {
  const sink = new Sink();
  const name = `midwrite-${randomUUID().slice(0, 13)}`;
  await using pod = await Pod.start(engine, { label, name, release, images, memoryBytes }, sink);
  const session = new Session(pod, release, sink, signal);
  const [before, after]: [string[], string[]] = [[], []];
  const atRest = new Set<string>();
  let aside = '';
  const boot = async () => {
    if (await session.boot()) return;
    throw new Problem(
      'not-ready',
      `${release.system} did not get ready: ${sink.whyNotReady}${hint(pod.gate.howEnded)}`,
    );
  };
  const rest = async (answers: string[], moment: Moment = 'before') => {
    const answer = await session.read(moment);
    if (answer === undefined) throw new Error('a system that is observed has a read');
    if (!answer.acknowledged)
      throw new Problem('bad-definition', `${release.system}: read failed without a fault: ${answer.error}`);
    answers.push(answer.text);
    aside = answer.stderr ?? '';
    await session.snapshot('before');
    for (const entry of sink.entries) if (entry.type !== 'directory') atRest.add(roleOf(entry.path));
  };
  const restart = async (answers: string[]) => {
    // What an answer says of ages shows when some time has passed.
    if (isRestarted) await reach(Date.now() + AGE_MS, signal);
    await session.stop();
    await boot();
    await rest(answers, 'rebooted');
  };
  await session.configure();
  await boot();
  await session.setUp();
  await session.bootSettled();
  const booted = pod.gate.events.length;
  await whole(pod, session, await write(session, release, 'warm'), booted, signal);
  await rest(before);
  if (isRestarted) await restart(before);
  const earlier = sink.entries;
  const existing = new Map([[release.promises.root, 0], ...earlier.map((entry) => [entry.path, entry.size] as const)]);
  const from = pod.gate.events.length;
  const result = await write(session, release, 'struck');
  await whole(pod, session, result, from, signal);
  const outside = outsideOf(pod.gate.events);
  const calls = pod.gate.events.slice(from).filter(isOp);
  await rest(after);
  const ops = withAppends(calls, earlier, sink.entries);
  await restart(after);
  const isEarly = isRestarted ? false : await answersEarly(pod, session, ops, existing);
  const several = release.writesAtOnce === undefined ? {} : { several: await together(session, release) };
  return { write: { ops, existing, result, isEarly, outside }, before, after, aside, atRest, ...several };
}

/** So long a system that does not wait for its write has for its answer while the write is held. */
const EARLY_LIMIT_MS = 1_500;

/** Whether the answer to a write comes while its last change is held: then it is acknowledged before it is on disk. */
async function answersEarly(
  pod: Pod,
  session: Session,
  ops: readonly Op[],
  existing: ReadonlyMap<string, number>,
): Promise<boolean> {
  const spec = lastChange(ops, existing);
  if (spec === undefined) return false;
  await session.arm(EARLY, spec);
  const from = pod.gate.events.length;
  const turn = session.turn('early');
  const held = await session.heldBefore(
    turn.then(() => session.quiet()),
    from,
  );
  if (held === undefined) return false;
  const wait = { name: 'an answer to a write that is held', limitMs: EARLY_LIMIT_MS };
  const early = await within(wait, turn).then(
    ({ acknowledged }) => acknowledged,
    () => false,
  );
  pod.gate.send('release', { id: EARLY });
  await turn;
  return early;
}

const EARLY = 'early';
/** "2s ago": long enough for an age in seconds to be another one. */
const AGE_MS = 2_100;

/** A write at a file's own position is an append where the file has grown by all that was written to it. */
function withAppends(ops: readonly Op[], before: readonly Entry[], after: readonly Entry[]): Op[] {
  const sizeOf = (entries: readonly Entry[]) => new Map(entries.map((entry) => [entry.path, entry.size]));
  const [old, now] = [sizeOf(before), sizeOf(after)];
  const written = new Map<string, number>();
  for (const { op, path: file, bytes = 0 } of ops)
    if (op === 'write') written.set(file, (written.get(file) ?? 0) + bytes);
  const hasGrown = (file: string) => {
    const [size, bytes] = [old.get(file), written.get(file)];
    return size !== undefined && size > 0 && bytes !== undefined && now.get(file) === size + bytes;
  };
  return ops.map((op) => (op.op === 'write' && hasGrown(op.path) ? { ...op, append: true } : op));
}

const outsideOf = (events: readonly GateEvent[]): string[] =>
  events.flatMap((event) => (event.ev === 'outside' ? [event.path] : []));

/** A server that forks is gone for who waits for it. */
const hint = (howEnded: string | undefined): string =>
  howEnded?.startsWith('it ended with code 0') === true
    ? '\nA server must stay in the foreground: it may have gone to the background by itself.'
    : '';

/** A system that writes nothing until then writes nothing at all. */
const LATE_LIMIT_MS = 8_000;

/** Waits until all of a write is written: a server may put it off. A command that ended and left no process has nothing more to write. */
async function whole(
  pod: Pod,
  session: Session,
  result: DriveResult,
  from: number,
  signal: AbortSignal,
): Promise<void> {
  await session.settled(result);
  if (result.left === 0) return;
  const wait = { name: 'a change of the state folder', limitMs: LATE_LIMIT_MS, signal };
  await pod.gate.waitFor(wait, isOp, from).catch(passedLimit);
  await session.quiet();
}

/** So many times as long as it waited when it was watched. */
const LATER = 3;
const LATE_FROM_MS = 200;

/** How long a system waits with what it writes after its answer. */
function quietMsOf({ ops, result }: WriteSeen): number | undefined {
  const times = [result.tEnded, ...ops.map((op) => op.t).filter((t) => t > result.tEnded)];
  const longest = Math.max(0, ...times.slice(1).map((t, index) => t - (times[index] ?? t)));
  return longest < LATE_FROM_MS ? undefined : Math.ceil(longest * LATER);
}

async function write(session: Session, release: Release, name: string): Promise<DriveResult> {
  const result = await session.turn(name);
  if (!result.acknowledged)
    throw new Problem('write-failed', `${release.system}: write failed without a fault: ${result.error}`);
  return result;
}

/**
 * Several writes at once, undisturbed: what is there of them when all have been acknowledged.
 * @throws Problem write-failed, bad-definition: without a crash too it refuses some, or loses some
 */
async function together(session: Session, release: Release): Promise<'all' | 'last'> {
  const { system, writesAtOnce = 1, textOf } = release;
  const names = Array.from({ length: writesAtOnce }, (_, index) => `crowd-${index + 1}`);
  const results = await Promise.all(names.map((name) => session.turn(name)));
  const alone = 'Test it with one write at a time: leave writesAtOnce out.';
  const refused = results.find((result) => !result.acknowledged);
  if (refused !== undefined)
    throw new Problem(
      'write-failed',
      `${system}: of ${writesAtOnce} writes at once one failed without a fault: ${refused.error}. ${alone}`,
    );
  for (const result of results) await session.settled(result);
  const answer = await session.read('before');
  const there = names.filter((name) => answer?.text.includes(textOf?.(name) ?? name)).length;
  if (there === writesAtOnce) return 'all';
  if (there === 1) return 'last';
  throw new Problem(
    'bad-definition',
    `${system}: of ${writesAtOnce} writes at once, all acknowledged, its answer has ${there}, without a fault: ${there === 0 ? 'read must show what {text} says' : 'some overwrite others'}. ${alone}`,
  );
}

function nothingWritten({ release }: Observed, { outside, ops }: WriteSeen): Problem {
  const { root } = release.promises;
  const mapped = ops.find((op) => op.op === 'map');
  const where =
    mapped !== undefined
      ? `It maps ${mapped.path} into its memory: what it writes there is no call, and can't be held. If an option or another build of it writes by calls, test that.`
      : outside.length > 0
        ? `It tried to write ${outside.slice(0, 3).join(', ')}. Set its data folder, HOME or another variable (env) so that its state is below ${root}, or set state to where it is.`
        : `Does it keep its state elsewhere, or only in memory? state names the folder, env the variables.`;
  return new Problem('bad-definition', `${release.system}: a write changed nothing below ${root}. ${where}`);
}

/** @throws Problem bad-definition: its answers are not to be compared */
function answersOf(release: Release, lives: readonly Life[]): Omit<Answers, 'atRest'> {
  const { system } = release;
  const learn = (looks: readonly string[], when: string) => {
    const learned = learnAnswer(looks);
    if (isTemplate(learned)) return learned;
    throw new Problem(
      'bad-definition',
      `${system}: its answers to read ${when} differ from run to run in more than single words, without a fault: ${unlikeInWords(learned)}. ` +
        'If it is after a restart, what was acknowledged is not kept. Let read print less, or something that lasts.',
    );
  };
  const looks = { before: lives.flatMap((life) => life.before), after: lives.flatMap((life) => life.after) };
  const [before, after] = inOneOrder([learn(looks.before, 'before the write'), learn(looks.after, 'after the write')]);
  if (looks.after.every((look) => differs(before, look) === undefined))
    throw new Problem(
      'bad-definition',
      `${system}: ${sameAnswer(looks.after.at(-1) ?? '', lives.at(-1)?.aside ?? '')}`,
    );
  const text = release.textOf?.('struck') ?? '';
  const [several, other] = lives.map((life) => life.several);
  if (several !== other)
    throw new Problem(
      'bad-definition',
      `${system}: of several writes at once, all acknowledged, all are there in one run and the last one alone in another, without a fault. Test it with one write at a time: leave writesAtOnce out.`,
    );
  const showsText = looks.after.every((look) => look.includes(text));
  return { before, after, showsText, ...(several !== undefined && { several }) };
}
