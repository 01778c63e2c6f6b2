import { expect, test } from 'vitest';
import { globToRegExp } from './glob.ts';

test.each([
  ['/state/sessions.json', '/state/sessions.json', true],
  ['/state/sessions.json', '/state/sessionsxjson', false],
  ['/state/*.tmp', '/state/sessions.json.1.tmp', true],
  ['/state/*', '/state/.openclaw', true],
  ['/state/*.tmp', '/state/deep/x.tmp', false],
  ['/state/?', '/state/a', true],
  ['/state/a?b', '/state/a/b', false],
  ['/state/**/sessions.json', '/state/.openclaw/agents/main/sessions.json', true],
  ['/state/**/sessions.json', '/state/sessions.json', true],
  ['/state/**/sessions.json', '/state/xsessions.json', false],
  ['/state/**', '/state/a/b/c', true],
  ['/**', '/state/a', true],
  ['/state/a+(b)[c]', '/state/a+(b)[c]', true],
  ['/state/a\nb*', '/state/a\nbc', true],
])('%s over %s is %s', (glob, path, matches) => {
  expect(globToRegExp(glob).test(path)).toBe(matches);
});
