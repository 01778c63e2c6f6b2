import { isRandom, type Op, type Roles, roleOf } from './places.ts';
import { withoutNumber } from './write-shape.ts';

/** As many letters as a random part has, which may be a word. */
const LETTERS = /^[A-Za-z]{6,}$/;
const SIGNS = /([._~-])/;

/**
 * The roles of files that are seen together. Of the random names of mkdtemp(3), which a program makes by the dozen, one in eighty looks like a word
 * (`copy-lkpcoz`): beside another in the same folder that differs in nothing else and can't be one (`copy-Nq4rNx`), it is none.
 */
export function rolesAmong(files: Iterable<string>): Roles {
  const templates = new Map<string, Set<string>>();
  const known = new Map<string, string>();
  /** A path in which each name that is random among its siblings has digits in place of what is. */
  const plainly = (file: string): string => {
    if (!file.includes('/')) return file;
    const folder = folderOf(aboveOf(file));
    return `${folder}/${withDigits(nameOf(file), templates.get(roleOf(folder, true)))}`;
  };
  const folderOf = (folder: string): string => {
    const there = known.get(folder) ?? plainly(folder);
    known.set(folder, there);
    return there;
  };
  const all = [...new Set([...files].flatMap(withFolders))].sort((a, b) => depthOf(a) - depthOf(b));
  // What is in a folder comes after all that lies beside it.
  for (const file of all) {
    const role = roleOf(folderOf(aboveOf(file)), true);
    const parts = nameOf(file).split(SIGNS);
    for (const [index, part] of parts.entries())
      if (isRandom(part) && isNamed(parts, index))
        templates.set(role, (templates.get(role) ?? new Set()).add(templateOf(parts, index)));
  }
  known.clear();
  const roles = new Map<string, string>();
  return (file, isFolder = false) => {
    const key = `${isFolder} ${file}`;
    const role = roles.get(key) ?? roleOf(plainly(file), isFolder);
    roles.set(key, role);
    return role;
  };
}

type Names = Pick<Op, 'path' | 'to'>;

/** What calls name, with what they rename to. */
export const namedBy = (calls: readonly Names[]): string[] =>
  calls.flatMap(({ path, to }) => (to === undefined ? [path] : [path, to]));

/** Those of the files of some calls. */
export const rolesAmongCalls = (calls: readonly Names[]): Roles => rolesAmong(namedBy(calls));

const aboveOf = (file: string): string => file.slice(0, Math.max(0, file.lastIndexOf('/')));

const nameOf = (file: string): string => file.slice(file.lastIndexOf('/') + 1);

const depthOf = (file: string): number => file.split('/').length;

/** A path and those of all folders that it is in. */
const withFolders = (file: string): string[] =>
  file.split('/').map((_, index, names) => names.slice(0, index + 1).join('/'));

/** A name as it is whatever the random part says, which has so many signs. */
const templateOf = (parts: readonly string[], index: number): string =>
  parts.map((part, at) => (at === index ? `<${part.length}>` : withoutNumber(part))).join('');

/** Something else in the name says what it is: a folder of nothing but random names may have one that is a word. */
const isNamed = (parts: readonly string[], index: number): boolean =>
  parts.some((part, at) => at !== index && /[A-Za-z]{2}/.test(part) && !/\d/.test(part) && !isRandom(part));

function withDigits(name: string, templates: ReadonlySet<string> | undefined): string {
  if (templates === undefined) return name;
  const parts = name.split(SIGNS);
  return parts
    .map((part, index) =>
      LETTERS.test(part) && templates.has(templateOf(parts, index)) ? '0'.repeat(part.length) : part,
    )
    .join('');
}
