import { expect, test } from 'vitest';
import { accelerator } from './accelerator.ts';

test('a processor with its own support and a /dev/kvm that opens is used', () => {
  expect(accelerator({ cpu: 'x64', refused: undefined, flags: 'fpu vmx sse' })).toEqual({ kind: 'kvm' });
  expect(accelerator({ cpu: 'x64', refused: undefined, flags: 'fpu svm sse' })).toEqual({ kind: 'kvm' });
  expect(accelerator({ cpu: 'arm64', refused: undefined, flags: '' })).toEqual({ kind: 'kvm' });
});

test('a /dev/kvm that runs only kernels made for it is not: the processor shows neither vmx nor svm', () => {
  expect(accelerator({ cpu: 'x64', refused: undefined, flags: 'fpu sse' })).toMatchObject({ kind: 'emulated' });
});

test('one that is not there, or may not be opened, says why', () => {
  const how = accelerator({ cpu: 'x64', refused: 'EACCES: permission denied', flags: 'vmx' });
  expect(how).toEqual({ kind: 'emulated', why: expect.stringContaining('EACCES') });
});
