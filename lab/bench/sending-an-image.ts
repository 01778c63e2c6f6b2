/**
 * A process that does one thing, so that its memory is that thing's: `node sending-an-image.ts FOLDER BASE TAG` sends the folder as a build context
 * to the engine, and prints what memory that took as one JSON line. It imports the lab only after it has looked at its own size.
 */
import { readFileSync, writeFileSync } from 'node:fs';

/** Sizes are resident bytes. */
export interface Sent {
  nodeBytes: number;
  importedBytes: number;
  /** The most at any moment of the sending. */
  peakBytes: number;
  tookMs: number;
}

/**
 * The most that was resident since the last call, in bytes. `maxRSS` of getrusage(2) can't be used where there is /proc: Linux keeps in it the size of
 * the process that this one was forked from.
 */
function peakBytes(): number {
  try {
    const kibibytes = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    // 5: the peak is reset to what is resident now, proc_pid_clear_refs(5).
    writeFileSync('/proc/self/clear_refs', '5');
    return Number(kibibytes) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

const [folder = '', base = '', tag = ''] = process.argv.slice(2);
const nodeBytes = peakBytes();
// What `midwrite run` has in memory, although a build alone would need less.
await import('../cli/program.ts');
const { connect } = await import('../engine/engine.ts');
const { build } = await import('../image/send.ts');
const engine = await connect(() => undefined);
const importedBytes = peakBytes();

const began = performance.now();
await build(engine.docker, { folder, tag, args: { BASE: base } });
const sent: Sent = { nodeBytes, importedBytes, peakBytes: peakBytes(), tookMs: Math.round(performance.now() - began) };
console.log(JSON.stringify(sent));
