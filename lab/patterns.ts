import picomatch from 'picomatch';

/** A system has a few patterns, and the temps that were seen of it make a few more; beyond this they are compiled again. */
const KEPT = 1_000;
const compiled = new Map<string, (text: string) => boolean>();

/**
 * Whether a text fits one of the patterns (https://github.com/micromatch/picomatch): paths below a state folder, keys of a store. `**` crosses folders,
 * and a name that begins with a dot is a name like others.
 */
export function fitsPattern(text: string, patterns: string | readonly string[]): boolean {
  return typeof patterns === 'string' ? matcher(patterns)(text) : patterns.some((pattern) => matcher(pattern)(text));
}

function matcher(pattern: string): (text: string) => boolean {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  if (compiled.size >= KEPT) compiled.clear();
  const made = picomatch(pattern, { dot: true });
  compiled.set(pattern, made);
  return made;
}
