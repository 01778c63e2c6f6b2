import { existsSync, readdirSync, statSync } from 'node:fs';
import { registerHooks } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { add } from '../known.ts';
import { describe, Problem } from '../problem.ts';
import { asSystem } from './as-system.ts';
import { Config } from './definition.ts';

const NAMES = ['ts', 'mts', 'js', 'mjs'].map((ending) => `midwrite.config.${ending}`);

const configIn = (folder: string): string | undefined =>
  NAMES.map((name) => path.join(folder, name)).find((file) => existsSync(file));

/** The config of a folder, or of the nearest one above it. */
export function findConfig(from: string): string | undefined {
  for (let folder = path.resolve(from); ; folder = path.dirname(folder)) {
    const found = configIn(folder);
    if (found !== undefined) return found;
    if (path.dirname(folder) === folder) return undefined;
  }
}

/**
 * The configs that a path names: a file, a folder with one, or a folder whose folders have one each.
 * @throws Problem bad-usage: there is none
 */
export function configsAt(place: string): string[] {
  const full = path.resolve(place);
  if (!existsSync(full))
    throw new Problem('bad-usage', `${place} does not exist. --config takes a config file, or a folder that has one.`);
  if (!statSync(full).isDirectory()) return [full];
  const own = configIn(full);
  if (own !== undefined) return [own];
  const below = readdirSync(full)
    .sort()
    .flatMap((name) => configIn(path.join(full, name)) ?? []);
  if (below.length === 0)
    throw new Problem('bad-usage', `${place} has no midwrite.config.ts, nor has any folder in it.`);
  return below;
}

/** Configs that this process has read. */
const loaded = new Set<string>();

let isHooked = false;

/** A config imports `midwrite`: it gets the midwrite that reads it, whether one is installed beside it or not. */
function hookImports(): void {
  if (isHooked) return;
  isHooked = true;
  const own = new URL(import.meta.url.endsWith('.ts') ? '../index.ts' : '../index.js', import.meta.url).href;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'midwrite' ? { url: own, shortCircuit: true } : next(specifier, context),
  });
}

/**
 * Reads configs and makes what they define known to this process.
 * @throws Problem bad-definition: it can't be loaded, or something in it is wrong; the message says where
 */
export async function loadConfigs(files: readonly string[]): Promise<void> {
  hookImports();
  for (const file of files) {
    if (loaded.has(file)) continue;
    loaded.add(file);
    const { systems, checks = [], faults = [] } = await readConfig(file);
    const folder = path.dirname(file);
    add({ systems: systems.map((one) => asSystem(one, folder)), checks, faults });
  }
}

async function readConfig(file: string): Promise<Config> {
  const shown = path.relative(process.cwd(), file);
  let module: { default?: unknown };
  try {
    module = (await import(pathToFileURL(file).href)) as { default?: unknown };
  } catch (error) {
    throw new Problem('bad-definition', `${shown} can't be loaded: ${describe(error)}`, { cause: error });
  }
  if (module.default === undefined)
    throw new Problem('bad-definition', `${shown} has no default export. Write export default defineConfig({ … }).`);
  return parseConfig(module.default, shown);
}

/**
 * @param where the file, for the message
 * @throws Problem bad-definition, with the path of the field
 */
export function parseConfig(value: unknown, where: string): Config {
  const parsed = Config.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = deepest(parsed.error.issues[0]);
  const at = issue.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  throw new Problem('bad-definition', `${where}: ${at.replace(/^\./, '') || 'the config'}: ${issue.message}`, {
    cause: parsed.error,
  });
}

interface Issue {
  path: PropertyKey[];
  message: string;
  code?: string | undefined;
  errors?: Issue[][];
}

/** Of a union the branch that came furthest says what is wrong. */
function deepest(issue: Issue | undefined): Issue {
  if (issue === undefined) return { path: [], message: 'it is not valid' };
  if (issue.code !== 'invalid_union' || issue.errors === undefined) return issue;
  const inner = issue.errors
    .flatMap((branch) => branch[0] ?? [])
    .map(deepest)
    .sort(
      (a, b) =>
        b.path.length - a.path.length ||
        Number(b.code === 'unrecognized_keys') - Number(a.code === 'unrecognized_keys'),
    )[0];
  return inner === undefined ? issue : { ...inner, path: [...issue.path, ...inner.path] };
}
