import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { LABEL } from '../docker/labels.ts';
import type { Engine } from '../engine/engine.ts';
import { decodeOwner } from '../owner/owner.ts';
import { until, type Wait } from '../wait.ts';

const entry = fileURLToPath(new URL('../midwrite.js', import.meta.url));

/** The command line as a user runs it: a process of its own. */
export function midwrite(args: readonly string[], env: Record<string, string> = {}) {
  return execa(process.execPath, [entry, ...args], { reject: false, env, forceKillAfterDelay: false });
}

/** A folder that is gone after the test. */
export async function folder(): Promise<AsyncDisposable & { path: string }> {
  const made = await mkdtemp(path.join(tmpdir(), 'midwrite-test-'));
  return {
    path: made,
    async [Symbol.asyncDispose]() {
      await rm(made, { recursive: true, force: true });
    },
  };
}

/** What a lab with this process id has on an engine. */
export async function belongings(engine: Engine, pid: number): Promise<string[]> {
  const of = (labels: Record<string, string> | undefined) => decodeOwner(labels?.[LABEL.owner] ?? '')?.pid === pid;
  const containers = await engine.docker.listContainers({ all: true, filters: { label: [LABEL.owner] } });
  const { Volumes } = await engine.docker.listVolumes({ filters: { label: [LABEL.owner] } });
  return [
    ...containers.filter((one) => of(one.Labels)).map((one) => one.Names[0] ?? one.Id),
    ...(Volumes ?? []).filter((one) => of(one.Labels)).map((one) => one.Name),
  ];
}

/** Waits until a lab has at least so many things on an engine. */
export async function untilItHas(engine: Engine, pid: number, count: number): Promise<void> {
  const wait: Wait = { name: `lab ${pid} to have ${count} containers and volumes`, limitMs: 60_000 };
  await until(wait, async (note) => {
    const has = await belongings(engine, pid);
    note(`it has ${has.join(', ') || 'nothing'}`);
    return has.length >= count || undefined;
  });
}
