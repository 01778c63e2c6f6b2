import { describe, expect, test } from 'vitest';
import { SESSION_KINDS } from '../../images/openclaw/sessions.ts';
import { reference } from '../../images/reference/system.ts';
import { storedRows } from '../workload/stored-rows.ts';

const { usual } = await reference.release(reference.defaultVersion);
const store = { path: '/s', format: 'json-rows', rowFields: [] } as const;
const kindOf = (key: string, kinds = SESSION_KINDS) =>
  storedRows(JSON.stringify({ [key]: { updatedAt: 1 } }), store, kinds)[0]?.kind;

describe.each([
  ['openclaw', SESSION_KINDS],
  ['reference', usual?.sessions ?? []],
])('%s', (_, kinds) => {
  test.each(kinds.map((kind) => [kind.name, kind] as const))('a session that is made as %s is one', (name, kind) => {
    const [key] = /agent:main:[^"]*\{n\}/.exec(JSON.stringify(kind.make)) ?? [];
    expect(key).toBeDefined();
    expect(kindOf((key ?? '').replaceAll('{n}', '10000'), kinds)).toBe(name);
  });

  test('there are conversations and probes among them', () => {
    expect(new Set(kinds.map((kind) => kind.lasts))).toEqual(new Set(['durable', 'one-shot']));
  });
});

// Keys of other forms than those that are made here.
test.each([
  ['agent:main:explicit:model-run-5c6f3f3a-6d3e-4b8e-9d0c-0e5f3b1c2a4d', 'model-run'],
  ['agent:main:cron:5c6f3f3a-6d3e-4b8e-9d0c-0e5f3b1c2a4d:run:1', 'cron'],
  ['agent:main:telegram:group:-1001234567890:topic:42', 'group'],
  ['agent:main:discord:channel:1234', 'group'],
  ['agent:main:direct:+15550001111', 'direct'],
  ['agent:main:telegram:direct:1234', 'direct'],
  ['agent:main:main', 'other'],
  ['agent:main:explicit:model-runner', 'other'],
])('%s is of the kind %s', (key, kind) => {
  expect(kindOf(key)).toBe(kind);
});
