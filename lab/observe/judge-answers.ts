import { type AnswerTemplate, differs, linesOf, patternOfLine, shown as shownLine, unlikeInWords } from '../answers.ts';
import type { Judged } from '../check.ts';
import { roleOf } from '../crash-point/places.ts';
import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { EvidenceOf, Moment } from '../evidence/event.ts';
import { held, inconclusive, notApplicable, type Verdict, violated } from '../result/verdict.ts';
import type { Entry } from '../sidecar/client.ts';
import type { Answers } from '../system.ts';
import { lostOfSeveral, notOfSeveral } from './several-writes.ts';

/*
 * What checks say of a system that is asked what it holds. The oracle: after any crash its answer is the one before the write or the one after it, and the
 * one after it if the write was acknowledged (Witcher, SOSP 2021, compares with a run that had no crash).
 */

const SHOWN_CHARS = 60;
/** A write's text as a message shows it: it may be filled up to some thousand signs. */
const shown = ({ text }: Turn): string =>
  text.length > SHOWN_CHARS ? `"${text.slice(0, SHOWN_CHARS)}…"` : `"${text}"`;

type Answer = EvidenceOf<'answer'>;
type Turn = EvidenceOf<'turn'>;

const answerAt = (evidence: CellEvidence, moment: Moment): Answer | undefined =>
  evidence.of('answer').find((event) => event.moment === moment);

/** The answer to the first question after the fault. */
const firstMoment = ({ fault, evidence }: Pick<Judged, 'fault' | 'evidence'>): Moment => {
  if (fault.lethal) return 'booted';
  // One that ended itself where its calls failed is asked when it was booted again.
  const isAsked = fault.failsCalls !== true || answerAt(evidence, 'woken') !== undefined;
  return isAsked ? 'woken' : 'rebooted';
};

const fits = (template: AnswerTemplate, answer: Answer): boolean =>
  answer.acknowledged && differs(template, answer.text) === undefined;

const SORT = 'If their order means nothing, let read sort them';

/** Whether it has the lines of a known answer, in an order that no undisturbed look had: by chance they may all have had the same. */
const isShuffled = (template: AnswerTemplate, answer: Answer): boolean => {
  const unlike = differs(template, answer.text);
  return unlike !== undefined && unlike.missing.length === 0 && unlike.added.length === 0;
};

const shuffled = (known: string): Verdict =>
  inconclusive(`it has the lines of its answer ${known}, in an order that no undisturbed look had. ${SORT}`);

/** Why there is nothing to judge after the fault, or undefined. */
function unasked(evidence: CellEvidence, answer: Answer | undefined): Verdict | undefined {
  if (answer !== undefined) return undefined;
  return evidence.of('not-ready').length > 0
    ? notApplicable('the system did not get ready again')
    : inconclusive('the system was not asked what it holds after the fault');
}

/**
 * A system that answers otherwise where nothing has happened to it can't be judged by its answers.
 * @returns undefined where its answer before the write is what it was when it was observed
 */
function unlikeBefore(evidence: CellEvidence, { before }: Answers): Verdict | undefined {
  const answer = answerAt(evidence, 'before');
  if (answer === undefined) return inconclusive('the system was not asked what it holds before the write');
  if (!answer.acknowledged) return inconclusive(`its answer before the write is none: ${answer.error}`);
  const unlike = differs(before, answer.text);
  if (unlike === undefined) return undefined;
  const how = isShuffled(before, answer) ? `its lines are in another order. ${SORT}` : unlikeInWords(unlike);
  return inconclusive(`its answer before the write is not what it was when it was observed: ${how}`);
}

/** Whether several writes were struck, at once or one after the other, and what such writes leave: each of them, or the last one alone. */
function severalOf(evidence: CellEvidence, answers: Answers): Answers['several'] {
  if (answers.several !== undefined) return answers.several;
  const struck = evidence.of('turn').filter(({ name }) => name.startsWith('struck'));
  if (struck.length < 2) return undefined;
  return answers.showsText && isReplaced(answers) ? 'last' : 'all';
}

/** All or nothing: the old answer or the new one. */
export function oneOfTwo(judged: Judged, answers: Answers): Verdict {
  const { evidence, proof } = judged;
  const moment = firstMoment(judged);
  const answer = answerAt(evidence, moment);
  const not = unasked(evidence, answer) ?? unlikeBefore(evidence, answers);
  if (answer === undefined || not !== undefined) return not ?? inconclusive('it was not asked');
  if (!answer.acknowledged) return violated(`it can't be asked any more what it holds: ${answer.error}`, answer);
  const several = severalOf(evidence, answers);
  if (several !== undefined) {
    const wrong = notOfSeveral({ ...answers, several }, answer.text);
    return wrong === undefined
      ? held(proof, 'each of the writes is there as a whole or not at all, and so is what was there before', answer)
      : violated(`of several writes, ${wrong}`, answer);
  }
  if (fits(answers.before, answer)) return held(proof, 'it answers as before the write', answer);
  if (fits(answers.after, answer)) return held(proof, 'it answers as after the write', answer);
  if (isShuffled(answers.before, answer)) return shuffled('before the write');
  if (isShuffled(answers.after, answer)) return shuffled('after the write');
  const unlike = differs(answers.before, answer.text) ?? { missing: [], added: [] };
  return violated(
    `its answer is neither the one before the write nor the one after it: of the one before, ${unlikeInWords(unlike)}`,
    answer,
  );
}

/** Writes that are no part of what the fault struck: the next one, and those that nobody asks for. */
const LATER: ReadonlySet<string> = new Set(['after', 'again', 'restarted']);

const written = (evidence: CellEvidence): Turn[] =>
  evidence.of('turn').filter(({ name, result }) => result.acknowledged && !LATER.has(name));

const counted = ({ length }: readonly Turn[]): string => `${length} acknowledged write${length === 1 ? '' : 's'}`;

/** What was acknowledged is in the answer; of a write that another one has overwritten, the other one is. */
export function acknowledgedIsThere(judged: Judged, answers: Answers): Verdict {
  const { evidence, proof } = judged;
  const moment = firstMoment(judged);
  const answer = answerAt(evidence, moment);
  const not = unasked(evidence, answer) ?? unlikeBefore(evidence, answers);
  if (answer === undefined || not !== undefined) return not ?? inconclusive('it was not asked');
  const writes = written(evidence);
  const struck = writes.find((turn) => /^struck(-|$)/.test(turn.name));
  if (!answer.acknowledged)
    return violated(`${counted(writes)}, and it can't be asked for what they wrote: ${answer.error}`, answer);
  const several = severalOf(evidence, answers);
  if (several !== undefined) {
    const lost =
      answers.several !== undefined || answers.showsText ? lostOfSeveral(several, writes, answer.text) : undefined;
    return lost === undefined
      ? (later(evidence, answers) ?? held(proof, `${counted(writes)}, and what they left`, answer))
      : violated(`the write ${shown(lost)} was acknowledged and is not there`, answer, lost);
  }
  if (struck !== undefined && isShuffled(answers.after, answer)) return shuffled('after the write');
  if (struck !== undefined && !fits(answers.after, answer)) {
    const unlike = differs(answers.after, answer.text) ?? { missing: [], added: [] };
    return violated(
      `the write ${shown(struck)} was acknowledged and is not there: ${unlikeInWords(unlike)}`,
      answer,
      struck,
    );
  }
  if (struck === undefined && answers.showsText) {
    const isStruckThere = evidence
      .of('turn')
      .some(({ name, text }) => name.startsWith('struck') && answer.text.includes(text));
    const lost = writes.find(
      ({ text }) => !answer.text.includes(text) && !(isStruckThere && isOverwritten(answers, text)),
    );
    if (lost !== undefined)
      return violated(
        `the write ${shown(lost)} was acknowledged before, and is gone with the one that was struck`,
        answer,
        lost,
      );
  }
  return (
    later(evidence, answers) ?? spoiledByBoot(judged, answers) ?? held(proof, `${counted(writes)}, all there`, answer)
  );
}

/** Whether the write that is struck leaves nothing of an earlier one. */
const isOverwritten = (answers: Answers, text: string): boolean =>
  !answers.after.lines.some((line) => line.some((word) => word?.includes(text)));

/** The write after the fault, and whether it is still there after one more boot. */
function later(evidence: CellEvidence, { showsText }: Answers): Verdict | undefined {
  const after = evidence.of('turn').find((turn) => turn.name === 'after' && turn.result.acknowledged);
  const rebooted = answerAt(evidence, 'rebooted');
  if (after === undefined || rebooted === undefined || !showsText) return undefined;
  if (!rebooted.acknowledged) return violated(`after one more boot it can't be asked: ${rebooted.error}`, rebooted);
  if (rebooted.text.includes(after.text)) return undefined;
  return violated(
    `the write ${shown(after)} was acknowledged after the fault, and is gone after one more boot`,
    rebooted,
    after,
  );
}

const saying = (line: readonly (string | null)[], text: string): boolean =>
  line.some((word) => word?.includes(text) === true);

/**
 * Lines that one more write leaves as they are: the answer after the fault has them, and so must every later one. Where the undisturbed write left each
 * line of the write before it, one more write leaves those of the last write that is there. Nothing is said of other lines: a count, or the newest few.
 */
function keptLines(judged: Judged, { before, after, several }: Answers): AnswerTemplate['lines'] {
  const { evidence } = judged;
  const answer = answerAt(evidence, firstMoment(judged));
  if (answer?.acknowledged !== true || several !== undefined) return [];
  const textOf = (name: string) => evidence.of('turn').find((turn) => turn.name === name)?.text;
  const [warm, struck] = [textOf('warm'), textOf('struck')];
  if (warm === undefined || struck === undefined) return [];
  const ofWarm = before.lines.filter((line) => saying(line, warm));
  const left = new Set(after.lines.map(shownLine));
  if (!ofWarm.every((line) => left.has(shownLine(line)))) return [];
  if (fits(before, answer)) return ofWarm;
  return fits(after, answer) && ofWarm.length > 0 ? after.lines.filter((line) => saying(line, struck)) : [];
}

/** Which of the lines that had to stay is not in a later answer; undefined: they all are, or the write after the fault was not the only one by then. */
function spoiled(judged: Judged, answers: Answers, later: Answer): string | undefined {
  const { evidence } = judged;
  const isOnly = evidence
    .of('turn')
    .every(({ name, result }) => (name === 'after' ? result.acknowledged : name !== 'again' && name !== 'restarted'));
  if (!isOnly || !later.acknowledged) return undefined;
  const { lines } = linesOf(later.text);
  const gone = keptLines(judged, answers).find((line) => !lines.some((one) => patternOfLine(line).test(one)));
  if (gone === undefined) return undefined;
  const texts = evidence.of('turn').flatMap(({ name, text }) => (name === 'warm' || name === 'struck' ? [text] : []));
  const added = lines.filter((line) => texts.some((text) => line.includes(text) && saying(gone, text)));
  return unlikeInWords({ missing: [shownLine(gone)], added });
}

/** What was there after the fault and after the next write, and is not after one more boot. */
function spoiledByBoot(judged: Judged, answers: Answers): Verdict | undefined {
  const rebooted = answerAt(judged.evidence, 'rebooted');
  const how = rebooted === undefined ? undefined : spoiled(judged, answers, rebooted);
  return rebooted === undefined || how === undefined
    ? undefined
    : violated(`what was there after the fault is gone after one more boot: ${how}`, rebooted);
}

/** The next write is accepted and can be seen, and what was there before it still is. */
export function servesAgain(judged: Judged, answers: Answers, turn: Turn): Verdict {
  const { evidence, proof } = judged;
  const { showsText } = answers;
  const answer = answerAt(evidence, 'served');
  const took = Math.round(turn.result.tEnded - turn.result.tSent);
  if (answer === undefined) return inconclusive('the system was not asked for the next write');
  if (!answer.acknowledged)
    return violated(`after the next write it can't be asked what it holds: ${answer.error}`, answer);
  if (showsText && !answer.text.includes(turn.text))
    return violated(`the next write was acknowledged, and its answer does not have ${shown(turn)}`, answer, turn);
  const how = turn.name === 'after' ? spoiled(judged, answers, answer) : undefined;
  if (how !== undefined)
    return violated(`the next write was acknowledged, and it spoiled what was there before it: ${how}`, answer, turn);
  const seen = showsText ? 'can be read' : 'it can be asked; its answer does not show which writes there were';
  return held(proof, `the next write was acknowledged after ${took} ms and ${seen}`, turn, answer);
}

/** Files that an undisturbed life of the system does not have when it is at rest. */
export function unlikeAtRest(entries: readonly Entry[], { atRest }: Pick<Answers, 'atRest'>): Entry[] {
  const known = new Set(atRest);
  const isKnown = (role: string) => known.has(role) || known.has(ofOlderEvidence(role));
  return entries.filter((entry) => entry.type !== 'directory' && entry.gone !== true && !isKnown(roleOf(entry.path)));
}

/** In evidence of 0.2.0 and before, every folder of two such letters was one of hashes, `db` too. */
const ofOlderEvidence = (role: string): string => role.replaceAll(/(?<=\/)[a-f]{2}(?=\/)/g, '*');

/**
 * What a crash leaves for ever: files that an undisturbed life of the system does not have, after the recovery, another write and one more boot. A name that
 * changes from write to write grows with the crashes; one that stays the same is left at most once.
 */
export function leftForEver({ evidence, fault, proof }: Judged, { atRest }: Answers): Verdict {
  const isBooted = fault.lethal || (fault.failsCalls === true && evidence.snapshot('rebooted') !== undefined);
  const moment = isBooted ? 'rebooted' : 'served';
  const listing = evidence.snapshot(moment);
  if (listing === undefined) {
    return evidence.of('not-ready').length > 0
      ? notApplicable('the system did not get ready again')
      : inconclusive(`the state folder was not looked at (${moment})`);
  }
  // One that it did try to remove, where that call failed too, is left by the fault.
  const refused = new Set(
    evidence.gateOf('answered', 1).flatMap(({ op, path, result }) => (op === 'unlink' && result < 0 ? [path] : [])),
  );
  const left = unlikeAtRest(listing.entries, { atRest }).filter(({ path }) => !refused.has(path));
  // What a later process has written to is its own, such as the next one of a row of logs; one that lives on may have any file in use but a temp.
  const since = evidence.recoveryBoot ?? 2;
  const isInUse = (file: string) =>
    isBooted
      ? evidence
          .of('gate')
          .some(({ boot, event }) => boot >= since && event.ev === 'op' && event.op === 'write' && event.path === file)
      : !evidence.isTemp(file);
  const all = left.filter((entry) => roleOf(entry.path).includes('*') && !isInUse(entry.path));
  // A write that stops in the middle may not come to what packs or removes such files, as a `git gc` does: a new copy that was never renamed is of no use to anybody.
  const isStopped = evidence.of('turn').some(({ name, result }) => LATER.has(name) && !result.acknowledged);
  const growing = isStopped ? all.filter(({ path }) => evidence.isTemp(path)) : all;
  if (growing.length === 0 && all.length > 0)
    return notApplicable(
      `the next write failed, so that it may not have come to ${all
        .slice(0, 3)
        .map((entry) => entry.path)
        .join(', ')}`,
    );
  if (growing.length > 0) {
    const bytes = growing.reduce((sum, entry) => sum + entry.size, 0);
    return violated(
      `${growing.length} file${growing.length === 1 ? '' : 's'} with ${bytes} byte${bytes === 1 ? '' : 's'} that no undisturbed life has, and the next crash leaves more: ${growing
        .slice(0, 3)
        .map((entry) => entry.path)
        .join(', ')}`,
      listing,
    );
  }
  const once = left.map((entry) => entry.path).slice(0, 3);
  return held(
    proof,
    once.length === 0
      ? 'it leaves nothing that an undisturbed life has not'
      : `only ${once.join(', ')}, which the next crash leaves in its place`,
    listing,
  );
}

/** Of a write that was struck by an error and acknowledged: whether it is there, when it was through and after the boot that came next. */
export function struckIsThere({ evidence, proof }: Judged, answers: Answers, turn: Turn): Verdict {
  const not = unlikeBefore(evidence, answers);
  if (not !== undefined) return not;
  const looks = (['woken', 'rebooted'] as const).flatMap((moment) => answerAt(evidence, moment) ?? []);
  if (looks.length === 0) return inconclusive('the system was not asked what it holds after the fault');
  for (const answer of looks) {
    if (!answer.acknowledged)
      return violated(
        `${answer.moment}: the write succeeded, and it can't be asked for it: ${answer.error}`,
        answer,
        turn,
      );
    // The next write comes between the two looks, and may leave nothing of this one.
    const isOver = answer.moment === 'rebooted' && evidence.of('turn').some(({ name }) => name === 'after');
    const isThere = isOver
      ? !answers.showsText || answer.text.includes(turn.text) || isReplaced(answers)
      : fits(answers.after, answer);
    if (isThere) continue;
    if (isShuffled(answers.after, answer)) return shuffled('after the write');
    const unlike = differs(answers.after, answer.text) ?? { missing: [], added: [] };
    return violated(
      `${answer.moment}: the write ${shown(turn)} succeeded, and it is not there: ${unlikeInWords(unlike)}`,
      answer,
      turn,
    );
  }
  return held(proof, 'it reported success, and the write is there', turn, ...looks);
}

/** Whether a write leaves nothing of the one before it. */
const isReplaced = (answers: Answers): boolean =>
  !answers.after.lines.some((line) => line.some((word) => word?.includes('-warm')));
