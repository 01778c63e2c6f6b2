import { PREFERRED_NODE } from '../../lab/image/npm.ts';
import type { ImageRecipe } from '../../lab/image/recipe.ts';
import { nodeImage } from '../node/recipe.ts';

const SOURCES = [
  'clock',
  'collections',
  'commands',
  'control',
  'conversation',
  'database',
  'disk',
  'drive',
  'driver',
  'failure',
  'fields',
  'glob',
  'heap',
  'heap-snapshot',
  'identity',
  'inspector',
  'lines',
  'main',
  'pass-time',
  'provider',
  'requests',
  'restore',
  'runner',
  'state',
  'stream-exchange',
  'template',
];

export const sidecarImage: ImageRecipe = {
  name: 'sidecar',
  folder: 'sidecar',
  files: SOURCES.map((name) => `${name}.ts`),
  from: { BASE: nodeImage(PREFERRED_NODE) },
};
