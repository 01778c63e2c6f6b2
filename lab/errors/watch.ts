import { randomUUID } from 'node:crypto';
import { warmUp } from '../cell/cell.ts';
import type { Existing } from '../crash-point/places.ts';
import type { Engine } from '../engine/engine.ts';
import type { GateEventOf } from '../gate/protocol.ts';
import { Sink } from '../observe/sink.ts';
import { Pod } from '../pod/pod.ts';
import { Problem } from '../problem.ts';
import { Session } from '../session/session.ts';
import type { Release } from '../system.ts';

export type Op = GateEventOf<'op'>;

/** The calls that one write makes in the state folder, and what was there before it. */
export interface SeenWrite {
  ops: readonly Op[];
  existing: Existing;
}

/**
 * One write of a system whose store is known, undisturbed, as a cell has it before its fault.
 * @throws Problem not-ready, write-failed
 */
export async function watchWrite(
  engine: Engine,
  subject: { release: Release; images: { system: string; sidecar: string }; memoryBytes: number },
  label: string,
  signal: AbortSignal,
): Promise<SeenWrite> {
  const { release } = subject;
  const sink = new Sink();
  const name = `midwrite-${randomUUID().slice(0, 13)}`;
  await using pod = await Pod.start(engine, { ...subject, label, name }, sink);
  const session = new Session(pod, release, sink, signal);
  await session.configure();
  if (!(await session.boot()))
    throw new Problem('not-ready', `${release.system}@${release.version} was not ready: ${sink.why}`);
  await warmUp(session);
  const existing = new Set([release.promises.root, ...sink.entries.map((entry) => entry.path)]);
  const from = pod.gate.events.length;
  const result = await session.turn('struck');
  if (!result.acknowledged)
    throw new Problem('write-failed', `${release.system}: the write failed without a fault: ${result.error}`);
  await session.settled(result);
  const ops = pod.gate.events.slice(from).filter((event): event is Op => event.ev === 'op');
  return { ops, existing };
}
