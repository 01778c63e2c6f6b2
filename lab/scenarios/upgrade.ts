import { type Place, placesOf } from '../crash-point/places.ts';
import { rolesAmongCalls } from '../crash-point/roles-among.ts';
import { worstMoment } from '../crash-point/transient.ts';
import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { GateEventOf } from '../gate/protocol.ts';
import type { Figure } from '../result/figure.ts';
import { upgradeBoots } from '../scenario/checks/upgrade-boots.ts';
import { AFTER, upgradeKeeps } from '../scenario/checks/upgrade-keeps.ts';
import type { FolderCopy } from '../scenario/folder-copy.ts';
import { liveBefore } from '../scenario/other-release.ts';
import type { OtherRelease, Scenario, ScenarioLab } from '../scenario/scenario.ts';

export const UPGRADE = 'upgrade';

/** A folder that one release has lived in, and the first boot of another one on it: undisturbed, and struck in its middle. */
export const upgrade: Scenario = {
  name: UPGRADE,
  summary:
    'a folder of an older release, and a newer one that is struck in its first boot there: run by `midwrite upgrade`',
  systems: [],
  steps: { full: 3, quick: 1 },
  fault: 'sigkill',
  watchesTemp: true,
  checks: [upgradeKeeps, upgradeBoots],
  curves: [],
  figures,

  async live(lab) {
    const { before } = lab;
    if (before === undefined) throw new Error('an upgrade has a release before');
    if (!(await liveBefore(before))) return;
    const folder = await lab.copyFolder();
    const existing = new Set(folder.map(({ path }) => path));

    const migrates = migrationOf(lab);
    const firstBoot = await undisturbed(lab, folder, migrates);
    if (firstBoot === undefined) return;
    const places = placesToStrike(firstBoot.ops, lab.release.promises.root, existing);
    await lab.askKept('upgrade');
    await lab.stop();
    await rollBack(before);

    for (let step = lab.from; step <= lab.steps; step += 1) {
      lab.step(step);
      await lab.putBack(folder);
      const place = places[(step - 1) % places.length];
      if (place === undefined) throw new Error('a first boot changes something');
      lab.tellMoment({ arm: place.arm, words: place.words, files: 0, folders: 0, bytes: 0 });
      const isStruck = firstBoot.isByCommand
        ? migrates !== undefined && (await lab.crashInPlace(migrates, place.arm))
        : await lab.crashInBoot(place.arm);
      if (!isStruck) return;
      // Whoever was told to run it runs it again.
      if (firstBoot.isByCommand && migrates !== undefined && !(await lab.runInPlace(migrates))) return;
      if (!(await lab.bootWhileItRefuses()) && !(await mended(lab, migrates))) return;
      await lab.askKept('crash');
      await lab.stop();
      await rollBack(before);
    }
  },
};

const migrationOf = ({ release }: ScenarioLab): readonly string[] | undefined => {
  const { migrates, commands } = release.usual ?? {};
  return migrates === undefined ? undefined : commands?.[migrates]?.argv;
};

/**
 * The first boot of the new release, undisturbed, to the end of what it does; or the command line that it asks for and the boot behind that.
 * @returns what changed the folder; undefined: it was never ready
 */
async function undisturbed(
  lab: ScenarioLab,
  folder: FolderCopy,
  migrates: readonly string[] | undefined,
): Promise<{ ops: readonly GateEventOf<'op'>[]; isByCommand: boolean } | undefined> {
  const isReady = migrates === undefined ? await lab.bootWhileItRefuses() : await lab.tryBoot();
  if (!isReady) {
    if (migrates === undefined) return undefined;
    await lab.stop();
    await lab.putBack(folder);
    if (!(await lab.runInPlace(migrates))) return undefined;
    const ops = lab.ops();
    return (await lab.bootWhileItRefuses()) ? { ops, isByCommand: true } : undefined;
  }
  await lab.sweepTime();
  await lab.quiet();
  return { ops: lab.ops(), isByCommand: false };
}

/** What an operator would do where no boot succeeds. */
async function mended(lab: ScenarioLab, migrates: readonly string[] | undefined): Promise<boolean> {
  if (migrates === undefined) return false;
  await lab.stop();
  return (await lab.runInPlace(migrates)) !== undefined && (await lab.tryBoot());
}

/** What the old release makes of the folder. */
async function rollBack(before: OtherRelease): Promise<void> {
  if (!(await before.boot())) return;
  await before.askKept('rollback');
  await before.stop();
}

/** The kinds of places that are a migration's: what was there before gets another name, is emptied, replaced or removed. */
const OF_A_MIGRATION: ReadonlySet<Place['kind']> = new Set([
  'moved',
  'removed',
  'truncated',
  'replaced',
  'overwritten',
]);

/**
 * Where the first boot on another release's folder is struck: where it has changed the first of what that left, where it has most on disk that it takes away
 * again, and in the middle of its places.
 */
function placesToStrike(
  ops: readonly GateEventOf<'op'>[],
  root: string,
  existing: ReadonlySet<string>,
): Pick<Place, 'arm' | 'words'>[] {
  const all = placesOf(ops, root, new Set([root, ...existing]), false, rolesAmongCalls(ops));
  const migration = all.filter(({ kind, file }) => OF_A_MIGRATION.has(kind) && existing.has(`${root}/${file}`));
  const chosen = [
    migration[0],
    worstMoment(ops, root),
    migration.at(-1),
    all[Math.floor(all.length / 2)],
    all[0],
    all.at(-1),
  ];
  const seen = new Set<string>();
  return chosen.flatMap((place) => {
    const key = JSON.stringify(place?.arm);
    if (place === undefined || seen.has(key)) return [];
    seen.add(key);
    return [place];
  });
}

function figures(evidence: CellEvidence): Figure[] {
  const from = evidence.scenario?.from ?? 'the old release';
  const back = evidence.of('kept').filter(({ after }) => after === 'rollback');
  const old = new Set(evidence.of('program').map(({ boot }) => boot));
  const refused = evidence.of('not-ready').filter(({ boot }) => old.has(boot));
  const gone = [...new Set(back.filter(({ isThere }) => !isThere).map(({ name }) => name))];
  const [first] = refused;
  return [
    {
      what: 'where the first boot was struck',
      measured:
        evidence
          .of('worst-moment')
          .map(({ words }) => words)
          .join('; ') || 'nowhere',
      reproduced: '-',
    },
    {
      what: `what ${from} makes of the folder ${AFTER.upgrade}, or struck in it`,
      measured:
        first !== undefined
          ? `it refuses ${refused.length} times: ${first.why}`
          : back.length === 0
            ? 'not tried'
            : gone.length === 0
              ? 'it boots, and shows all that was made under it'
              : `it boots, and no longer shows ${gone.join(', ')}`,
      reproduced: '-',
    },
  ];
}
