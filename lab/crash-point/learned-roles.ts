import path from 'node:path';
import { type Op, type Roles, roleOf } from './places.ts';

/** A pattern of fewer letters says nothing of which file it is. */
const LEAST_LETTERS = 2;
/** What programs put before a random part of a name without a sign between them. */
const BEFORE_RANDOM = /^(?:te?mp)/;

/**
 * The roles of the files of a write, learned from the same write made twice: by its form alone a random name may look like a word
 * (`.dirstate-qwertzui~`), beside the other one it does not.
 * @param one calls of one of them, in their order
 * @param other of the other
 */
export function learnRoles(one: readonly Op[], other: readonly Op[]): Roles {
  const learned = new Map<string, string>();
  const roles: Roles = (file, isFolder = false) => {
    let role = '';
    const names = roleOf(file, isFolder).split('/').slice(1);
    for (const name of names) role = learned.get(`${role}/${name}`) ?? `${role}/${name}`;
    return role;
  };
  const [mine, others] = [made(one), made(other)];
  // A folder comes before what is made in it, so that its own role is known by then.
  for (const { op, file } of mine) {
    const role = roles(file, op === 'mkdir');
    const isAlike = (name: Made) => name.op === op && path.posix.dirname(roles(name.file)) === path.posix.dirname(role);
    const only = (names: readonly Made[], beside: readonly Made[]) => {
      const there = new Set(beside.filter(isAlike).map((name) => roles(name.file, op === 'mkdir')));
      const left = names.filter(isAlike).map((name) => roles(name.file, op === 'mkdir'));
      return [...new Set(left.filter((name) => !there.has(name)))];
    };
    const [here, there] = [only(mine, others), only(others, mine)];
    if (here.length !== there.length) continue;
    for (const [index, name] of here.entries()) {
      const pattern = commonPattern(name, there[index] ?? name);
      if (pattern === undefined) continue;
      learned.set(name, pattern);
      learned.set(there[index] ?? name, pattern);
    }
  }
  return roles;
}

interface Made {
  op: string;
  file: string;
}

/** What a write makes, and what it renames something to. */
const made = (ops: readonly Op[]): Made[] =>
  ops.flatMap(({ op, path: file, to }) => {
    if (op === 'create' || op === 'mkdir') return [{ op, file }];
    return to === undefined ? [] : [{ op, file: to }];
  });

/** The pattern that both names fit; undefined: they have too little in common to be one file's. */
function commonPattern(one: string, other: string): string | undefined {
  const folder = path.posix.dirname(one);
  const [a, b] = [path.posix.basename(one), path.posix.basename(other)];
  const start = wholeWords(a.slice(0, commonLength(a, b)));
  const end = backwards(wholeWords(backwards(tail(a, start, commonLength(backwards(a), backwards(b))))));
  const pattern = `${start}*${end}`.replaceAll(/\*+/g, '*');
  return pattern.replaceAll('*', '').length < LEAST_LETTERS ? undefined : path.posix.join(folder, pattern);
}

/** So many of the last signs as are no part of what it begins with. */
const tail = (name: string, start: string, length: number): string =>
  length === 0 ? '' : name.slice(Math.max(start.length, name.length - length));

const backwards = (text: string): string => [...text].reverse().join('');

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < Math.min(a.length, b.length) && a[length] === b[length]) length += 1;
  return length;
}

/** Random parts may begin alike by chance: only up to the last sign that is in none. */
const wholeWords = (text: string): string => text.replace(/\w+$/, (word) => BEFORE_RANDOM.exec(word)?.[0] ?? '');
