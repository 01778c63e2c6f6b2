/*
 * `npm run test:machines`: the reference gateway's matrix, its control and the canary on each kind of machine, one after the other, and a table of it.
 * A kind that can't be run yet stands in the table too, as not run.
 */
import { markdownTable } from 'markdown-table';
import type { Matrix } from '../result/matrix.ts';
import { midwriteAloud } from './midwrite-aloud.ts';

interface Kind {
  name: string;
  /** Of `machine up`. Absent: not run. */
  up?: readonly string[];
}

const KINDS: readonly Kind[] = [
  { name: 'Debian 13, ext4, TCP with TLS', up: ['--release', 'trixie'] },
  { name: 'Debian 12, ext4, TCP with TLS', up: ['--release', 'bookworm'] },
  { name: 'Debian 13, Docker over SSH', up: ['--engine', 'docker-ssh'] },
  { name: 'Debian 13, rootless Docker over SSH', up: ['--engine', 'rootless'] },
  { name: 'Debian 13, Podman over SSH', up: ['--engine', 'podman'] },
  { name: 'Debian 13, arm64', up: ['--arch', 'arm64'] },
  { name: 'Docker Desktop' },
];

const HEADER = ['kind', 'date', 'engine', 'kernel', 'cgroup', 'cells', 'as expected', 'took'];

let isWhole = true;
const rows = KINDS.map(({ name, up }) => {
  if (up === undefined) return [name, '', '', '', '', 'not run', '', ''];
  const began = performance.now();
  midwriteAloud(['machine', 'down']);
  if (midwriteAloud(['machine', 'up', ...up]).status !== 0) {
    isWhole = false;
    return [name, '', '', '', '', 'the machine did not come up', '', ''];
  }
  const { stdout } = midwriteAloud([
    'run',
    '--on',
    'machine',
    '--system',
    'reference',
    ...process.argv.slice(2),
    '--json',
  ]);
  const took = `${Math.round((performance.now() - began) / 60_000)} min`;
  midwriteAloud(['machine', 'down']);
  try {
    const { run, cells, outcome } = JSON.parse(stdout) as Matrix;
    const expected = cells.filter((cell) => cell.expected).length;
    isWhole &&= outcome.kind === 'sound';
    const { engine, kernel, cgroupVersion, startedAt } = run;
    return [
      name,
      startedAt.slice(0, 10),
      engine,
      kernel,
      `v${cgroupVersion ?? '?'}`,
      String(cells.length),
      String(expected),
      took,
    ];
  } catch {
    isWhole = false;
    return [name, '', '', '', '', 'the run came to nothing', '', took];
  }
});
console.log(markdownTable([HEADER, ...rows]));
process.exitCode = isWhole ? 0 : 3;
