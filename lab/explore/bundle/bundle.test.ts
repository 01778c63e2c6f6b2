import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { explored, finding } from '../../test/explored.ts';
import { Content } from '../content.ts';
import type { FolderImage, Inode } from '../folder-image.ts';
import { issueText } from './issue-text.ts';
import { commonLines, insideScript, quoted, runScript } from './scripts.ts';
import { stateTar } from './state-tar.ts';

const HOSTILE = `a'; touch /tmp/owned; echo '$(id)\`id\``;

const run = {
  release: {
    boot: {
      command: ['node', HOSTILE],
      env: { KEY: HOSTILE },
      files: [],
      ready: { kind: 'http', port: 1234, path: '/readyz', status: 200 } as const,
    },
    memory: { defaultBytes: 1024, minimumBytes: 1 },
    promises: { root: '/state', readyWithinMs: 10_000 },
  },
  acknowledged: [{ name: 'struck', text: HOSTILE }],
  isFresh: false,
};

const sh = (script: string, ...args: string[]) => execFileSync('sh', [...args, '-c', script], { encoding: 'utf8' });

describe('the scripts of a bundle', () => {
  test('a word is a word, whatever is in it', () => {
    expect(sh(`printf %s ${quoted(HOSTILE)}`)).toBe(HOSTILE);
  });

  test('both are shell', () => {
    expect(() => sh(runScript(run, 'x', true), '-n')).not.toThrow();
    expect(() => execFileSync('bash', ['-n', '-c', insideScript(run)])).not.toThrow();
    expect(() => sh('if then', '-n')).toThrow();
  });

  test('a container has no network, no capabilities, no root, and nothing to write but its state', () => {
    const script = runScript(run, 'x', true);
    for (const option of [
      '--network none',
      '--cap-drop ALL',
      '--security-opt no-new-privileges',
      '--read-only',
      '--user 1000:1000',
      "--tmpfs '/state:rw,exec,uid=1000,gid=1000,mode=0700'",
    ])
      expect(script.includes(option), option).toBe(true);
    expect(script).not.toMatch(/--privileged|--volume| -v /);
  });

  test('only what the crash left young is made young again', () => {
    expect(insideScript(run)).not.toContain('touch {} +');
    expect(insideScript({ ...run, isFresh: true })).toContain('touch {} +');
  });

  test('what two runs have both is expected, but for what was logged', () => {
    const first = 'before: a, 1 bytes\nafter: a.123, 1 bytes\nsystem: it is ready\nlog: ready';
    const second = 'before: a, 1 bytes\nafter: a.456, 1 bytes\nsystem: it is ready\nlog: ready';
    expect(commonLines(first, second)).toEqual(['before: a, 1 bytes', 'system: it is ready']);
  });
});

describe('a state as a tar', () => {
  const file = (text: string, mode = 0o600): Inode => ({ type: 'file', mode, content: Content.of(Buffer.from(text)) });
  const folder: Inode = { type: 'directory', mode: 0o700, content: Content.empty };
  const image = (entries: [string, number][], inodes: [number, Inode][]): FolderImage => ({
    names: new Map(entries),
    inodes: new Map(inodes),
  });

  test('has what the state has: folders, contents, links, modes, long names and times', () => {
    const long = `/state/${'x'.repeat(120)}/${'y'.repeat(140)}`;
    const all = image(
      [
        ['/state/a', 1],
        ['/state/b', 1],
        ['/state/d', 2],
        ['/state/d/empty', 3],
        ['/state/link', 4],
        [path.posix.dirname(long), 2],
        [long, 5],
      ],
      [
        [1, file('one')],
        [2, folder],
        [3, file('', 0o640)],
        [4, { type: 'symlink', mode: 0o777, content: Content.empty, target: 'a' }],
        [5, file('z'.repeat(1_000))],
      ],
    );
    const at = mkdtempSync(path.join(tmpdir(), 'midwrite-bundle-test-'));
    try {
      writeFileSync(path.join(at, 'state.tar'), stateTar(all, '/state', Date.parse('2026-01-02T03:04:05Z')));
      execFileSync('tar', ['-xf', 'state.tar', '--no-same-owner', '-p'], { cwd: at });
      const listed = execFileSync(
        'sh',
        ['-c', "cd state && find . -mindepth 1 -printf '%P %y %m %s %n\\n' | LC_ALL=C sort"],
        {
          cwd: at,
          encoding: 'utf8',
        },
      );
      const lines = listed
        .trim()
        .split('\n')
        .map((line) => line.replace(/^(d|x+) d 700 .*/, '$1 d 700'));
      expect(lines).toEqual([
        'a f 600 3 2',
        'b f 600 3 2',
        'd d 700',
        'd/empty f 640 0 1',
        'link l 777 1 1',
        `${'x'.repeat(120)} d 700`,
        `${'x'.repeat(120)}/${'y'.repeat(140)} f 600 1000 1`,
      ]);
      expect(sh(`date -u -r ${at}/state/a +%Y-%m-%dT%H:%M:%S`).trim()).toBe('2026-01-02T03:04:05');
    } finally {
      rmSync(at, { recursive: true });
    }
  });

  test('a path that leads out of the state folder is refused', () => {
    for (const name of ['/etc/passwd', '/state/../etc/x'])
      expect(() => stateTar(image([[name, 1]], [[1, file('x')]]), '/state', 0)).toThrow(/not below \/state/);
  });
});

test('an issue says what was done, what should hold, what happened, on which release, and how to see it', () => {
  const one = finding();
  const text = issueText({
    found: explored([one]),
    findings: [one],
    promiseOf: () => 'the store is whole',
    bundle: 'one.tar',
    shown: ['before: store.json, 0 bytes'],
    hasDockerfile: true,
  });
  for (const part of [
    one.cause,
    one.detail,
    'one 1.0.0',
    'the store is whole',
    './run.sh',
    'before: store.json, 0 bytes',
  ])
    expect(text.includes(part), part).toBe(true);
  expect(text).toMatch(/The power fails there.*ext4 as it is mounted by default takes care of this/);
});
