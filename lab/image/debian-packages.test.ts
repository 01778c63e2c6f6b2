import { expect, test } from 'vitest';
import { withoutEpoch } from '../source/debian.ts';
import { parseInstalls, parsePolicy } from './debian-packages.ts';

test('candidates are those that can be installed', () => {
  const said = `git:
  Installed: (none)
  Candidate: 1:2.39.5-0+deb12u3
  Version table:
     1:2.39.5-0+deb12u3 500
        500 a mirror bookworm/main amd64 Packages
mail-transport-agent:
  Installed: (none)
  Candidate: (none)
  Version table:
libstdc++6:
  Installed: (none)
  Candidate: 12.2.0-14+deb12u1
`;
  expect([...parsePolicy(said)]).toEqual([
    ['git', '1:2.39.5-0+deb12u3'],
    ['libstdc++6', '12.2.0-14+deb12u1'],
  ]);
});

test('what apt would install is in the same order every time', () => {
  const said = `NOTE: This is only a simulation!
Inst libc6 (2.36-9+deb12u10 Debian:12.15/oldstable [amd64]) []
Inst bash [5.2.14-1] (5.2.15-2+b8 Debian:12.15/oldstable [amd64])
Conf libc6 (2.36-9+deb12u10 Debian:12.15/oldstable [amd64])
`;
  expect(parseInstalls(said)).toEqual(['bash=5.2.15-2+b8', 'libc6=2.36-9+deb12u10']);
});

test("a person's version has no epoch", () => {
  expect(withoutEpoch('5:7.0.15-1~deb12u10')).toBe('7.0.15-1~deb12u10');
  expect(withoutEpoch('3.40.1-2')).toBe('3.40.1-2');
});
