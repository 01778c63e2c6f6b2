import { expect, test } from 'vitest';
import { formatTempName, parseTempName } from './temp-name.ts';

test('a name says who wrote it', () => {
  const temp = { writer: { boot: '0123abcd', pid: 7, startTicks: '123456789' }, serial: 12 };
  expect(formatTempName(temp)).toBe('sessions.json.0123abcd.7.123456789.12.tmp');
  expect(parseTempName(formatTempName(temp))).toEqual(temp);
});

test.each([
  'sessions.json',
  'sessions.json.tmp',
  'sessions.json.7.0123abcd.tmp', // a form of other gateways
  'sessions.json.0123abcd.7.1.tmp',
  'sessions.json.0123abcd.7.1.1.tmp.bak',
  'sessions.json.0123abcd.7.1.1.tmp\n',
  'sessions.json.0123ABCD.7.1.1.tmp',
  'sessions.json.0123abc.7.1.1.tmp',
  'sessions.json.0123abcd.07.1.1.tmp',
  'sessions.json.0123abcd.-7.1.1.tmp',
  'xsessions.json.0123abcd.7.1.1.tmp',
  'sessionsXjson.0123abcd.7.1.1.tmp',
])('%j is not of the form', (name) => {
  expect(parseTempName(name)).toBeUndefined();
});
