import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';
import { raw } from 'hono/html';
import { packageFolder } from '../../package-folder.ts';
import { html, type Markup } from './markup.ts';

/** What a reader opens from the first screen: a cell's page, or a scenario's. */
export interface Subpage {
  /** `cell/ID`, `scenario/NAME` or `exploration/ID`. */
  name: string;
  content: PackedPage;
}

declare const packed: unique symbol;
/** A page's HTML, compressed (raw deflate) and in base64. */
export type PackedPage = string & { readonly [packed]: true };

/** Most of what is in a page is in the next one too; a middle level of zlib is half as fast again as the highest and nearly as small. */
const LEVEL = 6;

export async function pack(page: Markup): Promise<PackedPage> {
  const bytes = await promisify(deflateRaw)(Buffer.from(page.toString()), { level: LEVEL });
  return bytes.toString('base64') as PackedPage;
}

const read = (name: string) => readFileSync(path.join(packageFolder, 'lab/report/page', name), 'utf8');
const style = read('style.css');
const script = read('script.js');
const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/**
 * Nothing is loaded, nothing is sent, and no script and no style runs but these two, by their hashes: what a program under test logs or calls its files
 * can't become either. https://www.w3.org/TR/CSP3/
 */
const policy = [
  `default-src 'none'`,
  `script-src ${hash(script)}`,
  `style-src ${hash(style)}`,
  'img-src data:',
  `base-uri 'none'`,
  `form-action 'none'`,
].join('; ');

/** The whole file. */
export function htmlDocument(title: string, first: Markup, pages: readonly Subpage[]): string {
  const whole = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${raw(style)}</style>
</head>
<body>
<header class="top"><h1>${title}</h1></header>
${first}
<main id="detail" hidden>
<nav aria-label="Cells"><a id="back" href="#">← Fault matrix</a> <a id="previous" href="#">↑ previous</a> <a id="next" href="#">↓ next</a></nav>
<div id="page"></div>
</main>
<noscript><p class="note">The matrix is all there; the pages of its cells need scripts. The same is in matrix.md and in cells/ beside this file.</p></noscript>
${pages.map(
  ({ name, content }) => html`<script type="text/plain" data-page="${name}">${raw(content)}</script>
`,
)}<script>${raw(script)}</script>
</body>
</html>
`;
  return whole.toString();
}
