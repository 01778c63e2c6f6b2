import { html as tag } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import { plain } from '../../plain.ts';

/** A piece of the page. */
export type Markup = HtmlEscapedString;

type Value = string | number | false | null | undefined | Markup | readonly Value[];

/**
 * A template whose values become text and never markup. Control and bidirectional characters in them become visible as well: names and log lines are
 * a program's under test. Attributes stand in double quotes, always: `<p title="${text}">`.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return tag(strings, ...values.map(harmless)) as Markup;
}

function harmless(value: Value): Value {
  if (typeof value === 'string') return plain(value);
  return Array.isArray(value) ? value.map(harmless) : value;
}
