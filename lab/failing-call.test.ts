import { expect, test } from 'vitest';
import { failedCall } from './failing-call.ts';
import { EvidenceBuilder } from './test/healthy-cell.ts';

const PATH = '/state/log';
const torn = (result: number, error?: string) =>
  new EvidenceBuilder()
    .gate(1, { ev: 'held', id: 'x', op: 'write', path: PATH, at: 'torn', bytes: 16, tornBytes: 8 })
    .gate(1, { ev: 'answered', id: 'x', by: 'hold', op: 'write', syscall: 'write', path: PATH, result, error });
const refused = (build: EvidenceBuilder) =>
  build.gate(1, { ev: 'answered', id: 'rest', by: 'refusal', op: 'write', path: PATH, result: -28, error: 'ENOSPC' });

test('a write that took a part has failed when it says how much, and its rest is refused', () => {
  expect(failedCall(refused(torn(8)).done(), 'ENOSPC')).toMatchObject({
    proof: 'write /state/log (write) wrote 8 of 16 bytes and said so, and the next write was answered with ENOSPC',
  });
  expect(failedCall(torn(8).done(), 'ENOSPC')).toMatchObject({
    proof: expect.stringContaining('nothing more was written to it'),
  });
});

test('one that took all of it, or met another error, has not', () => {
  expect(failedCall(torn(16).done(), 'ENOSPC')).toMatchObject({ landed: false });
  expect(failedCall(torn(-5, 'EIO').done(), 'ENOSPC')).toMatchObject({ landed: false });
  expect(failedCall(torn(-28, 'ENOSPC').done(), 'ENOSPC')).toMatchObject({
    proof: expect.stringContaining('never ran'),
  });
});
