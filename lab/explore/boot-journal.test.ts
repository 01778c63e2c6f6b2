import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { GateEvent } from '../gate/protocol.ts';
import { folder } from '../test/midwrite.ts';
import { LookedInto } from './alike.ts';
import { keepAsked, readAsked, refuseOther } from './asked.ts';
import { BootJournal, type BootOutcome, JOURNAL_FILE } from './boot-journal.ts';

function outcome(verdict: BootOutcome['verdicts'][number]['verdict'] = 'held'): BootOutcome {
  const lookedInto = new LookedInto();
  lookedInto.take({ ev: 'opened', path: '/state/store.json' } as GateEvent);
  lookedInto.take({ ev: 'op', op: 'rename', path: '/state/old', to: '/state/new' } as GateEvent);
  return { age: 'aged', verdicts: [{ check: 'boots', verdict, detail: 'so' }], isRecorded: true, lookedInto };
}

const FIRST = { digest: 'a', age: 'aged' } as const;

test('what was booted and struck is known again, as far as it was written', async () => {
  await using at = await folder();
  const journal = new BootJournal(at.path);
  expect([journal.taken, journal.boot(FIRST)]).toEqual([0, undefined]);
  journal.booted(FIRST, outcome());
  const crash = { at: 'call 1', agrees: false, differences: ['one'] };
  journal.crashed(crash);
  appendFileSync(path.join(at.path, JOURNAL_FILE), '{"kind":"boot","dig');
  const again = new BootJournal(at.path);
  expect(again.taken).toBe(1);
  expect(again.crash('call 1')).toEqual(crash);
  expect(again.boot({ ...FIRST, age: 'fresh' })).toBeUndefined();
  const known = again.boot(FIRST);
  expect(known).toMatchObject({ verdicts: outcome().verdicts, isRecorded: true });
  const files = ['/state/store.json', '/state/old/inside', '/state/new', '/state/other'];
  expect(files.map((file) => known?.lookedInto.has(file))).toEqual([true, true, true, false]);
});

test('what was not judged is booted again', async () => {
  await using at = await folder();
  const journal = new BootJournal(at.path);
  journal.booted(FIRST, outcome('inconclusive'));
  journal.booted({ ...FIRST, digest: 'b' }, outcome('missed'));
  expect(new BootJournal(at.path).taken).toBe(0);
});

test('a damaged line is named', async () => {
  await using at = await folder();
  appendFileSync(path.join(at.path, JOURNAL_FILE), '{"kind":"boot"}\n');
  expect(() => new BootJournal(at.path)).toThrow(/boots\.jsonl:1 is damaged/);
});

test('what was asked for is kept, and neither another midwrite nor another image goes on with it', async () => {
  await using at = await folder();
  await expect(readAsked(at.path)).rejects.toThrow(/no exploration that can be resumed/);
  const asked = {
    ...{ midwriteVersion: '1.0.0', system: 'small', version: '1', image: 'small:1', workload: 'turn' },
    ...{ models: ['process-crash' as const], everyState: false, seed: 1, samples: 200 },
  };
  await keepAsked(at.path, asked);
  const kept = await readAsked(at.path);
  expect(kept).toEqual({ schemaVersion: 1, ...asked });
  expect(() => refuseOther(kept, asked)).not.toThrow();
  expect(() => refuseOther(kept, { ...asked, image: 'small:2' })).toThrow(/begun with image small:1/);
  expect(() => refuseOther(kept, { ...asked, midwriteVersion: '2.0.0' })).toThrow(/midwriteVersion 1\.0\.0/);
});
