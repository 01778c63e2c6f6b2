import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeProvider } from '../testing/fake-provider.ts';
import { type Json, RunningGateway, runCommand } from '../testing/running-gateway.ts';
import { StateFolder, storeOf } from '../testing/state-folder.ts';

/** What there is of each kind, and for how many days it was not used. No retention but the cap takes any of it at boot. */
const SESSIONS = {
  'agent:main:direct:new': 1,
  'agent:main:direct:old': 8,
  'agent:main:group:old': 9,
  'agent:main:cron:old': 10,
  'agent:main:other-old': 11,
  'agent:main:explicit:model-run-new': 0.5,
};
const ENV = { MAX_ENTRIES: '6' };

let folder: StateFolder;
beforeEach(() => {
  folder = new StateFolder();
  folder.put('sessions.json', storeOf(SESSIONS));
});
afterEach(() => folder[Symbol.dispose]());

const sessions = (args: string[], stateDir: string, env: Record<string, string> = {}) =>
  runCommand({ stateDir, env: { ...ENV, ...env }, args: ['sessions', ...args] });

async function json(args: string[], stateDir: string, env?: Record<string, string>): Promise<Json> {
  const { code, stdout, stderr } = await sessions([...args, '--json'], stateDir, env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

const keysOf = (report: Json) => report.retired.map((row: Json) => row.key).sort();

describe('without a gateway', () => {
  test('prune --older-than 7d: first dry, then done, then nothing is left to do', async () => {
    const prune = ['prune', '--older-than', '7d'];
    const before = folder.tree();
    const dry = await json([...prune, '--dry-run'], folder.path);
    expect(folder.tree()).toEqual(before);
    expect(dry).toMatchObject({
      dryRun: true,
      before: { total: 6, byKind: { direct: 2, group: 1, cron: 1, other: 1, 'model-run': 1 } },
      after: { total: 2, byKind: { direct: 1, 'model-run': 1 } },
      byKind: { direct: { pruned: 1 }, group: { pruned: 1 }, cron: { pruned: 1 }, other: { pruned: 1 } },
    });
    expect(dry.retired).toContainEqual({
      key: 'agent:main:direct:old',
      kind: 'direct',
      reason: 'pruned',
      fate: 'archived',
      updatedAt: expect.any(Number),
    });
    expect(await json(prune, folder.path)).toEqual({ ...dry, dryRun: false });
    const store = JSON.parse(folder.read('sessions.json'));
    expect(Object.keys(store.sessions)).toEqual(['agent:main:direct:new', 'agent:main:explicit:model-run-new']);
    const archived = folder.read('archive/sessions.jsonl').trimEnd().split('\n');
    expect(archived.map((line) => JSON.parse(line).key).sort()).toEqual(keysOf(dry));
    expect((await json(prune, folder.path)).retired).toEqual([]);
  });

  test('prune of some kinds alone', async () => {
    const report = await json(['prune', '--older-than', '7d', '--kind', 'cron', '--kind', 'group'], folder.path);
    expect(keysOf(report)).toEqual(['agent:main:cron:old', 'agent:main:group:old']);
  });

  test('cleanup shows what the retention takes, and does it only with --enforce', async () => {
    const env = { MODEL_RUN_MAX_AGE_MS: '3600000', MAX_ENTRIES: '4' };
    const before = folder.tree();
    const shown = await json(['cleanup'], folder.path, env);
    expect(await json(['cleanup', '--dry-run'], folder.path, env)).toEqual(shown);
    expect(folder.tree()).toEqual(before);
    expect(shown).toMatchObject({
      dryRun: true,
      after: { total: 4, byKind: { direct: 2, group: 1, cron: 1 } },
      byKind: { 'model-run': { expired: 1 }, other: { 'over-cap': 1 } },
    });
    expect(shown.retired.find((row: Json) => row.kind === 'model-run').fate).toBe('deleted');
    expect(await json(['cleanup', '--enforce'], folder.path, env)).toEqual({ ...shown, dryRun: false });
    expect((await json(['cleanup'], folder.path, env)).retired).toEqual([]);
  });

  test('a dry run writes nothing, also where a gateway was killed and left a journal', async () => {
    {
      await using provider = await FakeProvider.start();
      const env = { ...ENV, PROVIDER_URL: provider.url };
      await using gateway = await RunningGateway.ready({ stateDir: folder.path, env });
      await gateway.turn('agent:main:one', 'text');
      await gateway.turn('agent:main:two', 'text');
    }
    const before = folder.tree();
    const shown = await json(['cleanup', '--dry-run'], folder.path);
    expect(shown).toMatchObject({ before: { total: 8 }, after: { total: 7 }, byKind: { other: { 'over-cap': 1 } } });
    expect(folder.tree()).toEqual(before);
    expect(await json(['cleanup', '--enforce'], folder.path)).toEqual({ ...shown, dryRun: false });
  });

  test('a table for people', async () => {
    const { code, stdout } = await sessions(['prune', '--older-than', '7d', '--dry-run'], folder.path);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^kind +before +after {2}gone\n/);
    expect(stdout).toMatch(/^direct +2 +1 {2}1 pruned$/m);
    expect(stdout).toMatch(/^total +6 +2$/m);
    expect(stdout).toMatch(/^A dry run: nothing was retired.$/m);
  });

  test('a folder that is not there is not made', async () => {
    const { code, stderr } = await sessions(['cleanup'], folder.file('typing-mistake'));
    expect(code).toBe(1);
    expect(stderr).toContain('typing-mistake; set STATE_DIR');
    expect(folder.names()).toEqual(['sessions.json']);
  });

  test('a store of a newer schema is refused', async () => {
    folder.put('sessions.json', '{"schemaVersion":2,"minReaderVersion":2}');
    const before = folder.tree();
    const { code, stdout, stderr } = await sessions(['cleanup', '--enforce', '--json'], folder.path);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('2');
    expect(folder.tree()).toEqual(before);
  });
});

describe('with a gateway that holds the folder', () => {
  test.each([
    ['cleanup --dry-run'],
    ['cleanup --enforce'],
    ['prune --older-than 7d'],
    ['prune --older-than 7d --kind direct --dry-run'],
  ])('%s gives what it gives on the folder itself', async (words) => {
    await using provider = await FakeProvider.start();
    const env = { ...ENV, PROVIDER_URL: provider.url };
    await using gateway = await RunningGateway.ready({ stateDir: folder.path, env });
    // Over the cap, so that there is something to clean up: the timer's next round is a minute away.
    for (const name of ['one', 'two', 'three']) await gateway.turn(`agent:main:${name}`, 'text');
    const port = { PORT: `${gateway.port}` };
    using copy = folder.copy();

    const fromGateway = await json(words.split(' '), folder.path, port);
    const fromFolder = await json(words.split(' '), copy.path, port);

    expect(fromGateway).toEqual(fromFolder);
    expect(fromGateway.before.total).toBe(9);
    expect(fromGateway.retired.length).toBeGreaterThan(0);
    const { sessions: left } = (await gateway.get('/v1/sessions')).body;
    expect(left).toHaveLength(fromGateway.dryRun ? 9 : fromGateway.after.total);
    const after = await json(['cleanup'], copy.path, port);
    expect(after.before.total).toBe(left.length);
  });

  test('it is not asked where another gateway has its port, or none', async () => {
    await using gateway = await RunningGateway.ready({ stateDir: folder.path, env: ENV });
    using other = new StateFolder();
    other.put('sessions.json', storeOf(SESSIONS));
    await using elsewhere = await RunningGateway.ready({ stateDir: other.path, env: ENV });
    const before = other.tree();
    const prune = ['prune', '--older-than', '7d'];

    const mistaken = await sessions(prune, folder.path, { PORT: `${elsewhere.port}` });
    expect(mistaken.code).toBe(1);
    expect(mistaken.stderr).toContain(`a gateway holds ${folder.path}`);
    expect(mistaken.stderr).toContain(`this gateway's folder is ${other.path}`);
    expect(other.tree()).toEqual(before);

    await elsewhere.kill('SIGTERM');
    const unanswered = await sessions(prune, folder.path, { PORT: `${elsewhere.port}` });
    expect(unanswered.code).toBe(1);
    expect(unanswered.stderr).toContain('set PORT');
    expect((await gateway.get('/v1/sessions')).body.sessions).toHaveLength(6);
  });
});
