import { expect, test } from 'vitest';
import type { Machine, Question } from '../engine/machine.ts';
import { cutPower } from './power-cut.ts';

/** A machine that keeps so many bytes of what was never synced. */
function machineThatKeeps(bytes: number): { machine: Machine; asked: string[] } {
  const asked: string[] = [];
  let boots = 1;
  const answers: Record<string, () => [string, string][]> = {
    hello: () => [
      ['kernel', '6.12'],
      ['boot', `boot-${boots}`],
    ],
    state: () => [
      ['type', 'ext4'],
      ['options', 'rw'],
    ],
    'sync-engine': () => [['done', '']],
    witness: () => [['bytes', '65536']],
    look: () => [['bytes', String(bytes)]],
  };
  const machine = {
    ask: async ([name]: Question) => {
      asked.push(name);
      return new Map(answers[name]?.());
    },
    cut: async () => void asked.push('cut'),
    bootAgain: async () => {
      boots += 1;
      asked.push('boot again');
    },
  } as unknown as Machine;
  return { machine, asked };
}

test('the witness is the last that is written before the cut, and nothing syncs it', async () => {
  const { machine, asked } = machineThatKeeps(-1);
  const seen = await cutPower(machine);
  expect(asked).toEqual(['hello', 'state', 'sync-engine', 'witness', 'cut', 'boot again', 'hello', 'look']);
  expect(seen).toMatchObject({ witnessBytes: 65_536, witnessLeftBytes: -1, bootBefore: 'boot-1', bootAfter: 'boot-2' });
});
