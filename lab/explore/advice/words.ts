import { several } from '../../plain.ts';
import type { Advice, AdvisedAnswer, AdvisedStep, Breaks, MissingSync } from './advice.ts';

/** A row of the adviser's table. */
export interface AdviceRow {
  /** Such as `5`, or `behind 4` of a sync that is missing. */
  readonly call: string;
  /** The call that it is about, from 1. Absent: an answer. */
  readonly of: number | undefined;
  readonly what: string;
  readonly advice: string;
  /** What is broken without it, or what it would save. */
  readonly because: string;
  /** Of a call, in ms. */
  readonly tookMs: number | undefined;
  /** A state that shows it. */
  readonly kept: string | undefined;
}

/** The rows of the table: what is missing, then each sync, rename and answer in the order of the record. */
export function adviceRows({ steps, answers, missing, together }: Advice): AdviceRow[] {
  const calls = [
    ...steps.map((step) => ({ at: step.call, row: stepRow(step, together) })),
    // An answer goes out before its call.
    ...answers.map((answer) => ({ at: answer.call - 0.5, row: answerRow(answer) })),
  ];
  return [...missing.map(missingRow), ...calls.toSorted((a, b) => a.at - b.at).map(({ row }) => row)];
}

/** What it comes to: `2 syncs are missing; of 11 syncs 9 are needed and 2 redundant (1.3 of 8.2 ms in this record)`. */
export function adviceInWords({ steps, answers, missing, together }: Advice): string {
  const syncs = steps.filter(({ kind }) => kind !== 'rename');
  const of = (advice: AdvisedStep['advice']) => syncs.filter((one) => one.advice === advice);
  const [redundant, unknown] = [of('redundant'), of('unknown')];
  const ms = (some: readonly AdvisedStep[]) => some.reduce((sum, one) => sum + (one.tookMs ?? 0), 0);
  const early = answers.filter(({ advice }) => advice === 'too early').length;
  const late = answers.filter(({ advice }) => advice === 'could be earlier').length;
  return [
    ...(missing.length === 0
      ? []
      : [`${several(missing.length, 'sync')} ${missing.length === 1 ? 'is' : 'are'} missing`]),
    syncs.length === 0
      ? 'no sync at all'
      : `of ${several(syncs.length, 'sync')} ${of('needed').length} ${of('needed').length === 1 ? 'is' : 'are'} needed and ${redundant.length} redundant (${ms(redundant).toFixed(1)} of ${ms(syncs).toFixed(1)} ms in this record)${unknown.length === 0 ? '' : `, ${unknown.length} not weighed`}`,
    ...(together.length < 2
      ? []
      : [`together ${together.length} of them can be left out (calls ${together.join(', ')})`]),
    ...(early === 0 ? [] : [`${several(early, 'answer')} too early`]),
    ...(late === 0 ? [] : [`${several(late, 'answer')} that could go out earlier`]),
  ].join('; ');
}

const brokenIn = ({ check, model, promised, call, detail }: Breaks): string =>
  `${check} (${model}${promised ? '' : ', not promised'}) before call ${call}: ${detail}`;

function stepRow(
  { call, op, path, to, kind, advice, breaks, why, tookMs }: AdvisedStep,
  together: readonly number[],
): AdviceRow {
  const alone =
    together.includes(call) || kind === 'rename'
      ? ''
      : `; but it is needed where calls ${together.join(', ')} are left out`;
  const without = kind === 'rename' ? 'written in place: ' : 'without it: ';
  return {
    call: String(call),
    of: call,
    what: `${kind}: ${op} ${path}${to === undefined ? '' : ` → ${to}`}`,
    advice,
    because:
      breaks.length > 0
        ? without + breaks.map(brokenIn).join('; ')
        : (why ?? `no state breaks a promise without it${alone}`),
    tookMs,
    kept: breaks[0]?.kept,
  };
}

function answerRow({ turn, call, advice, earliest, breaks, savesMs, why }: AdvisedAnswer): AdviceRow {
  const row = {
    call: `before ${call}`,
    of: undefined,
    what: `answer to "${turn}"`,
    tookMs: undefined,
    kept: breaks[0]?.kept,
  };
  const ms = Math.abs(savesMs ?? 0).toFixed(1);
  const broken = breaks.map(brokenIn).join('; ');
  switch (advice) {
    case 'too early':
      return { ...row, advice, because: `it should go out before call ${earliest}, ${ms} ms later: ${broken}` };
    case 'could be earlier':
      return {
        ...row,
        advice,
        because: `before call ${earliest} it would be ${ms} ms earlier${broken === '' ? '' : `; before call ${(earliest ?? 1) - 1}: ${broken}`}`,
      };
    case 'needed':
      return {
        ...row,
        advice: 'waits as long as it must',
        because: broken === '' ? 'nothing is before it' : `one call earlier: ${broken}`,
      };
    case 'unknown':
      return { ...row, advice, because: why ?? '' };
  }
}

function missingRow({ after, of, path, later, saves }: MissingSync): AdviceRow {
  const late = later === undefined ? '' : ` (call ${later} syncs it, too late)`;
  return {
    call: `behind ${after}`,
    of: after,
    what: `${of} sync: ${path}`,
    advice: 'missing',
    because: `it would save${late}: ${saves.map(brokenIn).join('; ')}`,
    tookMs: undefined,
    kept: undefined,
  };
}
