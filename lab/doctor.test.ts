import { expect, test } from 'vitest';
import { kernelRow } from './doctor.ts';

test('a kernel whose pages are not of 4 KiB is told by its name, and one that is too old by its number', () => {
  expect(kernelRow('6.12.117+deb13-arm64-16k')).toMatchObject({ state: 'note', means: expect.stringContaining('16k') });
  expect(kernelRow('6.8.0-45-generic-64k')).toMatchObject({ state: 'note' });
  expect(kernelRow('6.12.117+deb13-cloud-arm64')).toMatchObject({ state: 'ok' });
  expect(kernelRow('5.4.0')).toMatchObject({ state: 'lack' });
});
