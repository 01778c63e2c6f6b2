import { expect, test } from 'vitest';
import { imageNameFor, variantFor, versionForIds } from './names.ts';

test.each([
  ['1.2.3-beta.1', '1.2.3-beta.1', '1.2.3-beta.1'],
  ['2.6.2+dfsg-1', '2.6.2+dfsg-1', '2.6.2-dfsg-1'],
  ['7.0.15-1~deb12u10', '7.0.15-1-deb12u10', '7.0.15-1-deb12u10'],
  ['my_tag', 'my-tag', 'my-tag'],
  ['~~', 'unnamed', 'unnamed'],
])('the version %s is %s in an id and %s in a tag', (version, inIds, inTags) => {
  expect(versionForIds(version)).toBe(inIds);
  expect(variantFor(version)).toBe(inTags);
});

test('a name in an image is one that an engine takes', () => {
  expect(imageNameFor('npm', '@scope/Some_Package')).toBe('npm-scope-some-package');
  expect(imageNameFor('dockerfile', 'x'.repeat(100))).toMatch(/^dockerfile-x{53}$/);
  expect(imageNameFor('dockerfile', `${'x'.repeat(52)} y`)).toMatch(/^dockerfile-x{52}$/);
});
