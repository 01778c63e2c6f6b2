import type { CellEvidence } from '../../evidence/cell-evidence.ts';
import type { EvidenceOf } from '../../evidence/event.ts';
import { held, inconclusive, violated } from '../../result/verdict.ts';
import type { ScenarioCheck } from '../scenario.ts';
import { type Unsynced, unsyncedIn } from '../unsynced.ts';

/** A command that was run under writegate, and what no sync had made durable when it ended. */
export interface Restored extends Unsynced {
  command: EvidenceOf<'command'>;
  /** Changes of names and files that it made. */
  calls: number;
}

const SHOWN = 6;
const SAID_CHARS = 300;

/** Each command line of a scenario that was run behind a look at the folder, from the record of its calls. */
export function restoredIn(evidence: CellEvidence): Restored[] {
  const root = evidence.scenario?.promises.root;
  if (root === undefined) return [];
  const commands = evidence.of('command');
  const gate = evidence.of('gate');
  return evidence.of('look').flatMap((look) => {
    const from = evidence.events.indexOf(look);
    const command = commands.find((one) => evidence.events.indexOf(one) > from);
    const boot = gate.find((one) => one.event.ev === 'start' && evidence.events.indexOf(one) > from)?.boot;
    if (command === undefined || boot === undefined) return [];
    const ops = gate.flatMap((one) => (one.boot === boot && one.event.ev === 'op' ? [one.event] : []));
    const existing = new Set([root, ...look.entries.map((entry) => entry.path)]);
    return [{ command, calls: ops.length, ...unsyncedIn(ops, root, existing) }];
  });
}

const some = (all: readonly string[]): string =>
  `${all.slice(0, SHOWN).join(', ')}${all.length > SHOWN ? `, and ${all.length - SHOWN} more` : ''}`;

export const restoreSynced: ScenarioCheck = {
  id: 'restore-synced',
  promise: 'when a restore reports success, a power loss can take nothing of what it made',

  judge({ evidence, proof }) {
    const all = restoredIn(evidence);
    const last = all.at(-1);
    if (last === undefined) return inconclusive('no restore was run');
    for (const { command, calls } of all) {
      const words = command.argv.join(' ');
      if (command.exitCode !== 0)
        return inconclusive(`${words} ended with code ${command.exitCode}: ${command.stdout.slice(-SAID_CHARS)}`);
      if (calls === 0) return inconclusive(`${words} changed nothing`);
    }
    const lost = all.filter(({ names, data }) => names.length + data.length > 0);
    const [first, ...others] = lost;
    if (first !== undefined)
      return violated(lost.map(inWords).join('; then '), first.command, ...others.map(({ command }) => command));
    const calls = all.reduce((sum, one) => sum + one.calls, 0);
    return held(
      proof,
      `all that ${all.length} restores made in ${calls} calls was synced, and each folder behind its last change`,
      last.command,
    );
  },
};

function inWords({ names, data }: Restored): string {
  const missing = [
    ...(names.length === 0 ? [] : [`the folder of ${some(names)} was not synced behind the call that made it`]),
    ...(data.length === 0 ? [] : [`the last bytes of ${some(data)} were not synced`]),
  ];
  return `it reported success, and ${missing.join('; ')}`;
}
