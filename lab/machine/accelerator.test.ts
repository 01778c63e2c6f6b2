import { expect, test } from 'vitest';
import { accelerator } from './accelerator.ts';

test('a processor with its own support and a /dev/kvm that opens is used', () => {
  expect(accelerator({ cpu: 'x64', refused: undefined, flags: 'fpu vmx sse' }, 'x64')).toEqual({ kind: 'kvm' });
  expect(accelerator({ cpu: 'x64', refused: undefined, flags: 'fpu svm sse' }, 'x64')).toEqual({ kind: 'kvm' });
  expect(accelerator({ cpu: 'arm64', refused: undefined, flags: '' }, 'arm64')).toEqual({ kind: 'kvm' });
});

test('a /dev/kvm that runs only kernels made for it is not: the processor shows neither vmx nor svm', () => {
  expect(accelerator({ cpu: 'x64', refused: undefined, flags: 'fpu sse' }, 'x64')).toMatchObject({ kind: 'emulated' });
});

test('one that is not there, or may not be opened, says why', () => {
  const how = accelerator({ cpu: 'x64', refused: 'EACCES: permission denied', flags: 'vmx' }, 'x64');
  expect(how).toEqual({ kind: 'emulated', why: expect.stringContaining('EACCES') });
});

test("a machine of another processor is emulated, whatever the host's own can do", () => {
  const how = accelerator({ cpu: 'x64', refused: undefined, flags: 'vmx' }, 'arm64');
  expect(how).toEqual({ kind: 'emulated', why: "its processor (arm64) is not this host's (x64)" });
});
