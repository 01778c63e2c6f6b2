import { expect, test } from 'vitest';
import { readCommandLine } from './command-line.ts';

const common = { configFile: undefined, defects: new Set() };
const DAY_MS = 86_400_000;

test.each([
  [[], { name: 'gateway', ...common }],
  [['--config', '/a.json'], { name: 'gateway', ...common, configFile: '/a.json' }],
  [
    ['--defect', 'write-in-place', '--defect=no-boot-sweep'],
    { name: 'gateway', ...common, defects: new Set(['write-in-place', 'no-boot-sweep']) },
  ],
  [['--help'], { name: 'help' }],
  [['index', 'rebuild'], { name: 'files', ...common, action: 'rebuild' }],
  [['backup', 'create'], { name: 'files', ...common, action: 'create' }],
  [['backup', 'restore', '/c', '/t'], { name: 'files', ...common, action: 'restore', copy: '/c', target: '/t' }],
  [['sessions', 'cleanup'], { name: 'sessions', ...common, dryRun: true, json: false, prune: undefined }],
  [
    ['sessions', 'cleanup', '--dry-run', '--json'],
    { name: 'sessions', ...common, dryRun: true, json: true, prune: undefined },
  ],
  [['sessions', 'cleanup', '--enforce'], { name: 'sessions', ...common, dryRun: false, json: false, prune: undefined }],
  [
    ['sessions', 'prune', '--older-than', '7d'],
    { name: 'sessions', ...common, dryRun: false, json: false, prune: { olderThanMs: 7 * DAY_MS } },
  ],
  [
    ['sessions', 'prune', '--older-than', '90s', '--kind', 'cron', '--kind', 'other', '--dry-run'],
    {
      name: 'sessions',
      ...common,
      dryRun: true,
      json: false,
      prune: { olderThanMs: 90_000, kinds: ['cron', 'other'] },
    },
  ],
])('%j', (argv, command) => {
  expect(readCommandLine(argv)).toEqual(command);
});

test.each([
  [['--defect'], '--defect'],
  [['--defect', 'toString'], 'write-in-place'],
  [['--verbose'], '--verbose'],
  [['--json'], '--json is no option of the gateway'],
  [['sessions'], 'there is no command "sessions"'],
  [['sessions', 'list'], 'there is no command "sessions list"'],
  [['sessions', 'cleanup', '--dry-run', '--enforce'], 'not both'],
  [['sessions', 'cleanup', '--older-than', '7d'], '--older-than is no option of "sessions cleanup"'],
  [['sessions', 'prune'], '--older-than must be an age such as'],
  [['sessions', 'prune', '--older-than', '7'], 'and is "7"'],
  [['sessions', 'prune', '--older-than', '-7d'], '--older-than'],
  [['sessions', 'prune', '--older-than', '7d', '--enforce'], '--enforce is no option'],
  [['sessions', 'prune', '--older-than', '7d', '--kind', 'probe'], 'model-run, cron, group, direct, other'],
])('%j is refused', (argv, says) => {
  expect(() => readCommandLine(argv)).toThrow(says);
});
