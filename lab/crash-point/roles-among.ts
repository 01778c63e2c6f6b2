import { type Roles, roleOf } from './places.ts';

/** Six random characters and more in which small and capital letters are mixed as no word has them. */
const MIXED = /^(?=.*[a-z])(?=.*[A-Z])(?![A-Z]?[a-z]+$)[A-Za-z0-9]{6,}$/;
/** As many that may be a word. */
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
    const slash = file.lastIndexOf('/');
    if (slash === -1) return file;
    const folder = folderOf(file.slice(0, slash));
    return `${folder}/${withDigits(file.slice(slash + 1), templates.get(roleOf(folder, true)))}`;
  };
  const folderOf = (folder: string): string => {
    const there = known.get(folder) ?? plainly(folder);
    known.set(folder, there);
    return there;
  };
  const all = [...new Set([...files].flatMap(withFolders))].sort((a, b) => depthOf(a) - depthOf(b));
  // What is in a folder comes after all that lies beside it.
  for (const [file, folder, name] of all.map(
    (one) => [one, one.slice(0, one.lastIndexOf('/')), one.slice(one.lastIndexOf('/') + 1)] as const,
  )) {
    if (file === '') continue;
    const role = roleOf(folderOf(folder), true);
    const parts = name.split(SIGNS);
    for (const [index, part] of parts.entries())
      if (MIXED.test(part) && isNamed(parts, index))
        templates.set(role, (templates.get(role) ?? new Set()).add(templateOf(parts, index)));
  }
  known.clear();
  return (file, isFolder = false) => roleOf(plainly(file), isFolder);
}

const depthOf = (file: string): number => file.split('/').length;

/** A path and those of all folders that it is in. */
const withFolders = (file: string): string[] =>
  file.split('/').map((_, index, names) => names.slice(0, index + 1).join('/'));

const withoutNumbers = (part: string): string => (/\d/.test(part) ? '*' : part);

/** A name as it is whatever the random part says, which has so many signs. */
const templateOf = (parts: readonly string[], index: number): string =>
  parts.map((part, at) => (at === index ? `<${part.length}>` : withoutNumbers(part))).join('');

/** Something else in the name says what it is: a folder of nothing but random names may have one that is a word. */
const isNamed = (parts: readonly string[], index: number): boolean =>
  parts.some((part, at) => at !== index && /[A-Za-z]{2}/.test(part) && !/\d/.test(part) && !MIXED.test(part));

function withDigits(name: string, templates: ReadonlySet<string> | undefined): string {
  if (templates === undefined) return name;
  const parts = name.split(SIGNS);
  return parts
    .map((part, index) =>
      LETTERS.test(part) && templates.has(templateOf(parts, index)) ? '0'.repeat(part.length) : part,
    )
    .join('');
}
