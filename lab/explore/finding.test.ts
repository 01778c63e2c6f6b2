import { expect, test } from 'vitest';
import { SmallRecord } from '../test/small-record.ts';
import { findings, isSameCause, notSaidOf, type Violation } from './finding.ts';

const violation = (check: string, detail: string, step = 0): Violation => ({
  check,
  detail,
  digest: 'x',
  origin: { model: 'process-crash', step },
  paths: new Map(),
  onExt4: false,
});

test('what was wrong before a recovery began is no finding of the recovery', () => {
  const before = [violation('no-orphans', 'it did not remove /state/a.1.tmp (looked 512 ms after it was ready)')];
  const again = violation('no-orphans', 'it did not remove /state/a.1.tmp (looked 730 ms after it was ready)');
  const another = violation('no-orphans', 'it did not remove /state/b.1.tmp (looked 730 ms after it was ready)');
  const ofAnother = violation('sweep-on-boot', again.detail);
  expect(notSaidOf(before, [again, another, ofAnother])).toEqual([another, ofAnother]);
});

test('an orphan that is there while another file is written has the cause of the first', () => {
  const temp = (id: string) => `/state/store.json.${id}.tmp`;
  const { record } = new SmallRecord().create(temp('1')).create('/state/lock').create('/state/x');
  const orphan = (id: string, step: number) =>
    violation('no-orphans', `1 orphan with ${step} bytes left: ${temp(id)}`, step);
  const found = findings(record, [orphan('1', 1), orphan('2', 2), orphan('3', 3)], () => true);
  expect(found.map(({ step, states }) => [step, states])).toEqual([[1, 1]]);
  const other = violation('no-orphans', '1 orphan with 2 bytes left: /state/lock.1.tmp', 2);
  const ofTwo = findings(record, [orphan('1', 1), other], () => true);
  expect(ofTwo).toHaveLength(2);
  const [one, two] = ofTwo as [(typeof ofTwo)[0], (typeof ofTwo)[0]];
  const [again] = findings(record, [orphan('4', 3)], () => true) as [typeof one];
  expect(isSameCause(one, again)).toBe(true);
  expect(isSameCause(two, again)).toBe(false);
});

test('what names no file is told apart by the file that was written', () => {
  const { record } = new SmallRecord().create('/state/a').create('/state/b');
  const lost = (step: number) => violation('serves', 'turn 1 was not answered', step);
  expect(findings(record, [lost(1), lost(2)], () => true)).toHaveLength(2);
});

test('what is lost beside a crash that breaks the promise by itself is no cause', () => {
  const { record } = new SmallRecord()
    .create('/state/log')
    .truncate('/state/store.json')
    .write('/state/store.json', 'x');
  const empty = violation('serves', 'the store is empty', 2);
  const change = { folders: ['/state'], added: { path: '/state/log', id: 9 }, step: 0, op: 'create', replaces: false };
  const losses = [{ kind: 'name' as const, change }];
  const beside = { ...empty, digest: 'y', origin: { model: 'power-loss' as const, step: 2, losses, onExt4: true } };
  const later = { ...beside, digest: 'z', origin: { ...beside.origin, step: 3 } };
  const found = findings(record, [beside, later, empty], () => true);
  expect(found.map(({ model, step, states }) => [model, step, states])).toEqual([
    ['process-crash', 2, 2],
    ['power-loss', 3, 1],
  ]);
});

test('what is said of the folder that the record began with is one finding, wherever it is said again', () => {
  const { record } = new SmallRecord().create('/state/a').create('/state/b');
  const gone = (what: string, step: number) => ({
    ...violation('upgrade-keeps', `it has no more: ${what}`, step),
    digest: `${step}`,
  });
  const change = { folders: ['/state'], added: { path: '/state/a', id: 9 }, step: 0, op: 'create', replaces: false };
  const losses = [{ kind: 'name' as const, change }];
  const unpowered = { ...gone('a job', 3), origin: { model: 'power-loss' as const, step: 1, losses, onExt4: true } };
  const all = [gone('a job', 2), gone('a job, a session', 2), gone('a job', 1), unpowered, gone('a job', 0)];
  expect(findings(record, all, () => true).map(({ cause, detail, states }) => [cause, detail, states])).toEqual([
    ['already before call 1 (create /state/a)', 'it has no more: a job', 4],
    ['behind call 2 (create /state/b) and before the end', 'it has no more: a job, a session', 1],
  ]);
});
