/**
 * Text that came out of a container, made harmless for a terminal or a page of Markdown: control characters (which can move the cursor, set a title,
 * or hide a line) become visible.
 */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to be found
  return text.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return `\\u${code.toString(16).padStart(4, '0')}`;
  });
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
