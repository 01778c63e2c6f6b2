import type { CellEvidence } from '../evidence/cell-evidence.ts';
import { fitsPattern } from '../patterns.ts';
import { Problem } from '../problem.ts';
import type { Figure } from '../result/figure.ts';
import { restoredIn, restoreSynced } from '../scenario/checks/restore-synced.ts';
import type { Scenario } from '../scenario/scenario.ts';

/** A copy of a database, put back in a folder that is not there: is it on the disk when the command says that it is done? */
export const openclaw113306: Scenario = {
  name: 'openclaw-113306',
  summary:
    'a copy of the state database is put back in a folder that is not there yet: is all of it synced when it reports success?',
  document: {
    url: 'https://github.com/openclaw/openclaw/issues/113306',
    says: 'a restore into a missing nested path reports success before the folders that it made are linked durably',
  },
  systems: ['openclaw@2026.8.1', 'openclaw@2026.9.6', 'reference'],
  steps: { full: 2, quick: 1 },
  checks: [restoreSynced],
  curves: [],
  figures,

  async live(lab) {
    const { release } = lab;
    const { backup } = release.usual ?? {};
    if (backup === undefined)
      throw new Problem('bad-usage', `${release.system}@${release.version} has no command that copies a database.`);
    if (!(await lab.boot())) return;
    await lab.turn('warm');
    await lab.quiet();
    await lab.stop();
    if (!(await lab.runInPlace(backup.create))) return;
    const made = (await lab.list()).find(({ path }) => fitsPattern(path, [backup.copies]));
    if (made === undefined) throw new Problem('system-died', `${backup.create.join(' ')} left no ${backup.copies}.`);
    const copy = made.path.slice(0, made.path.lastIndexOf('/'));
    for (let step = lab.from; step <= lab.steps; step += 1) {
      lab.step(step);
      await lab.look('undisturbed', step);
      if (!(await lab.runInPlace(backup.restore(copy, step)))) return;
    }
  },
};

function figures(evidence: CellEvidence): Figure[] {
  const restored = restoredIn(evidence).filter(({ command }) => command.exitCode === 0);
  if (restored.length === 0) return [];
  const names = restored.flatMap((one) => one.names);
  const all = [...names, ...restored.flatMap((one) => one.data)];
  return [
    {
      what: 'names and files that a power loss may take when the restore has reported success',
      document: 'the folders above the restored file',
      measured: all.length === 0 ? 'none' : all.join(', '),
      reproduced: names.length > 0 ? 'yes' : 'no',
    },
  ];
}
