import path from 'node:path';
import type { Check } from '../check.ts';
import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { EvidenceOf } from '../evidence/event.ts';
import type { GateEventOf } from '../gate/protocol.ts';
import { fitsPattern } from '../patterns.ts';
import { held, inconclusive, notApplicable, type Seen, violated } from '../result/verdict.ts';

type Op = GateEventOf<'op'>;
type Turn = EvidenceOf<'turn'>;

/** A step that a power loss can come between, and what is seen of it. */
interface Gap {
  says: string;
  seen: [Seen, ...Seen[]];
}

const CHANGES_DATA = new Set(['write', 'truncate', 'allocate', 'copy']);
const CHANGES_ENTRY = new Set(['create', 'mkdir', 'rename', 'link', 'symlink']);

/** Which files and which entries of folders are not on the disk for sure, call by call (fsync(2): a file's entry needs the folder's own sync). */
class Unsynced {
  readonly data = new Map<string, Op>();
  /** By folder: the calls that changed its entries. */
  readonly entries = new Map<string, Op[]>();

  apply(op: Op): void {
    if (op.op === 'sync') this.#sync(op);
    if (CHANGES_DATA.has(op.op)) this.data.set(op.path, op);
    if (op.op === 'unlink') this.data.delete(op.path);
    if (!CHANGES_ENTRY.has(op.op)) return;
    const made = op.to ?? op.path;
    const folder = path.posix.dirname(made);
    this.entries.set(folder, [...(this.entries.get(folder) ?? []), op]);
    if (op.op !== 'rename' || op.to === undefined) return;
    const data = this.data.get(op.path);
    this.data.delete(op.path);
    if (data === undefined) this.data.delete(op.to);
    else this.data.set(op.to, data);
  }

  #sync(op: Op): void {
    if (op.syscall === 'syncfs') {
      this.data.clear();
      this.entries.clear();
    }
    this.data.delete(op.path);
    this.entries.delete(op.path);
  }
}

/** What the promises say of a path. */
class Roles {
  readonly #evidence: CellEvidence;
  constructor(evidence: CellEvidence) {
    this.#evidence = evidence;
  }

  get store(): string {
    return this.#evidence.cell.promises.store.path;
  }

  /** Somebody has said which files hold what. */
  get areNamed(): boolean {
    return this.#evidence.cell.promises.answers === undefined;
  }

  isJournal(file: string): boolean {
    const { store } = this.#evidence.cell.promises;
    return store.format === 'json-rows' && store.journal !== undefined && fitsPattern(file, [store.journal]);
  }

  /** An acknowledged turn may be in it, or a row that left the store. */
  isKept(file: string): boolean {
    const { durable, retention } = this.#evidence.cell.promises;
    const places = durable.flatMap((place) => place.file).map((one) => one.replaceAll(/\{\w+\}/g, '*'));
    return fitsPattern(file, [...places, ...(retention === undefined ? [] : [retention.archive])]);
  }
}

const call = (op: Op) => `${op.op} ${op.path}${op.to === undefined ? '' : ` -> ${op.to}`}`;

/** A rename that puts data in place which is not on the disk, or a store that speaks of such data. */
function gapAtRename(op: Op, later: readonly Op[], unsynced: Unsynced, roles: Roles): Gap | undefined {
  const data = unsynced.data.get(op.path);
  if (data !== undefined) {
    const sync = later.find((one) => one.op === 'sync' && (one.path === op.to || one.path === op.path));
    const how = sync === undefined ? 'never synced' : 'synced only after it';
    return {
      says: `the ${call(op)} put data in place that was ${how}`,
      seen: [op, data, ...(sync === undefined ? [] : [sync])],
    };
  }
  if (op.to !== roles.store) return undefined;
  const other = [...unsynced.data].find(([file]) => roles.isKept(file) && !roles.isJournal(file));
  if (other === undefined) return undefined;
  return {
    says: `the ${call(op)} put a store in place that relies on ${other[0]}, which was not synced`,
    seen: [op, other[1]],
  };
}

/** The removal of a journal while what replaces it is not on the disk. */
function gapAtRemoval(op: Op, unsynced: Unsynced, roles: Roles): Gap | undefined {
  for (const [folder, changes] of unsynced.entries) {
    // A younger journal holds younger turns: its own entry is a matter of their acknowledgements.
    const change = changes.find((one) => {
      const made = one.to ?? one.path;
      return made === roles.store || (roles.isKept(made) && !roles.isJournal(made));
    });
    if (change === undefined) continue;
    return {
      says: `${op.path} was removed, and the folder ${folder} was not synced since the ${call(change)} that replaces it`,
      seen: [op, change],
    };
  }
  return undefined;
}

/** An acknowledgement while something that was changed for it, in whatever file, is not on the disk for sure. */
function gapInAnything(turn: Turn, ops: readonly Op[]): Gap | undefined {
  const unsynced = new Unsynced();
  const gone = new Set<string>();
  for (const op of ops.filter((one) => one.t <= turn.result.tEnded)) {
    unsynced.apply(op);
    if (op.op === 'unlink' || op.op === 'rename') gone.add(op.path);
    gone.delete(op.op === 'unlink' ? '' : (op.to ?? (op.op === 'rename' ? '' : op.path)));
  }
  const name = `the write "${turn.name}" was acknowledged`;
  const data = [...unsynced.data].find(([, op]) => op.t >= turn.result.tSent);
  if (data !== undefined) return { says: `${name}, and ${data[0]} was not synced`, seen: [turn, data[1]] };
  const entry = [...unsynced.entries.values()]
    .flat()
    .find((op) => op.t >= turn.result.tSent && !gone.has(op.to ?? op.path));
  if (entry === undefined) return undefined;
  const folder = path.posix.dirname(entry.to ?? entry.path);
  return { says: `${name}, and the folder ${folder} was not synced since the ${call(entry)}`, seen: [turn, entry] };
}

/** An acknowledgement of a turn that nothing on the disk holds yet. */
function gapAtAcknowledgement(turn: Turn, ops: readonly Op[], isAlone: boolean, roles: Roles): Gap | undefined {
  const unsynced = new Unsynced();
  const written: Op[] = [];
  for (const op of ops.filter((one) => one.t <= turn.result.tEnded)) {
    unsynced.apply(op);
    if (op.op === 'write' && op.t >= turn.result.tSent && roles.isKept(op.path)) written.push(op);
  }
  const isSyncedAfter = (write: Op) =>
    ops.some((op) => op.op === 'sync' && op.path === write.path && op.seq > write.seq && op.t <= turn.result.tEnded);
  const name = `the turn "${turn.name}" was acknowledged`;
  const [first] = written;
  if (first === undefined) return { says: `${name}, and nothing had been written for it`, seen: [turn] };
  // Beside other turns the newest write may be another's: then it is enough that one of them was synced.
  const onDisk = written.filter((op) => (isAlone ? !unsynced.data.has(op.path) : isSyncedAfter(op)));
  if (onDisk.length === 0) return { says: `${name}, and ${first.path} was not synced`, seen: [turn, first] };
  const made = (op: Op) =>
    unsynced.entries.get(path.posix.dirname(op.path))?.find((change) => (change.to ?? change.path) === op.path);
  if (onDisk.some((op) => made(op) === undefined)) return undefined;
  const creation = onDisk.map(made).find((op) => op !== undefined);
  return {
    says: `${name}, and the folder ${path.posix.dirname(first.path)} was not synced since ${first.path} was made`,
    seen: [turn, ...(creation === undefined ? [] : [creation])],
  };
}

function gapIn(evidence: CellEvidence, boot: number, roles: Roles): Gap | undefined {
  const ops = evidence.gateOf('op', boot);
  const unsynced = new Unsynced();
  for (const [index, op] of ops.entries()) {
    const gap =
      op.op === 'rename'
        ? gapAtRename(op, ops.slice(index + 1), unsynced, roles)
        : op.op === 'unlink' && roles.isJournal(op.path)
          ? gapAtRemoval(op, unsynced, roles)
          : undefined;
    if (gap !== undefined) return gap;
    unsynced.apply(op);
  }
  const turns = evidence.of('turn').filter((turn) => turn.boot === boot);
  for (const turn of turns.filter((one) => one.result.acknowledged)) {
    const isAlone = turns.every(
      ({ result }) => result === turn.result || result.tEnded < turn.result.tSent || result.tSent > turn.result.tEnded,
    );
    // Which of its files hold what was acknowledged is not known of a system from outside: all must be on the disk.
    const gap = roles.areNamed ? gapAtAcknowledgement(turn, ops, isAlone, roles) : gapInAnything(turn, ops);
    if (gap !== undefined) return gap;
  }
  return undefined;
}

export const synced: Check = {
  id: 'synced',
  promise:
    'by the order of its calls it survives a power loss: data is synced before its rename, both with their folder before an acknowledgement and before what they replace is removed',

  exercised({ evidence }) {
    const count = evidence.of('turn').filter((turn) => turn.result.acknowledged).length;
    return count === 0 ? undefined : { by: `an acknowledgement before a sync, ${count} times` };
  },

  judge({ evidence, proof }) {
    if (evidence.cell.promises.level !== 'power-loss') return notApplicable('no promise covers a power loss');
    const boots = evidence.gateOf('start').length;
    const roles = new Roles(evidence);
    const syncs = evidence.gateOf('op').filter((op) => op.op === 'sync').length;
    const turns = evidence.of('turn').filter((turn) => turn.result.acknowledged).length;
    if (turns === 0 && evidence.of('not-ready').length > 0) return notApplicable('the system did not get ready again');
    if (boots === 0 || turns === 0)
      return inconclusive("no write was acknowledged, so the order of calls can't be judged");
    for (let boot = 1; boot <= boots; boot += 1) {
      const gap = gapIn(evidence, boot, roles);
      if (gap !== undefined) return violated(`boot ${boot}: ${gap.says}`, ...gap.seen);
    }
    return held(
      proof,
      `${turns} acknowledged turns and every rename came after what they need, ${syncs} syncs over ${boots} boots`,
    );
  },
};
