import { roleOf } from '../crash-point/places.ts';
import { WARM } from '../workload/workload.ts';
import type { Model, Origin } from './crash-state.ts';
import type { DataFate } from './data-fate.ts';
import type { FolderImage, InodeId } from './folder-image.ts';
import type { Loss } from './power-loss.ts';
import type { Step, Turn, WriteRecord } from './record.ts';
import { rolesOf } from './record-roles.ts';

/** A state that breaks a promise, and where it comes from. */
export interface Violation {
  readonly check: string;
  readonly detail: string;
  readonly digest: string;
  readonly origin: Origin;
  /** What the files are called in the state whose data was lost. */
  readonly paths: ReadonlyMap<InodeId, string>;
  /** Said of a system that was booted on the state, and of how old the state was then. */
  readonly booted?: string;
  readonly onExt4: boolean;
  /** Said of a state that another one stands for. */
  readonly isInferred?: boolean;
}

/** Violations of one promise that have one cause. */
export interface Finding {
  readonly check: string;
  readonly model: Model;
  /** The step that is missing, or the call in which the promise is broken. */
  readonly cause: string;
  /** What was lost, or the file that the system was at: without the ids, numbers and times of a record. */
  readonly place: string;
  /** What the check said of the smallest state. */
  readonly detail: string;
  /** The first crash point that shows it: before this step, or in it. */
  readonly step: number;
  /** The calls that the cause speaks of, and the one that made what the check speaks of; from 1. Absent: they are a recovery's. */
  readonly calls?: number[];
  readonly states: number;
  /** The smallest state that shows it. */
  readonly digest: string;
  readonly booted?: string;
  /** Under power loss: ext4 can leave such a state too. */
  readonly onExt4: boolean;
  /** The system promises it for such a crash. */
  readonly promised: boolean;
}

const call = (record: WriteRecord, index: number) => {
  const step = record.steps[index];
  if (step === undefined) return 'the end';
  const what = step.op === 'mapped' ? 'a write through a shared mapping' : `${step.op} ${step.path}`;
  return `call ${index + 1} (${what}${step.to === undefined ? '' : ` -> ${step.to}`})`;
};

const IN_WORDS: Readonly<Record<DataFate, string>> = {
  kept: 'is all there',
  lost: 'is not there',
  half: 'is there to the half',
  zeros: 'is zeros',
  'last-page-zeros': 'ends in zeros',
};

/**
 * Takes violations together by their causes, those with the fewest losses first: what a state loses beside a loss that is enough is no cause. What is said
 * of the folder that the record began with is no finding of its calls, wherever it is said again.
 */
export function findings(
  record: WriteRecord,
  violations: readonly Violation[],
  promised: (model: Model) => boolean,
): Finding[] {
  const groups: { keys: ReadonlySet<string>; finding: Finding }[] = [];
  const ordered = [...violations].sort(
    (a, b) =>
      lossesOf(a).length - lossesOf(b).length ||
      Number(a.isInferred ?? false) - Number(b.isInferred ?? false) ||
      a.origin.step - b.origin.step,
  );
  /** Where a promise is broken and nothing was lost: what is lost there beside it is not the cause. */
  const withoutLoss = new Map<string, number>();
  /** What was said where no call had been made. */
  const atFirst = new Map<string, number>();
  for (const violation of ordered) {
    const { check, detail, digest, origin, booted, onExt4 } = violation;
    const keys = new Set(keysOf(record, violation));
    const isWithoutLoss = lossesOf(violation).length === 0;
    const here = `${check} ${origin.step}`;
    const sameCrash = isWithoutLoss ? undefined : withoutLoss.get(here);
    const known =
      atFirst.get(saidBy(violation)) ??
      sameCrash ??
      groups.findIndex(
        ({ keys: fewer, finding }) =>
          finding.check === check &&
          finding.model === origin.model &&
          ([...fewer].every((key) => keys.has(key)) || (isWithoutLoss && isOfSameFile(finding.detail, detail))),
      );
    const group = groups[known];
    const at = group === undefined ? groups.length : known;
    if (isWithoutLoss && !isTorn(origin)) withoutLoss.set(here, at);
    if (isAtFirst(record, violation)) atFirst.set(saidBy(violation), at);
    if (group === undefined) {
      const finding = {
        check,
        model: origin.model,
        cause: causeOf(record, violation),
        place: [...keys].sort().join(', '),
        detail,
        step: origin.step,
        calls: callsOf(record, violation),
        states: 1,
        digest,
        onExt4,
        promised: promised(origin.model),
        ...(booted !== undefined && { booted }),
      };
      groups.push({ keys, finding });
    } else {
      const { finding } = group;
      const isNew = finding.digest !== digest;
      groups[known] = {
        ...group,
        finding: {
          ...finding,
          states: finding.states + (isNew ? 1 : 0),
          onExt4: finding.onExt4 || onExt4,
          step: Math.min(finding.step, origin.step),
        },
      };
    }
  }
  return groups.map((group) => group.finding);
}

/**
 * What a boot on a state of a recovery shows that the boot on the state before that recovery did not show: an orphan that nobody sweeps is there at each of
 * its crash points. What was said is compared without its numbers, such as times.
 */
export function notSaidOf(before: readonly Violation[], violations: readonly Violation[]): Violation[] {
  const said = new Set(before.map(saidBy));
  return violations.filter((one) => !said.has(saidBy(one)));
}

const withoutNumbers = (text: string) => text.replaceAll(/\d+/g, '#');

const saidBy = ({ check, detail }: Violation) => `${check} ${withoutNumbers(detail)}`;

/** Two findings that one cause explains, of one record or of two. */
export const isSameCause = (a: Finding, b: Finding): boolean =>
  a.check === b.check &&
  a.model === b.model &&
  a.booted === b.booted &&
  (a.place === b.place || (a.model === 'process-crash' && isOfSameFile(a.detail, b.detail)));

/** Does a check say the same of the same file, whatever the system was at meanwhile? An orphan stays one while other files are written. */
const isOfSameFile = (a: string, b: string) => a.includes('/') && withoutIds(a) === withoutIds(b);

const withoutIds = (detail: string) =>
  detail
    .split(' ')
    .map((word) => (word.startsWith('/') ? roleOf(word) : withoutNumbers(word)))
    .join(' ');

/** Nothing of the record had been done, and nothing was lost; nothing was promised either. */
const isAtFirst = (record: WriteRecord, violation: Violation) =>
  violation.origin.step === 0 &&
  !isTorn(violation.origin) &&
  lossesOf(violation).length === 0 &&
  !isEarly(record, violation);

const isTorn = (origin: Origin) => origin.model === 'process-crash' && origin.tornBytes !== undefined;

const lossesOf = ({ origin }: Violation): readonly Loss[] => (origin.model === 'power-loss' ? origin.losses : []);

/** Nothing was lost but what a turn's answer had promised already: it went out, and there was more to do. */
const isEarly = (record: WriteRecord, { check, booted, origin }: Violation) =>
  check === 'acked-durable' &&
  (booted === undefined ||
    (record.before !== undefined &&
      origin.step < record.steps.length &&
      record.turns.some((turn) => isSince(record, turn, origin))));

/** A turn of the record itself that was acknowledged before a crash point. */
const isSince = ({ steps }: WriteRecord, { acknowledged, t, name }: Turn, { step }: Origin) =>
  acknowledged && name !== WARM && t < (steps[step]?.t ?? Number.POSITIVE_INFINITY);

/** The file that a crash of a process was at work on: of the call that it cut, or of the last one that was over. */
function lastCall(record: WriteRecord, origin: Origin): Step | undefined {
  return record.steps[isTorn(origin) ? origin.step : origin.step - 1];
}

function keysOf(record: WriteRecord, violation: Violation): string[] {
  const losses = lossesOf(violation);
  if (losses.length > 0) return losses.map((loss) => keyOf(record, loss, violation.paths));
  if (isEarly(record, violation)) return ['acknowledged too early'];
  return [`at ${rolesOf(record)(lastCall(record, violation.origin)?.path ?? '')}`];
}

/** The missing step: of names the sync of their folder, whatever of it was lost. */
const keyOf = (record: WriteRecord, loss: Loss, paths: Violation['paths']): string =>
  loss.kind === 'name'
    ? `names ${loss.change.folders.map((folder) => rolesOf(record)(folder, true)).join()}`
    : `data ${rolesOf(record)(nameOf(record, loss, paths))}`;

function nameOf(record: WriteRecord, loss: DataLoss, paths: Violation['paths']): string {
  return paths.get(loss.id) ?? record.steps[loss.step]?.path ?? '?';
}

/** What the files are called whose data was lost. */
export function pathsOf(origin: Origin, { names }: FolderImage): Map<InodeId, string> {
  const lost = new Set(
    origin.model === 'power-loss' ? origin.losses.flatMap((loss) => (loss.kind === 'data' ? [loss.id] : [])) : [],
  );
  return lost.size === 0 ? new Map() : new Map([...names].flatMap(([path, id]) => (lost.has(id) ? [[id, path]] : [])));
}

function causeOf(record: WriteRecord, violation: Violation): string {
  const { origin } = violation;
  const losses = lossesOf(violation);
  if (losses.length > 0) return lossesInWords(record, losses, violation).join('; and ');
  if (isEarly(record, violation)) return `the acknowledgement went out before ${call(record, origin.step)} was over`;
  if (origin.model === 'process-crash' && origin.tornBytes !== undefined)
    return `${call(record, origin.step)} is cut off behind ${origin.tornBytes} bytes`;
  if (isAtFirst(record, violation)) return `already before ${call(record, 0)}`;
  return `behind ${call(record, origin.step - 1)} and before ${call(record, origin.step)}`;
}

/** The calls that a violation is about, as its cause tells of them, from 1; and the one that made the file that its check names. */
function callsOf(record: WriteRecord, violation: Violation): number[] {
  const { origin, detail, paths } = violation;
  const losses = lossesOf(violation);
  const around = isTorn(origin) || isEarly(record, violation) ? [origin.step] : [origin.step - 1, origin.step];
  const of = losses.length === 0 ? around : losses.flatMap((loss) => stepsOf(record, loss, origin, paths));
  const named = detail.split(/[\s,]+/).filter((word) => word.startsWith('/'));
  const made = record.steps.findLastIndex(
    ({ op, path }, index) => index < origin.step && op === 'create' && named.includes(path),
  );
  const steps = new Set([...of, made].filter((step) => step >= 0 && step < record.steps.length));
  return [...steps].sort((a, b) => a - b).map((step) => step + 1);
}

function stepsOf(record: WriteRecord, loss: Loss, origin: Origin, paths: Violation['paths']): number[] {
  if (loss.kind === 'name') return [loss.change.step];
  return [loss.step, placedAt(record, nameOf(record, loss, paths), origin)];
}

/** The rename that gave a file its name, before a crash; -1: there is none. */
const placedAt = ({ steps }: WriteRecord, file: string, origin: Origin): number =>
  steps.findLastIndex(({ op, to }, index) => index < origin.step && op === 'rename' && to === file);

type DataLoss = Extract<Loss, { kind: 'data' }>;
type NameLoss = Extract<Loss, { kind: 'name' }>;

function lossesInWords(record: WriteRecord, losses: readonly Loss[], violation: Violation): string[] {
  const folders = new Map<string, NameLoss[]>();
  for (const loss of losses) {
    if (loss.kind !== 'name') continue;
    const folder = loss.change.folders.join(' or ');
    folders.set(folder, [...(folders.get(folder) ?? []), loss]);
  }
  const data = losses.filter((loss): loss is DataLoss => loss.kind === 'data');
  return [
    ...[...folders].map(([folder, lost]) => namesInWords(record, folder, lost)),
    ...data.map((loss) => dataInWords(record, loss, violation)),
  ];
}

function namesInWords(record: WriteRecord, folder: string, lost: readonly NameLoss[]): string {
  const first = lost[0] as NameLoss;
  const last = (lost.at(-1) as NameLoss).change;
  const synced = since(syncAfter(record, last.step, (step) => last.folders.includes(step.path)));
  if (lost.length === 1) return `${call(record, last.step)} is not on the disk: the folder ${folder} was ${synced}`;
  return `${lost.length} changes of names, from ${call(record, first.change.step)} to ${call(record, last.step)}, are not on the disk: the folder ${folder} was ${synced}`;
}

function dataInWords(record: WriteRecord, loss: DataLoss, { origin, paths }: Violation): string {
  const path = nameOf(record, loss, paths);
  const placed = placedAt(record, path, origin);
  const written = record.steps[loss.step];
  const inode = written?.effects.find((effect) => effect.kind === 'inode');
  const ino = inode?.kind === 'inode' ? inode.ino : undefined;
  const synced = syncAfter(record, loss.step, (step) =>
    step.effects.some((effect) => effect.kind === 'inode' && effect.ino === ino),
  );
  const fate = `the data ${IN_WORDS[loss.fate]}`;
  if (placed !== -1 && placed > loss.step)
    return `the rename at call ${placed + 1} replaced ${path} with data ${since(synced)} (call ${loss.step + 1} wrote it): ${fate}`;
  return `what call ${loss.step + 1} wrote to ${path} was ${since(synced)}: ${fate}`;
}

function syncAfter(record: WriteRecord, from: number, isOfIt: (step: Step) => boolean): number | undefined {
  const index = record.steps.findIndex((step, at) => at > from && step.op === 'sync' && isOfIt(step));
  return index === -1 ? undefined : index;
}

const since = (synced: number | undefined) =>
  synced === undefined ? 'never synced' : `synced only at call ${synced + 1}`;
