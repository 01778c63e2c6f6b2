import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { published, schemaText } from './published.ts';

/** Writes the published schemas: `npm run schemas`. */
const folder = new URL('../../schemas/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const one of published) writeFileSync(fileURLToPath(new URL(one.file, folder)), schemaText(one));
