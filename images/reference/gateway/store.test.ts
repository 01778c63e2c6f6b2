import { expect, test } from 'vitest';
import { parseRows, type Rows } from './rows.ts';
import { Store } from './store.ts';

const turn = (user: string) => ({ at: 1, user, assistant: '' });

/** A store whose writes the test ends one by one. */
function heldStore() {
  const writes: { rows: Rows; end: (error?: Error) => void }[] = [];
  const store = new Store(new Map(), (content) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    writes.push({ rows: parseRows(content) as Rows, end: (error) => (error ? reject(error) : resolve()) });
    return promise;
  });
  return { store, writes };
}

test('turns that arrive during a write share the next one, and wait for it', async () => {
  const { store, writes } = heldStore();
  const acknowledged: string[] = [];
  const add = (key: string, text: string) =>
    store.add(key, turn(text)).then((turns) => acknowledged.push(`${text}=${turns}`));
  const first = add('a', 'a1');
  const rest = [add('a', 'a2'), add('b', 'b1'), add('a', 'a3')];
  expect(writes).toHaveLength(1);
  expect(writes[0]?.rows.get('a')?.turns).toHaveLength(1);
  writes[0]?.end();
  await first;
  expect(acknowledged).toEqual(['a1=1']);
  expect(writes).toHaveLength(2);
  writes[1]?.end();
  await Promise.all(rest);
  expect(acknowledged).toEqual(['a1=1', 'a2=2', 'b1=1', 'a3=3']);
  expect(writes[1]?.rows.get('a')?.turns.map(({ user }) => user)).toEqual(['a1', 'a2', 'a3']);
  expect(writes).toHaveLength(2);
});

test('a write that fails fails its turns alone, and leaves nothing of them', async () => {
  const { store, writes } = heldStore();
  const first = store.add('a', turn('lost'));
  const second = store.add('a', turn('kept'));
  writes[0]?.end(new Error('disk full'));
  await expect(first).rejects.toThrow('disk full');
  expect(store.rows.size).toBe(0);
  writes[1]?.end();
  expect(await second).toBe(1);
  expect(writes[1]?.rows.get('a')?.turns.map(({ user }) => user)).toEqual(['kept']);
});

test('a session keeps its id and its first time', async () => {
  const { store, writes } = heldStore();
  const first = store.add('a', { at: 10, user: 'x', assistant: 'y' });
  writes[0]?.end();
  await first;
  const before = store.rows.get('a');
  const second = store.add('a', { at: 20, user: 'x', assistant: 'y' });
  writes[1]?.end();
  await second;
  expect(store.rows.get('a')).toMatchObject({ sessionId: before?.sessionId, createdAt: 10, updatedAt: 20 });
});
