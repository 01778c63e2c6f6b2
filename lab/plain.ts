// biome-ignore-start lint/suspicious/noControlCharactersInRegex: these are what is to be found
const COLOURS = /\u001b\[[\d;]*m/g;
const UNSEEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: these are what is to be found

/**
 * Text that came out of a container, made harmless for a terminal or a page of Markdown: control characters (which can move the cursor, set a title,
 * or hide a line) become visible, but for colours, which are no part of what it says.
 */
export function plain(text: string): string {
  return text
    .replaceAll(COLOURS, '')
    .replaceAll(UNSEEN, (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
}

/** `1 call`, `2 calls`. */
export const several = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

/** File names and log lines are a program's under test; in Markdown they must be text and nothing else. */
export function markdownText(text: string): string {
  return plain(text)
    .replaceAll(/[\\`*_{}[\]<>()#+!|~&]/g, (char) => `\\${char}`)
    .replaceAll('\\<', '&lt;')
    .replaceAll('\\>', '&gt;')
    .replaceAll('\n', '<br>');
}
