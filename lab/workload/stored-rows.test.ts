import { describe, expect, test } from 'vitest';
import type { HttpRequest, SessionKind } from '../system.ts';
import { storedRows, withManyRows, withTimePassed } from './stored-rows.ts';

const make: HttpRequest = { port: 1, method: 'POST', path: '/', headers: {}, body: undefined };
const kinds: SessionKind[] = [
  { name: 'probe', lasts: 'one-shot', keys: 'a:probe-*', make },
  { name: 'other', lasts: 'durable', keys: '**', make },
];
const NOW = Date.now();
const HOUR_MS = 3_600_000;
const plain = { path: '/s', format: 'json-rows', rowFields: [] } as const;
const nested = { ...plain, rowsAt: 'sessions' } as const;
const rows = {
  'a:probe-10000': { sessionId: 'probe-10000', updatedAt: NOW, lastAt: NOW, file: '/x/probe-10000.jsonl' },
  'a:talk:10000': { sessionId: 'id', updatedAt: NOW, createdAt: NOW - HOUR_MS, limitAt: 5, turns: 2 },
};
const text = JSON.stringify(rows);

test('each row has the kind of the first pattern that matches', () => {
  expect(storedRows(text, plain, kinds)).toEqual([
    { key: 'a:probe-10000', kind: 'probe', lasts: 'one-shot', updatedAt: NOW },
    { key: 'a:talk:10000', kind: 'other', lasts: 'durable', updatedAt: NOW },
  ]);
  expect(storedRows(JSON.stringify({ schema: 1, sessions: rows }), nested, kinds)).toHaveLength(2);
});

test('time that passes sets every time of a row back, and nothing else', () => {
  const passed = JSON.parse(withTimePassed(JSON.stringify({ schema: 1, sessions: rows }), nested, HOUR_MS));
  expect(passed.schema).toBe(1);
  expect(passed.sessions['a:talk:10000']).toEqual({
    sessionId: 'id',
    updatedAt: NOW - HOUR_MS,
    createdAt: NOW - 2 * HOUR_MS,
    limitAt: 5,
    turns: 2,
  });
});

describe('many rows', () => {
  const many = (wanted: number) =>
    withManyRows(
      text,
      plain,
      kinds,
      () => wanted,
      (kind, index) => (kind.lasts === 'durable' ? index * HOUR_MS : 0),
    );

  test('copies have keys, ids and files of their own, and the age that was asked for', () => {
    const { text: grown, copies } = many(3);
    expect(copies).toEqual({ durable: 2, 'one-shot': 2 });
    const all = JSON.parse(grown) as typeof rows;
    expect(Object.keys(all)).toHaveLength(6);
    expect(all['a:probe-50002' as 'a:probe-10000']).toMatchObject({
      sessionId: 'probe-50002',
      file: '/x/probe-50002.jsonl',
    });
    expect(new Set(Object.values(all).map((row) => row.sessionId)).size).toBe(6);
    const last = all['a:talk:50002' as 'a:talk:10000'];
    expect(NOW - 2 * HOUR_MS - last.updatedAt).toBeLessThan(0);
    expect(last.updatedAt - last.createdAt).toBe(HOUR_MS);
  });

  test('what is there is not copied', () => {
    expect(many(1).copies).toEqual({ durable: 0, 'one-shot': 0 });
  });
});
