import { describe, expect, test } from 'vitest';
import type { GateEvent } from '../gate/protocol.ts';
import { promises } from '../test/small-record.ts';
import { LookedInto, Looks } from './alike.ts';
import { AGES, type BootOutcome, BootPlan, type Candidate } from './boot-plan.ts';
import { Content } from './content.ts';
import type { FolderImage } from './folder-image.ts';

const TEMP = '/state/temp';
const looks = new Looks(promises);

/** A folder with nothing but a temp; the digest is its text. */
function candidate(text: string, file = TEMP): Candidate {
  const content = Content.of(Buffer.from(text));
  const image: FolderImage = {
    names: new Map([[file, 1]]),
    inodes: new Map([[1, { type: 'file', mode: 0o600, content }]]),
  };
  return { digest: text, look: looks.of(image, '') };
}

const TORN = ['t', 'tt', 'tttt', 'ttt'].map((text) => candidate(text));

function opens(file: string): LookedInto {
  const looked = new LookedInto();
  looked.take({ ev: 'opened', path: file } as GateEvent);
  return looked;
}

/** Boots one after the other until there is none; gives `digest age` of each, and what was represented. */
function bootAll(plan: BootPlan, boot: (digest: string) => Partial<BootOutcome> = () => ({})) {
  const booted: string[] = [];
  const represented: string[] = [];
  for (let next = plan.next(); next !== undefined && next !== 'later'; next = plan.next()) {
    booted.push(`${next.digest} ${next.age}`);
    const outcome = { verdicts: 'held', lookedInto: new LookedInto(), ...boot(next.digest) };
    const found = plan.took(next, outcome);
    represented.push(...found.flatMap(({ digests, age, by }) => digests.map((digest) => `${digest} ${age} by ${by}`)));
  }
  return { booted, represented: represented.sort() };
}

test('one of those that are alike is booted, and the one that differs most from it: they stand for the others', () => {
  const plan = new BootPlan(TORN, Number.POSITIVE_INFINITY, true);
  expect(bootAll(plan)).toEqual({
    booted: ['t aged', 't fresh', 'tttt aged', 'tttt fresh'],
    represented: ['tt aged by t', 'tt fresh by t', 'ttt aged by t', 'ttt fresh by t'],
  });
  expect(plan.countsOf('write')).toEqual({ booted: 2, represented: 2, stoodFor: 0, leftOut: 0 });
});

test.each([
  ['comes to something else', (digest: string) => (digest === 'tttt' ? { verdicts: 'violated' } : {})],
  ['looks into what they differ in', (digest: string) => (digest === 'tttt' ? { lookedInto: opens(TEMP) } : {})],
  ['is not known', (digest: string) => (digest === 'tttt' ? { verdicts: undefined } : {})],
])('where the one that differs most %s, each of them is booted', (_, boot) => {
  const plan = new BootPlan(TORN, Number.POSITIVE_INFINITY, true);
  const { booted, represented } = bootAll(plan, boot);
  expect(booted.sort()).toEqual(TORN.flatMap(({ digest }) => AGES.map((age) => `${digest} ${age}`)).sort());
  expect(represented).toEqual([]);
  expect(plan.countsOf('write')).toEqual({ booted: 4, represented: 0, stoodFor: 0, leftOut: 0 });
});

test.each([
  ['the boot looks into what they differ in', true, { lookedInto: opens(TEMP) }],
  ['its verdict is not known', true, { verdicts: undefined }],
  ['nobody is to stand for another', false, {}],
])('each is booted where %s', (_, representing, outcome) => {
  const plan = new BootPlan(TORN, Number.POSITIVE_INFINITY, representing);
  expect(bootAll(plan, () => outcome).booted).toHaveLength(TORN.length * AGES.length);
  expect(plan.countsOf('write')).toEqual({ booted: 4, represented: 0, stoodFor: 0, leftOut: 0 });
});

test('states of other names stand for nothing but themselves', () => {
  const others = ['a', 'b', 'c'].map((text) => candidate(text, `/state/${text}`));
  expect(bootAll(new BootPlan(others, Number.POSITIVE_INFINITY, true)).booted).toHaveLength(6);
});

test('one that looks like another that is under way waits for it', () => {
  const plan = new BootPlan([...TORN, candidate('else', '/state/else')], Number.POSITIVE_INFINITY, true);
  const first = plan.next();
  expect([first, plan.next(), plan.next(), plan.next(), plan.next()]).toEqual([
    { digest: 't', age: 'aged' },
    { digest: 't', age: 'fresh' },
    { digest: 'else', age: 'aged' },
    { digest: 'else', age: 'fresh' },
    'later',
  ]);
  plan.took(first as never, { verdicts: 'held', lookedInto: new LookedInto() });
  expect(plan.next()).toEqual({ digest: 'tttt', age: 'aged' });
});

test('the most that is booted leaves out what nothing stands for, and not what proves that something does', () => {
  const plan = new BootPlan([...TORN, candidate('else', '/state/else')], 1, true);
  expect(bootAll(plan).booted).toEqual(['t aged', 't fresh', 'tttt aged', 'tttt fresh']);
  expect(plan.countsOf('write')).toEqual({ booted: 2, represented: 2, stoodFor: 0, leftOut: 1 });
  const none = new BootPlan(TORN, 0, true);
  expect(none.next()).toBeUndefined();
  expect(none.countsOf('write')).toEqual({ booted: 0, represented: 0, stoodFor: 0, leftOut: 4 });
});

test('a state of a recovery is booted aged, unless something stands for it', () => {
  const plan = new BootPlan(TORN, Number.POSITIVE_INFINITY, true);
  bootAll(plan);
  // Between what is proven: nearer to the first than its witness is.
  expect(plan.addOfRecovery([candidate('xxx')])).toEqual([{ why: 'unread', age: 'aged', by: 't', digests: ['xxx'] }]);
  // Beyond it: it is its own witness.
  expect(plan.addOfRecovery([candidate('xxxxxxxx')])).toEqual([]);
  expect(plan.addOfRecovery([candidate('xxxxx')])).toEqual([]);
  expect(plan.addOfRecovery([candidate('else', '/state/else')])).toEqual([]);
  expect(bootAll(plan)).toEqual({
    booted: ['else aged', 'xxxxxxxx aged'],
    represented: ['xxxxx aged by t'],
  });
  expect(plan.countsOf('recovery')).toEqual({ booted: 2, represented: 2, stoodFor: 0, leftOut: 0 });
  expect(plan.countsOf('write')).toEqual({ booted: 2, represented: 2, stoodFor: 0, leftOut: 0 });
});

test('states of recoveries have a bound of their own, as large', () => {
  const plan = new BootPlan([], 2, true);
  for (const text of ['a', 'b', 'c']) plan.addOfRecovery([candidate(text, `/state/${text}`)]);
  expect(bootAll(plan).booted).toEqual(['a aged', 'b aged']);
  expect(plan.countsOf('recovery')).toEqual({ booted: 2, represented: 0, stoodFor: 0, leftOut: 1 });
});

describe('representatives', () => {
  const names = Array.from({ length: 9 }, (_, at) => `/state/${at}`);
  const member = (file: string, aged = 'left', fresh = 'young') => ({
    ...candidate(file, file),
    behaviours: { aged, fresh },
  });

  test('the first and the last of a behaviour are booted, and stand for the others', () => {
    const plan = new BootPlan(
      names.map((file) => member(file)),
      Number.POSITIVE_INFINITY,
      true,
    );
    const { booted, represented } = bootAll(plan);
    expect(booted).toEqual(['/state/0 aged', '/state/0 fresh', '/state/8 aged', '/state/8 fresh']);
    expect(represented).toHaveLength(14);
    expect(plan.countsOf('write')).toEqual({ booted: 2, represented: 0, stoodFor: 7, leftOut: 0 });
    expect(plan.behavioursOf('write')).toEqual({ all: 2, seen: 2, settled: 2, split: [] });
  });

  test('one of each behaviour comes before the second of any, and another age may group otherwise', () => {
    const plan = new BootPlan([...names.map((file) => member(file)), member('/state/b', 'rest')], 99, true);
    expect(bootAll(plan).booted.slice(0, 3)).toEqual(['/state/0 aged', '/state/0 fresh', '/state/b aged']);
  });

  test('a grouping that is too coarse is split: what comes to something else from some call on is found', () => {
    const isBroken = (digest: string) => Number(digest.slice(-1)) > 4;
    const plan = new BootPlan(
      names.map((file) => member(file)),
      99,
      true,
    );
    const { booted, represented } = bootAll(plan, (digest) => ({
      verdicts: isBroken(digest) ? 'violated' : 'held',
    }));
    expect(booted).toContain('/state/5 aged');
    for (const line of represented) {
      const [of = '', , , by = ''] = line.split(' ');
      expect(isBroken(of)).toBe(isBroken(by));
    }
    expect(plan.behavioursOf('write').split).toEqual(['aged left', 'fresh young']);
  });

  test('what a bound left out is not stood for', () => {
    const plan = new BootPlan(
      names.map((file) => member(file)),
      1,
      true,
    );
    bootAll(plan);
    expect(plan.countsOf('write')).toEqual({ booted: 1, represented: 0, stoodFor: 0, leftOut: 8 });
    expect(plan.behavioursOf('write')).toMatchObject({ all: 2, seen: 2, settled: 0 });
  });

  test('where no boot opens what they differ in, one of another behaviour stands for it', () => {
    const behaviours = (text: string) => ({ aged: text, fresh: text });
    const plan = new BootPlan(
      TORN.map((one) => ({ ...one, behaviours: behaviours(one.digest) })),
      99,
      true,
    );
    expect(bootAll(plan).booted).toEqual(['t aged', 't fresh', 'tttt aged', 'tttt fresh']);
    expect(plan.countsOf('write')).toEqual({ booted: 2, represented: 2, stoodFor: 0, leftOut: 0 });
  });

  test('with every state, behaviours decide nothing', () => {
    const plan = new BootPlan(
      names.map((file) => member(file)),
      99,
      false,
    );
    expect(bootAll(plan).booted).toHaveLength(18);
  });
});
