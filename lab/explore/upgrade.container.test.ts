import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { release } from '../../images/reference/system.ts';
import { connect } from '../engine/engine.ts';
import { buildImagesOf } from '../run/images.ts';
import { folder } from '../test/midwrite.ts';
import { UPGRADE } from '../workload/workload.ts';
import { JOURNAL_FILE } from './boot-journal.ts';
import type { Exploration } from './exploration.ts';
import { DRAWS, explore } from './explore.ts';

const LIMIT_MS = 240_000;
const say = () => undefined;
const { signal } = new AbortController();

/** Moves the transcripts aside and copies them back, and takes a folder that lies aside for work that is done. */
const MIGRATES =
  '[ -d /state/aside ] || { mv /state/transcripts /state/aside; mkdir /state/transcripts; cp /state/aside/* /state/transcripts; rm -r /state/aside; }; exec "$@"';

/**
 * On a folder of the right gateway, the first boot of one that writes its store anew in each boot.
 * @param migration a shell runs it before the gateway
 * @returns with what was said of what had been made, in all boots
 */
async function upgraded(migration?: string): Promise<{ found: Exploration; kept: Set<string> }> {
  await using at = await folder();
  const into = path.join(at.path, 'upgrade');
  const engine = await connect(say);
  const plain = release('newer', '1.0.0', ['second-boot-rewrites']);
  const { command } = plain.boot;
  const to =
    migration === undefined
      ? plain
      : { ...plain, boot: { ...plain.boot, command: ['/bin/sh', '-c', migration, 'migrates', ...command] } };
  const from = release('reference', '1.0.0', []);
  const images = await buildImagesOf(engine, to, { say, signal });
  const subject = { release: to, images, memoryBytes: to.memory.defaultBytes };
  const found = await explore(engine, { ...subject, from: { release: from, image: images.system } }, into, {
    workload: UPGRADE,
    models: ['process-crash'],
    maxStates: 4,
    everyState: false,
    ...DRAWS,
    maxDurationMs: Number.POSITIVE_INFINITY,
    crashes: 3,
    signal,
    say,
  });
  const lines = readFileSync(path.join(into, JOURNAL_FILE), 'utf8').trim().split('\n');
  const boots = lines.map((line) => JSON.parse(line) as { verdicts?: { check: string; verdict: string }[] });
  const verdicts = boots.flatMap((one) => one.verdicts ?? []).filter(({ check }) => check === 'upgrade-keeps');
  return { found, kept: new Set(verdicts.map(({ verdict }) => verdict)) };
}

test('a store that is replaced in the first boot: what was made under the old release is there after a crash at every call', {
  timeout: LIMIT_MS,
}, async () => {
  const { found, kept } = await upgraded();
  expect(found).toMatchObject({ workload: 'upgrade', from: '1.0.0' });
  // Each boot of this one writes its store anew, and that is told.
  expect([...new Set(found.findings.map(({ check }) => check))]).toEqual(['boots']);
  expect([...kept]).toEqual(['held']);
  expect(found.states.booted).toBeGreaterThan(2);
  expect(found.confirmed).toHaveLength(3);
  expect(found.confirmed.filter(({ agrees }) => !agrees)).toEqual([]);
});

test('a migration that believes that it is done: what was made under the old release is lost', {
  timeout: LIMIT_MS,
}, async () => {
  const { found, kept } = await upgraded(MIGRATES);
  expect([...kept].sort()).toEqual(['held', 'violated']);
  const lost = found.findings.find(({ check }) => check === 'upgrade-keeps');
  expect(lost?.detail).toContain('has no more: what its session "kept-2" said (after an upgrade that was struck)');
  expect(lost?.cause).toMatch(/rename \/state\/transcripts -> \/state\/aside/);
});
