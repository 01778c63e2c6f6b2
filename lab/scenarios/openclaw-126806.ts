import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { Figure } from '../result/figure.ts';
import { configStays } from '../scenario/checks/config-stays.ts';
import { pointsOf } from '../scenario/points.ts';
import type { Scenario, ScenarioLab } from '../scenario/scenario.ts';

const COMMAND_LIMIT_MS = 180_000;
const KEEP_BYTES = 1024 * 1024;

/** A command that only reads, on a configuration that a person wrote by hand; alone, and beside a lock. */
export const openclaw126806: Scenario = {
  name: 'openclaw-126806',
  summary: 'a configuration that a person wrote, and a command that only reads: is it still in its place?',
  document: {
    url: 'https://github.com/openclaw/openclaw/issues/126806',
    says: 'a valid openclaw.json without "meta" is replaced by its backup; #152604: beside a young lock folder no copy of it is made',
  },
  systems: ['openclaw@2026.9.6', 'openclaw@2026.5.28', 'reference'],
  steps: { full: 2, quick: 1 },
  checks: [configStays],
  curves: [],
  figures,

  async live(lab) {
    const { readOnly } = lab.release.usual ?? {};
    if (readOnly === undefined)
      throw new Error(`${lab.release.system} has no command that only reads in its definition`);
    if (!(await lab.boot())) return;
    await lab.quiet();
    await lab.stop();
    for (let step = lab.from; step <= lab.steps; step += 1) {
      lab.step(step);
      const { file, handWritten, marker, lock } = readOnly;
      await lab.sidecar.plant([{ path: file, content: handWritten(step), ageMs: 0 }]);
      if (step > 1 && lock !== undefined) await lab.sidecar.plant([{ path: lock, content: '', ageMs: 0 }]);
      await lab.command(readOnly.command, COMMAND_LIMIT_MS);
      lab.point('commands', step, await whereItIs(lab, file, handWritten(step), marker(step)));
    }
  },
};

async function whereItIs(
  lab: ScenarioLab,
  file: string,
  content: string,
  marker: string,
): Promise<{ inPlace: number; inFiles: number }> {
  const { root } = lab.release.promises;
  const folder = file.slice(0, file.lastIndexOf('/'));
  const entries = await lab.sidecar.snapshot(root, [`${folder}/*`], KEEP_BYTES);
  const textOf = (base64 = '') => Buffer.from(base64, 'base64').toString('utf8');
  const has = entries.filter(({ contentBase64 }) => textOf(contentBase64).includes(marker));
  const own = entries.find(({ path }) => path === file);
  return {
    inPlace: textOf(own?.contentBase64) === content ? 1 : 0,
    inFiles: has.filter(({ path }) => path !== file).length,
  };
}

function figures(evidence: CellEvidence): Figure[] {
  const [alone, locked] = [1, 2].map((x) => pointsOf(evidence, 'commands').find((point) => point.x === x)?.values);
  const where = (values: Readonly<Record<string, number>> | undefined): string =>
    values === undefined
      ? 'not tried'
      : values.inPlace === 1
        ? 'in its place'
        : values.inFiles === 0
          ? 'replaced, and in no file any more'
          : `replaced, and in ${values.inFiles} other file${values.inFiles === 1 ? '' : 's'}`;
  return [
    {
      what: 'what a person wrote, after a command that only reads',
      document: 'replaced; a .clobbered copy stays (#126806)',
      measured: where(alone),
      reproduced: alone === undefined ? 'not measured' : alone.inPlace === 0 ? 'yes' : 'no',
    },
    {
      what: 'the same beside a young lock folder of another process',
      document: 'replaced, and in no file (#152604)',
      measured: where(locked),
      reproduced:
        locked === undefined ? 'not measured' : locked.inPlace === 1 ? 'no' : locked.inFiles === 0 ? 'yes' : 'in part',
    },
  ];
}
