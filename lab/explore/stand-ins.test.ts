import { describe, expect, test } from 'vitest';
import type { Entry } from '../sidecar/client.ts';
import { LookedInto } from './alike.ts';
import type { BootVerdict } from './boot-state.ts';
import { endedAs, formOf, type SoFar, type Stage, StandIns } from './stand-ins.ts';

const STORE = '/state/store.json';
const LOG = '/state/log.12.jsonl';
const file = (path: string, sha256: string, more: Partial<Entry> = {}): Entry => ({
  path,
  type: 'file',
  mode: 0o600,
  size: 2,
  ino: 1,
  uid: 1000,
  nlink: 1,
  mtimeMs: 0,
  ctimeMs: 0,
  sha256,
  ...more,
});
const verdict = (check: string, is: BootVerdict['verdict'], detail = ''): BootVerdict => ({
  check,
  verdict: is,
  detail,
});

const nothing = () => undefined;

/** The form of what a life has left that began with these two files. */
const left = (entries: readonly Entry[], ...verdicts: BootVerdict[]): string =>
  formOf([file(STORE, 'old'), file(LOG, 'torn')], entries, verdicts, nothing);

describe('two folders that lives have left', () => {
  const one = [file(STORE, 'a'), file(LOG, 'b')];

  test.each<[string, readonly Entry[]]>([
    ['the bytes of what was written', [file(STORE, 'c'), file(LOG, 'd')]],
    ['ids in names, and how many there are', [...one, file('/state/log.13.jsonl', 'b')]],
    ['their order', [...one].reverse()],
  ])('are of one form where they differ in %s', (_, other) => {
    expect(left(other)).toBe(left(one));
  });

  test.each<[string, readonly Entry[]]>([
    ['a file that is left over', [...one, file('/state/store.json.4711.tmp', 'x')]],
    ['a file that is gone', [file(STORE, 'a')]],
    ['one that is empty', [file(STORE, 'a', { size: 0 }), file(LOG, 'b')]],
    ['one that is as it was planted', [file(STORE, 'a'), file(LOG, 'torn')]],
    ['a mode', [file(STORE, 'a', { mode: 0o400 }), file(LOG, 'b')]],
    ['a folder in place of a file', [file(STORE, 'a'), { ...file(LOG, 'b'), type: 'directory' }]],
  ])('are of two forms where they differ in %s', (_, other) => {
    expect(left(other)).not.toBe(left(one));
  });

  test.each([
    { are: 'two forms', with: 'nothing in common', alike: undefined },
    { are: 'one form', with: 'something in common', alike: 'whole' },
  ])('are of $are where a file that is as it was planted has other bytes, and $with', ({ are, alike }) => {
    const withLog = (bytes: string) =>
      formOf([file(STORE, 'old'), file(LOG, bytes)], [file(STORE, 'a'), file(LOG, bytes)], [], () => alike);
    expect(withLog('cut') === withLog('torn')).toBe(are === 'one form');
  });

  test('are of two forms where a file is as it was planted in one, and written in the other', () => {
    const planted = [file(STORE, 'old'), file(LOG, 'torn')];
    const asItWas = formOf(planted, planted, [], () => 'whole');
    expect(formOf(planted, [file(STORE, 'old'), file(LOG, 'b')], [], () => 'whole')).not.toBe(asItWas);
    expect(formOf(planted, planted, [], () => 'not opened')).not.toBe(asItWas);
  });

  test('are of two forms where the lives came to something else, or are not known for another reason', () => {
    expect(left(one, verdict('boots', 'held'))).not.toBe(left(one, verdict('boots', 'violated')));
    expect(left(one, verdict('boots', 'held', '3 ms'))).toBe(left(one, verdict('boots', 'held', '4 ms')));
    const unknown = (why: string) => left(one, verdict('store-valid', 'inconclusive', why));
    expect(unknown('its content was not kept')).not.toBe(unknown('no write was sent'));
  });
});

const always = () => true;

describe('lives that are ended early', () => {
  const life = (name: string, ...verdicts: BootVerdict[]) => ({ name, verdicts, lookedInto: new LookedInto() });
  const forms = (boot: string, turn?: string, ...verdicts: BootVerdict[]) =>
    new Map<Stage, SoFar>([
      ['boot', { form: boot, verdicts }],
      ...(turn === undefined ? [] : [['turn', { form: turn, verdicts }] as [Stage, SoFar]]),
    ]);
  const held = verdict('serves', 'held', 'after 3 ms');
  /** As of one that is not lived further then. */
  const further = async (all: StandIns, stage: Stage, form: string) => {
    const standIn = await all.at(stage, form, always);
    if (standIn === undefined) all.ended(new Map([[stage, { form, verdicts: [] }]]));
    return standIn;
  };

  test('are stood for when two of a form ended in order, at each stage by itself', async () => {
    const all = new StandIns(true);
    all.lived(forms('a', 'x'), life('1', held), true);
    expect(await further(all, 'boot', 'a')).toBeUndefined();
    all.lived(forms('b', 'x'), life('2', held, verdict('no-orphans', 'not-applicable')), true);
    expect(await further(all, 'boot', 'a')).toBeUndefined();
    expect(await further(all, 'boot', 'x')).toBeUndefined();
    expect((await all.at('turn', 'x', always))?.name).toBe('1');
    // One that had its turn, and was ended then.
    all.lived(forms('a'), life('3', held), false);
    expect((await all.at('boot', 'a', always))?.name).toBe('1');
    expect(all.counts).toEqual({ whole: 2, boot: 1, turn: 1 });
  });

  test.each(['violated', 'inconclusive', 'missed'] as const)(
    'are all whole of a form of which one was %s, also where that comes late',
    async (is) => {
      const all = new StandIns(true);
      for (const name of ['1', '2', '3']) all.lived(forms('a'), life(name, held), true);
      all.lived(forms('a'), life('4', held, verdict('boots', is)), true);
      all.lived(forms('a'), life('5', held), true);
      expect(await further(all, 'boot', 'a')).toBeUndefined();
    },
  );

  test('are stood for where what is wrong was wrong before, and stays so', async () => {
    const all = new StandIns(true);
    const orphan = verdict('no-orphans', 'violated', 'one is left');
    for (const name of ['1', '2']) all.lived(forms('a', undefined, orphan), life(name, held, orphan), true);
    const standIn = await all.at('boot', 'a', always);
    expect(standIn?.name).toBe('1');
    const own = verdict('no-orphans', 'violated', 'another is left');
    expect(endedAs(standIn ?? life(''), [verdict('serves', 'inconclusive'), own])).toEqual([
      { ...held, detail: 'as on the state 1: after 3 ms' },
      own,
    ]);
    for (const name of ['1', '2']) all.lived(forms('b'), life(name, held, orphan), true);
    expect(await further(all, 'boot', 'b')).toBeUndefined();
  });

  test('wait while two of their form are being lived to their ends', async () => {
    const all = new StandIns(true);
    expect(await all.at('boot', 'a', always)).toBeUndefined();
    expect(await all.at('boot', 'a', always)).toBeUndefined();
    const said: string[] = [];
    const third = all.at('boot', 'a', always).then((standIn) => said.push(standIn?.name ?? 'lived'));
    // One of another form waits for nobody.
    expect(await all.at('boot', 'b', always)).toBeUndefined();
    for (const name of ['1', '2']) {
      expect(said).toEqual([]);
      all.lived(forms('a'), life(name, held), true);
      all.ended(forms('a'));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await third;
    expect(said).toEqual(['1']);
  });

  test('are lived further at once where lives are short', async () => {
    const all = new StandIns(true);
    for (const _of of ['1', '2', '3']) expect(await all.at('boot', 'a', () => false)).toBeUndefined();
  });

  test.each<[string, (all: StandIns) => void]>([
    [
      'something more went wrong in one',
      (all) => all.lived(forms('a'), life('1', verdict('serves', 'violated')), true),
    ],
    ['the lab failed in one, and nothing is known of it', () => undefined],
  ])('are lived further where they waited, and %s', async (_, came) => {
    const all = new StandIns(true);
    for (const _of of ['1', '2']) expect(await all.at('boot', 'a', always)).toBeUndefined();
    const third = all.at('boot', 'a', always);
    came(all);
    all.ended(forms('a'));
    expect(await third).toBeUndefined();
  });

  test('are none where every state is to be booted', async () => {
    const all = new StandIns(false);
    for (const name of ['1', '2', '3']) all.lived(forms('a'), life(name, held), true);
    expect(await further(all, 'boot', 'a')).toBeUndefined();
  });

  test('come to what was seen of them, and for the rest to what the other one came to', () => {
    const own = [
      verdict('boots', 'inconclusive', 'only 1 of the 2 boots'),
      verdict('acked-durable', 'violated', 'lost'),
      verdict('no-orphans', 'held', 'nothing'),
      verdict('store-valid', 'inconclusive', 'never read'),
    ];
    const other = life(
      '1',
      verdict('boots', 'held', '3 ms'),
      verdict('acked-durable', 'held'),
      verdict('no-orphans', 'not-applicable'),
    );
    expect(endedAs(other, own)).toEqual([
      verdict('boots', 'held', 'as on the state 1: 3 ms'),
      verdict('acked-durable', 'violated', 'lost'),
      verdict('no-orphans', 'held', 'nothing'),
      verdict('store-valid', 'inconclusive', 'never read'),
    ]);
  });
});
