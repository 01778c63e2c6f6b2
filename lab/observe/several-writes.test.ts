import { describe, expect, test } from 'vitest';
import { type AnswerTemplate, learnAnswer } from '../answers.ts';
import type { Answers } from '../system.ts';
import { lostOfSeveral, notOfSeveral } from './several-writes.ts';

const answersOf = (before: string, after: string, several: 'all' | 'last'): Answers => ({
  before: learnAnswer([before]) as AnswerTemplate,
  after: learnAnswer([after]) as AnswerTemplate,
  showsText: true,
  atRest: [],
  several,
});
const posts = (...names: string[]) =>
  JSON.stringify(names.map((name, index) => ({ title: `midwrite-${name}`, id: index + 1 })));
const list = answersOf(posts('warm'), posts('warm', 'struck'), 'all');
const write = (name: string) => ({ name, text: `midwrite-${name}` });

describe('a list that several writes are added to', () => {
  test.each([
    ['none of them', posts('warm')],
    ['one of them', posts('warm', 'struck-3')],
    ['all of them, in any order', posts('warm', 'struck-2', 'struck-1', 'struck-3')],
  ])('%s', (_, answer) => {
    expect(notOfSeveral(list, answer)).toBeUndefined();
  });

  test.each([
    ['half of one', posts('warm', 'str'), /midwrite-str"", which no whole write leaves/],
    ['one of them without its id', JSON.stringify([{ title: 'midwrite-warm' }]), /lacks.*id/],
    ['what was there before is gone', posts('struck-1'), /lacks.*midwrite-warm/],
    ['nothing', '[]', /"\$ = \[\]"/],
  ])('%s is wrong', (_, answer, wrong) => {
    expect(notOfSeveral(list, answer)).toMatch(wrong);
  });

  test('each that was acknowledged must be there', () => {
    const acknowledged = [write('warm'), write('struck-1')];
    expect(lostOfSeveral('all', acknowledged, posts('warm', 'struck-1'))).toBeUndefined();
    expect(lostOfSeveral('all', acknowledged, posts('warm', 'struck-2'))).toEqual(write('struck-1'));
  });

  test('a text that is filled up is whole or it is not', () => {
    const filled = (name: string, bytes = 60) => `midwrite-${name}`.padEnd(60, 'x').slice(0, bytes);
    const long = answersOf(filled('warm'), `${filled('warm')}\n${filled('struck')}`, 'all');
    expect(notOfSeveral(long, `${filled('warm')}\n${filled('struck-2')}`)).toBeUndefined();
    expect(notOfSeveral(long, `${filled('warm')}\n${filled('struck-2', 30)}`)).toMatch(/no whole write leaves/);
    expect(notOfSeveral(long, `${filled('warm')}\nmidwrite-struck-2`)).toMatch(/no whole write leaves/);
  });

  test('a count of them may be any', () => {
    const counted = answersOf('1 midwrite-warm\n1 task', '1 midwrite-warm\n2 midwrite-struck\n2 tasks', 'all');
    expect(notOfSeveral(counted, '1 midwrite-warm\n2 midwrite-struck-2\n3 midwrite-struck-1\n3 tasks')).toBeUndefined();
    expect(notOfSeveral(counted, '1 midwrite-warm\n2 midwr\n3 tasks')).toMatch(/midwr"/);
  });
});

describe('a value that the last write sets', () => {
  const value = answersOf('midwrite-warm', 'midwrite-struck', 'last');

  test('any of them, or the one before', () => {
    expect(notOfSeveral(value, 'midwrite-warm')).toBeUndefined();
    expect(notOfSeveral(value, 'midwrite-struck-2')).toBeUndefined();
    expect(notOfSeveral(value, '')).toMatch(/neither the value before the writes nor one of theirs/);
    expect(notOfSeveral(value, 'midwrite-stru')).toMatch(/no whole write/);
  });

  test('one that was acknowledged is overwritten by another, and by nothing else', () => {
    const acknowledged = [write('warm'), write('struck-1')];
    expect(lostOfSeveral('last', acknowledged, 'midwrite-struck-2')).toBeUndefined();
    expect(lostOfSeveral('last', acknowledged, 'midwrite-warm')).toEqual(write('struck-1'));
    expect(lostOfSeveral('last', [write('warm')], 'midwrite-warm')).toBeUndefined();
    expect(lostOfSeveral('last', [write('warm')], '')).toEqual(write('warm'));
  });
});
