import { readFileSync } from 'node:fs';
import { packageFile } from './package-folder.ts';

export const midwriteVersion: string = (JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }).version;
