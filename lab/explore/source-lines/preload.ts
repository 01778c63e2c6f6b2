import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageFolder } from '../../package-folder.ts';

const FILE = 'lab/explore/source-lines/preload.js';

/**
 * The value of NODE_OPTIONS with which a program runs the preload first. The module is in the URL: no file of it is in the container.
 * @param own what the program has there anyway
 */
export function nodeOptions(own: string | undefined, given: { mark: string; root: string }): string {
  const source = readFileSync(path.join(packageFolder, FILE)).toString('base64');
  const url = `data:text/javascript;base64,${source}#${encodeURIComponent(JSON.stringify(given))}`;
  return [...(own === undefined || own === '' ? [] : [own]), `--import=${url}`].join(' ');
}
