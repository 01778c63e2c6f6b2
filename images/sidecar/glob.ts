const SPECIAL = /[\\^$.*+?()[\]{}|/]/g;

/**
 * A pattern over an absolute path, with writegate's grammar so that one pattern means the same in both:
 *
 *     **     any characters, `/` among them; a whole `**` folder (as in `/state/**` + `/x`) may also stand for none
 *     *      any characters but `/`, a leading dot too (OpenClaw's state is in `.openclaw`: Node's own globs skip it)
 *     ?      one character but `/`
 *     other  itself
 */
export function globToRegExp(glob: string): RegExp {
  const source = glob.replace(/\/\*\*(?=\/)|\*+|\?|[^*?/]+|\//g, (part) => {
    if (part === '/**') return '(?:/.*)?';
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    return part.startsWith('*') ? '.*' : part.replace(SPECIAL, '\\$&');
  });
  return new RegExp(`^${source}$`, 's');
}
