import { styleText } from 'node:util';
import { diagnose } from '../doctor.ts';
import type { Place } from '../machine/place.ts';
import { plain } from '../plain.ts';
import { ExitCode } from '../problem.ts';

/** Exits 0 when a run can work here, 3 when something that it needs is missing. */
export async function doctor(options: { json?: boolean; askRegistry?: boolean; on?: Place }): Promise<ExitCode> {
  const { on } = options;
  const rows = await diagnose({ askRegistry: options.askRegistry === true, ...(on !== undefined && { on }) });
  if (options.json === true) console.log(JSON.stringify(rows, null, 2));
  else {
    const width = Math.max(...rows.map((row) => row.name.length));
    const colours = { ok: 'green', note: 'yellow', lack: 'red' } as const;
    for (const row of rows) {
      const state = process.stdout.isTTY ? styleText(colours[row.state], row.state.padEnd(4)) : row.state.padEnd(4);
      console.log(`${state}  ${row.name.padEnd(width)}  ${plain(row.found)}`);
      if (row.means !== undefined) console.log(`${' '.repeat(6 + width)}  -> ${row.means}`);
    }
  }
  return rows.some((row) => row.state === 'lack') ? ExitCode.unsound : ExitCode.sound;
}
