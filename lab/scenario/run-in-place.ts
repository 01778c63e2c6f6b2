import type { Recorder } from '../evidence/recorder.ts';
import type { Pod } from '../pod/pod.ts';
import type { Session } from '../session/session.ts';
import { passedLimit } from '../wait.ts';

/** OpenClaw's doctor took 20 to 60 s; one that asks a question never ends. */
const LIMIT_MS = 240_000;
const LINES = 40;

/** How a command line in the system's place ended by itself. */
export interface EndInPlace {
  exitCode: number;
  /** The last lines of all that it printed. */
  output: string;
}

/**
 * Runs a command line of the system's image in the system's place, under writegate, with nobody to answer it.
 * @returns undefined: it did not end within its limit and was killed, which is in the evidence as a boot that was not ready
 */
export async function runInPlace(
  pod: Pod,
  session: Session,
  recorder: Recorder,
  argv: readonly string[],
): Promise<EndInPlace | undefined> {
  const began = performance.now();
  const gate = await pod.boot({ argv });
  const words = argv.join(' ');
  try {
    const exit = await gate.waitForKind({ name: `${words} to end`, limitMs: LIMIT_MS }, 'exit');
    await pod.ended(LIMIT_MS, false);
    const output = gate.lastLines(LINES);
    const exitCode = exit.code ?? -1;
    recorder.record({
      type: 'command',
      argv: [...argv],
      isSystemRunning: false,
      exitCode,
      oomKilled: false,
      stdout: output,
      stderr: '',
      droppedBytes: 0,
      tookMs: Math.round(performance.now() - began),
    });
    return { exitCode, output };
  } catch (error) {
    passedLimit(error);
    const why = `${words} did not end within ${Math.round((performance.now() - began) / 1000)} s: it may wait for an answer`;
    recorder.record({ type: 'not-ready', boot: pod.bootNumber, why, lastLines: gate.lastLines() });
    await session.kill();
    return undefined;
  }
}
