import { describe, expect, test } from 'vitest';
import { fitsPattern } from '../patterns.ts';
import { op as seen } from '../test/op.ts';
import { learnRoles } from './learned-roles.ts';
import { placesOf } from './places.ts';

const op = (kind: string, file: string, to?: string) =>
  seen(kind, `/state/${file}`, to === undefined ? undefined : `/state/${to}`);

/** A write that replaces a file by way of a temp. */
const replacing = (temp: string) => [op('create', temp), op('write', temp), op('rename', temp, 'a')];

describe('what two writes name differently', () => {
  test.each([
    // All letters, as one of Python's names in seventeen is.
    ['.dirstate-qwertzui~', '.dirstate-kp_x8a1b~', '.dirstate-*~'],
    ['.dirstate-asdfghjk~', '.dirstate-qwertzui~', '.dirstate-*~'],
    // Alike by chance at both ends.
    ['.dirstate-abcdefgh~', '.dirstate-abxyzzgh~', '.dirstate-*~'],
    ['tmpasdf', 'tmpqwer', 'tmp*'],
    ['notes.abcdef.tmp', 'notes.fedcba.tmp', 'notes.*.tmp'],
  ])('%s and %s are %s', (one, other, role) => {
    const roles = learnRoles(replacing(one), replacing(other));
    expect(roles(`/state/${one}`)).toBe(`/state/${role}`);
    expect(roles(`/state/${other}`)).toBe(`/state/${role}`);
    expect(roles('/state/a')).toBe('/state/a');
  });

  test('a folder, and what is in it', () => {
    const write = (folder: string) => [
      op('mkdir', folder),
      op('create', `${folder}/one`),
      op('create', `${folder}/two`),
    ];
    const roles = learnRoles(write('work-qwert'), write('work-asdfg'));
    expect(roles('/state/work-qwert/two')).toBe('/state/work-*/two');
  });

  test('the hold of a call fits the name that another write gives it', () => {
    const [one, other, third] = ['.dirstate-asdfghjk~', '.dirstate-qwertzui~', '.dirstate-yxcvbnml~'];
    const roles = learnRoles(replacing(one), replacing(other));
    const full = placesOf(replacing(one), '/state', new Set(), false, roles).find(({ kind }) => kind === 'full');
    expect(fitsPattern(`/state/${third}`, full?.arm.path ?? '')).toBe(true);
    const unlearned = placesOf(replacing(one), '/state', new Set()).find(({ kind }) => kind === 'full');
    expect(fitsPattern(`/state/${third}`, unlearned?.arm.path ?? '')).toBe(false);
  });
});

describe('what says nothing', () => {
  test('names with nothing in common', () => {
    const roles = learnRoles(replacing('asdf'), replacing('qwer'));
    expect(roles('/state/asdf')).toBe('/state/asdf');
  });

  test('a file that only one of them makes', () => {
    const roles = learnRoles([...replacing('t.one'), op('create', 'more')], replacing('t.two'));
    expect(roles('/state/more')).toBe('/state/more');
    expect(roles('/state/t.one')).toBe('/state/t.one');
  });

  test('the same names', () => {
    const roles = learnRoles(replacing('a.tmp'), replacing('a.tmp'));
    expect(roles('/state/a.tmp')).toBe('/state/a.tmp');
  });
});
