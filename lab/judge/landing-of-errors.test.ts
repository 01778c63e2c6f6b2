import { expect, test } from 'vitest';
import type { EvidenceEvent } from '../evidence/event.ts';
import { type EvidenceBuilder, failed } from '../test/healthy-cell.ts';
import { judge } from './judge.ts';

function spoiled(change: (event: EvidenceEvent) => EvidenceEvent[], fault = 'io-error'): EvidenceBuilder {
  const build = failed();
  build.events = build.events.flatMap(change).map((event) => (event.type === 'cell' ? { ...event, fault } : event));
  return build;
}
const isAnswered = (event: EvidenceEvent) => event.type === 'gate' && event.event.ev === 'answered';

test.each([
  ['io-error', /the held call was not answered/, (event: EvidenceEvent) => (isAnswered(event) ? [] : [event])],
  ['no-space', /the held call was answered with EIO/, (event: EvidenceEvent) => [event]],
  ['io-error-stays', /never taken away/, (event: EvidenceEvent) => [event]],
  ['short-write', /the held write wrote -5 of 0 bytes/, (event: EvidenceEvent) => [event]],
  ['short-write-stays', /the held write wrote -5 of 0 bytes/, (event: EvidenceEvent) => [event]],
  ['sync-fails', /what was not synced was not taken away/, (event: EvidenceEvent) => [event]],
  ['slow-disk', /the disk was not made slow/, (event: EvidenceEvent) => [event]],
  ['sigterm', /the engine reported no SIGTERM/, (event: EvidenceEvent) => [event]],
  ['stop', /the engine reported no SIGTERM/, (event: EvidenceEvent) => [event]],
  ['recreated', /has the same hostname|has the same process id/, (event: EvidenceEvent) => [event]],
  ['kill-in-recovery', /boot 2 ended with no exit code/, (event: EvidenceEvent) => [event]],
  ['kill-twice', /the boot after the first kill ended with no exit code/, (event: EvidenceEvent) => [event]],
  ['sleep-then-kill', /did not report both the freeze and the end/, (event: EvidenceEvent) => [event]],
  ['heap-limit', /not of SIGABRT/, (event: EvidenceEvent) => [event]],
  ['no-space-then-kill', /answered with EIO/, (event: EvidenceEvent) => [event]],
] as const)('%s: without its proof it is missed', (fault, why, change) => {
  const result = judge(spoiled(change, fault).done());
  expect(result.verdict).toBe('missed');
  expect(result.detail).toMatch(why);
});

test('with its proof it landed, and the proof says which call was answered with what', () => {
  const { detail, verdict } = judge(failed().done());
  expect(verdict).toBe('held');
  expect(detail).toMatch(/rename .* \(rename\) was answered with EIO, and the kernel never ran it/);
});
