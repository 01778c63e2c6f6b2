import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { packageFolder } from '../package-folder.ts';

/** An exploration of thousands of states, as JSON. */
const MOST_BYTES = 256 * 1024 * 1024;

/** The command line as a user runs it, to its end; what it says meanwhile is on this terminal. */
export function midwriteAloud(args: readonly string[]): { status: number | null; stdout: string } {
  const program = path.join(packageFolder, 'lab/midwrite.js');
  const { status, stdout } = spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: MOST_BYTES,
  });
  return { status, stdout };
}
