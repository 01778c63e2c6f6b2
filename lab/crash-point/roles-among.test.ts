import { expect, test } from 'vitest';
import { roleOf } from './places.ts';
import { rolesAmong, rolesAmongCalls } from './roles-among.ts';

const COPIES = '/state/.cache/copies-v2-Ab3dEf';

test('a random name that looks like a word is known by the others beside it, in every folder of its kind', () => {
  const roles = rolesAmong([
    `${COPIES}/copy-v2-Nq4rNx/database.sqlite`,
    `${COPIES}/copy-v2-lkpcoz/database.sqlite`,
    '/state/.cache/copies-v2-qwertz/copy-v2-Rpdxfx/owner',
  ]);
  expect(roleOf(`${COPIES}/copy-v2-lkpcoz/database.sqlite`)).not.toBe('/state/.cache/copies-*/copy-*/database.sqlite');
  for (const name of ['Nq4rNx', 'lkpcoz', 'Rpdxfx', 'LKPCOZ'])
    expect(roles(`${COPIES}/copy-v2-${name}/database.sqlite`)).toBe('/state/.cache/copies-*/copy-*/database.sqlite');
  expect(roles('/state/.cache/copies-v2-qwertz/copy-v2-Rpdxfx/owner')).toBe('/state/.cache/copies-*/copy-*/owner');
  expect(roles('/state/.cache/copies-v2-qwertz', true)).toBe('/state/.cache/copies-*');
});

test('of calls, what a file is renamed to is among them', () => {
  const roles = rolesAmongCalls([
    { path: `${COPIES}/copy-v2-Kwxzym/part` },
    { path: '/state/part', to: `${COPIES}/copy-v2-Nq4rNx` },
  ]);
  expect(roles(`${COPIES}/copy-v2-Kwxzym/part`)).toBe('/state/.cache/copies-*/copy-*/part');
});

test('what differs in anything else, lies elsewhere or has nothing but a random name stays what it is called', () => {
  const roles = rolesAmong([`${COPIES}/copy-Nq4rNx.db`, '/state/GhIjKl', '/state/notes']);
  for (const file of [
    `${COPIES}/copy-backup.json`,
    `${COPIES}/copy-back.db`,
    `${COPIES}/main-backup.db`,
    '/state/copy-backup.db',
    '/state/config',
  ])
    expect(roles(file)).toBe(roleOf(file));
  expect(roles(`${COPIES}/copy-backup.db`)).toBe('/state/.cache/copies-*/copy-*.db');
});

test('alone, it is what its form says', () => {
  expect(rolesAmong([])('/state/copy-lkpcoz')).toBe(roleOf('/state/copy-lkpcoz'));
  expect(rolesAmong([])('notes')).toBe('notes');
});
