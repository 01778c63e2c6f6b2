import type { Session } from '../cell/session.ts';

/** What is done to the gateway while it is recorded. */
export interface Workload {
  name: string;
  summary: string;
  /** The record begins before the gateway's first call; else when it has been ready and had a turn. */
  fromBoot: boolean;
  /** Drives what is recorded. With `fromBoot` the boot is part of it already. */
  drive(session: Session, turn: (name: string) => Promise<void>): Promise<void>;
}

export const workloads: readonly Workload[] = [
  {
    name: 'turn',
    summary: 'one turn, in a gateway that is warm',
    fromBoot: false,
    drive: async (_, turn) => turn('first'),
  },
  {
    name: 'two-turns',
    summary: 'two turns of two sessions, one after the other',
    fromBoot: false,
    async drive(_, turn) {
      await turn('first');
      await turn('second');
    },
  },
  {
    name: 'boot',
    summary: 'a boot on the folder that a gateway has left',
    fromBoot: true,
    drive: async () => undefined,
  },
  {
    name: 'stop',
    summary: 'one turn, and the stop that an operator asks for',
    fromBoot: false,
    async drive(session, turn) {
      await turn('first');
      await session.stop();
    },
  },
];
