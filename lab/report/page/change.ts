import type { CellChange, Change } from '../compare.ts';

/** The marks of a comparison, readable without colours. */
export const CHANGE_SIGNS: Readonly<Record<Change, string>> = {
  'newly-broken': '▲',
  'newly-fixed': '▼',
  gone: '−',
  added: '+',
  changed: '≠',
  same: '=',
};
export const CHANGE_WORDS: Readonly<Record<Change, string>> = {
  'newly-broken': 'newly broken',
  'newly-fixed': 'newly fixed',
  gone: 'gone',
  added: 'added',
  changed: 'changed',
  same: 'the same',
};

/** `held → violated; no-orphans held → violated`. */
export function inWords({ before, after, checks }: CellChange): string {
  const each = checks.map((check) => `${check.id} ${check.before ?? 'not judged'} → ${check.after ?? 'not judged'}`);
  const whole =
    before?.verdict === after?.verdict ? [] : [`${before?.verdict ?? 'not run'} → ${after?.verdict ?? 'not run'}`];
  return [...whole, ...each].join('; ');
}
