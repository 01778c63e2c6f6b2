import { expect, test } from 'vitest';
import { collections, type NamedCollection, tableEntries } from './collections.ts';
import { InspectedProcess } from './testing/inspected-process.ts';
import { RunningSidecar } from './testing/running-sidecar.ts';

const never = new AbortController().signal;

/** Variables and properties of each kind, which each call of `grow` makes larger by a thousand. */
const PROGRAM = `
  const buckets = new Map();
  const state = { seqByRun: new Map(), files: [], byName: {}, numbers: [] };
  class Sessions extends Map {}
  class Cache { #seen = new Set(); sessions = new Sessions(); add(n) { this.#seen.add('s' + n); this.sessions.set({ n }, n); } }
  const cache = new Cache();
  const forgotten = new Map();
  const weak = new WeakMap();
  const keep = [];
  let n = 0;
  const deeds = {
    grow() {
      for (const end = n + 1000; n < end; n += 1) {
        buckets.set('device-' + n, { count: 1 });
        state.seqByRun.set('run-' + n, n);
        state.files.push({ n });
        state.byName['name-' + n] = { n };
        state.numbers.push(n);
        cache.add(n);
        forgotten.set('f' + n, { n });
        if (n % 10 !== 0) forgotten.delete('f' + n);
        const key = { n };
        keep.push(key);
        weak.set(key, n);
      }
    },
  };
  globalThis.all = () => [buckets, state, cache, forgotten, weak, keep];
`;

const growth = (before: readonly NamedCollection[], after: readonly NamedCollection[]) =>
  Object.fromEntries(
    after.map(({ kind, name, entries }) => [
      `${kind} ${name}`,
      entries - (before.find((one) => one.kind === kind && one.name === name)?.entries ?? 0),
    ]),
  );

test('what grows has the name of what holds it, and the number of its entries', async () => {
  await using gateway = new InspectedProcess('--inspect=127.0.0.1:0', PROGRAM);
  const port = await gateway.port();
  await gateway.up();
  await gateway.does('grow');
  const before = await collections(port, 100, 20_000, never);
  await gateway.does('grow');
  const after = await collections(port, 100, 20_000, never);

  expect(after.objects).toBeGreaterThan(before.objects + 3_000);
  expect(after.snapshotBytes).toBeGreaterThan(1_000_000);
  expect(after.lookCpuMs).toBeGreaterThan(0);
  const grown = growth(before.named, after.named);
  expect(grown).toMatchObject({
    'Map buckets': 1000,
    'Map state.seqByRun': 1000,
    'Set Cache.#seen': 1000,
    'Map Cache.sessions': 1000,
    'Map forgotten': 100,
    'Array state.files': 1000,
    'Object state.byName': 1000,
    'Array keep': 1000,
  });
  const others = Object.entries(grown).filter(([, entries]) => entries >= 1000);
  expect(others).toHaveLength(7);
});

test('the sidecar gives it; small arrays and objects are left out, and an empty Map is not', async () => {
  await using gateway = new InspectedProcess('--inspect=127.0.0.1:0', PROGRAM);
  const { sidecar } = await RunningSidecar.start();
  await using running = sidecar;
  const port = await gateway.port();
  await gateway.up();
  const reply = await running.ask('collections', { port, atLeast: 100, limitMs: 20_000 });
  expect(reply).toMatchObject({ ok: true, tookMs: expect.any(Number) });
  const named = reply.named as NamedCollection[];
  expect(named).toContainEqual({ kind: 'Map', name: 'buckets', collections: 1, entries: 0 });
  expect(named.filter(({ kind, entries }) => (kind === 'Array' || kind === 'Object') && entries < 100)).toEqual([]);
  expect(named.map(({ name }) => name)).not.toContain('keep');
});

test.each([
  ['a Map with one bucket’s worth of room', 3 + 2 + 4 * 3, [5, 6, 8], { kind: 'Map', entries: 2 }],
  ['entries of which only the value is an object', 3 + 2 + 4 * 3, [6, 9], { kind: 'Map', entries: 2 }],
  ['what is no entry', 3 + 4 + 8 * 3, [0, 3, 6], { kind: 'Map', entries: 0 }],
  ['a Set', 3 + 4 + 8 * 2, [7, 9, 21], { kind: 'Set', entries: 3 }],
  ['the table of something else', 20, [5, 6], undefined],
  ['no table at all', 0, [], undefined],
])('%s', (_, slots, used, found) => {
  expect(tableEntries(slots, used)).toEqual(found);
});
