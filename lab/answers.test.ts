import { describe, expect, test } from 'vitest';
import { type AnswerTemplate, differs, inOneOrder, isTemplate, learnAnswer, unlikeInWords } from './answers.ts';

function learned(...looks: string[]): AnswerTemplate {
  const template = learnAnswer(looks);
  if (!isTemplate(template)) throw new Error(`not learned: ${unlikeInWords(template)}`);
  return template;
}

const post = (title: string, id: string, at: string) => JSON.stringify([{ title, id, at }]);

describe('what differs from look to look is masked', () => {
  test('ids and times in JSON', () => {
    const template = learned(
      post('a', '9f1c-11', '2026-11-25T10:00:00.1Z'),
      post('a', '77ab-42', '2026-11-25T11:30:00.9Z'),
    );
    expect(differs(template, post('a', 'c0de-00', '2027-01-01T00:00:00.0Z'))).toBeUndefined();
    expect(differs(template, post('b', 'c0de-00', '2027-01-01T00:00:00.0Z'))).toEqual({
      missing: ['$[0].title = "a"'],
      added: ['$[0].title = "b"'],
    });
  });

  test('keys that are ids', () => {
    const template = learned('{"x1":{"t":"a"}}', '{"y2":{"t":"a"}}');
    expect(differs(template, '{"z3":{"t":"a"}}')).toBeUndefined();
    expect(differs(template, '{"z3":{"t":"b"}}')).toBeDefined();
  });

  test('an age in a table, and the width of its column', () => {
    const template = learned('ID Age  Text\n 1 1s   milk', 'ID Age  Text\n 1 2s   milk');
    expect(differs(template, 'ID Age   Text\n 1 12min milk\n')).toBeUndefined();
    expect(differs(template, 'ID Age  Text')).toEqual({ missing: ['1 \u2039time\u203a milk'], added: [] });
  });

  test('an age that is none at first, and the line below the head of its column', () => {
    const template = learned('ID Age  Text\n-- ---- ----\n 1 -    milk', 'ID Age  Text\n-- --- ----\n 1 2s   milk');
    expect(differs(template, 'ID Age   Text\n-- ----- ----\n 1 12min milk\n')).toBeUndefined();
    expect(differs(template, 'ID Age   Text\n-- ----- ----\n 1 12min beer\n')).toBeDefined();
  });

  test('order, where it was seen to change', () => {
    const template = learned('a\nb\nc', 'c\na\nb');
    expect(differs(template, 'b\nc\na')).toBeUndefined();
    expect(differs(template, 'b\nc')).toEqual({ missing: ['a'], added: [] });
    expect(differs(template, 'b\nc\na\na')).toEqual({ missing: [], added: ['a'] });
  });
});

test('an order that one answer of a read has not, the other has not either: two lines come alike by chance', () => {
  const [one, other] = [learned('a\nb', 'a\nb'), learned('a\nb\nc', 'c\na\nb')];
  const [before, after] = inOneOrder([one, other]);
  expect(differs(before, 'b\na')).toBeUndefined();
  expect(differs(after, 'b\na\nc')).toBeUndefined();
  expect(inOneOrder([one, one])).toEqual([one, one]);
});

describe('what did not differ is compared to the letter', () => {
  test.each([
    ['one more line', 'a\nb', 'a\nb\nb'],
    ['one line less', 'a\nb', 'a'],
    ['another order', 'a\nb', 'b\na'],
    ['half a line', 'hello world', 'hello wor'],
    ['nothing at all', 'a', ''],
    ['text in place of JSON', '{"a":1}', 'Error: cannot parse'],
    ['a number', '{"a":1}', '{"a":2}'],
    ['signs of a pattern', 'a.c (x)*', 'abc (x)*'],
  ])('%s', (_, right, wrong) => {
    expect(differs(learned(right), right)).toBeUndefined();
    expect(differs(learned(right), wrong)).toBeDefined();
  });

  test('a mask does not take the line that another one needs', () => {
    const template = learned('id 1\nid x9\nid done', 'id 2\nid y7\nid done');
    expect(differs(template, 'id 3\nid z1\nid done')).toBeUndefined();
    expect(differs(template, 'id 3\nid z1\nid 4 5')).toBeDefined();
  });
});

test('answers that differ in more than words are not learned from', () => {
  expect(learnAnswer(['a\nb', 'a'])).toEqual({ missing: ['b'], added: [] });
  expect(learnAnswer(['{"a":1}', 'no'])).toEqual({ missing: ['$.a = 1'], added: ['no'] });
});

test('what an answer lacks is said in words', () => {
  expect(unlikeInWords({ missing: ['a', 'b', 'c', 'd'], added: ['x'.repeat(200)] })).toBe(
    `it lacks "a", "b", "c" and 1 more; it has "${'x'.repeat(80)}…"`,
  );
});
