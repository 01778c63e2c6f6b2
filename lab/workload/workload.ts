import { Problem } from '../problem.ts';
import type { Session } from '../session/session.ts';
import { isJudgedByAnswers, type Release } from '../system.ts';

/** What is done to the system while it is recorded. */
export interface Workload {
  name: string;
  summary: string;
  /**
   * Where the record begins: in a system that was ready and had a turn, or, on the folder that such a one has left, before the first call of a boot or of the
   * system's own clean-up; or, on the folder that another release has lived in, before the first call of a boot.
   */
  begins: 'warm' | 'boot' | 'cleanup' | 'upgrade';
  /** Drives what is recorded; a boot or a clean-up is part of it already. */
  drive(session: Session, turn: (name: string) => Promise<void>): Promise<void>;
}

/** The write before the record begins. */
export const WARM = 'warm';
/** The write that an oracle knows the answers around (lab/observe/observe.ts). */
const WRITE = 'struck';

export const workloads: readonly Workload[] = [
  {
    name: 'turn',
    summary: 'one turn, in a system that is warm',
    begins: 'warm',
    drive: async (_, turn) => turn(WRITE),
  },
  {
    name: 'two-turns',
    summary: 'two turns of two sessions, one after the other',
    begins: 'warm',
    async drive(_, turn) {
      await turn('first');
      await turn('second');
    },
  },
  {
    name: 'boot',
    summary: 'a boot on the folder that a system has left',
    begins: 'boot',
    drive: async () => undefined,
  },
  {
    name: 'stop',
    summary: 'one turn, and the stop that an operator asks for',
    begins: 'warm',
    async drive(session, turn) {
      await turn(WRITE);
      await session.stop();
    },
  },
  {
    name: 'cleanup',
    summary: 'the clean-up of a store whose rows have grown old, by the system’s own command, while it is stopped',
    begins: 'cleanup',
    drive: async () => undefined,
  },
];

/** Needs another release beside the one that is recorded. */
export const UPGRADE: Workload = {
  name: 'upgrade',
  summary: 'the first boot on the folder that another release has lived in',
  begins: 'upgrade',
  drive: async () => undefined,
};

/** What a system from outside can be judged by: its answers before and after one write. */
const OF_OUTSIDE = new Set(['turn', 'boot', 'stop']);

/**
 * The workload of this name, where a system has such a one.
 * @throws Problem bad-usage
 */
export function workloadOf(name: string, release: Release): Workload {
  const { system, lifecycle } = release;
  const fits = (one: Workload) =>
    !isJudgedByAnswers(release) || (lifecycle === 'command' ? one.name === 'turn' : OF_OUTSIDE.has(one.name));
  const found = workloads.find((one) => one.name === name);
  if (found !== undefined && fits(found)) return found;
  const there = workloads.filter(fits).map((one) => one.name);
  throw new Problem(
    'bad-usage',
    `${found === undefined ? 'there is no' : `${system} has no`} workload "${name}". There ${there.length === 1 ? 'is' : 'are'}: ${there.join(', ')}.`,
  );
}
