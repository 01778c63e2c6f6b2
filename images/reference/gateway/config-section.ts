import { readFileSync } from 'node:fs';
import { errnoOf } from './log.ts';

/** What the operator wrote is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export type Env = Readonly<Record<string, string | undefined>>;

/**
 * An object of the config file, with the environment over it. It knows which keys it was asked for, so that `end` can refuse
 * the others: a key with a typing mistake must not go unnoticed.
 */
export class ConfigSection {
  readonly #where: string;
  readonly #json: object;
  readonly #env: Env;
  readonly #known: string[] = [];

  private constructor(where: string, json: unknown, env: Env) {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw new UsageError(`${where} must be a JSON object, and is ${JSON.stringify(json)}`);
    }
    this.#where = where;
    this.#json = json;
    this.#env = env;
  }

  /** Of a whole file; without a path there is the environment alone. */
  static read(path: string | undefined, env: Env): ConfigSection {
    if (path === undefined) return new ConfigSection('the configuration', {}, env);
    let json: unknown;
    try {
      json = JSON.parse(readFileSync(path, 'utf8'));
    } catch (error) {
      const why = errnoOf(error) ?? `it is not JSON: ${error instanceof Error ? error.message : String(error)}`;
      throw new UsageError(`the config file ${path} can't be read: ${why}`, { cause: error });
    }
    return new ConfigSection(`the config file ${path}`, json, env);
  }

  section(key: string): ConfigSection {
    const json = this.#inFile(key);
    return new ConfigSection(`${key} in ${this.#where}`, json === undefined ? {} : json, this.#env);
  }

  integer(key: string, variable: string | undefined, fallback: number, min: number, max: number): number {
    return this.#read(key, variable, fallback, `a whole number from ${min} to ${max}`, (value) =>
      isIntegerBetween(value, min, max) ? value : undefined,
    );
  }

  /** 0 or more, or null. */
  integerOrNull(key: string, variable: string | undefined, fallback: number | null, max: number): number | null {
    return this.#read(key, variable, fallback, `a whole number from 0 to ${max} or null`, (value) =>
      value === null || isIntegerBetween(value, 0, max) ? value : undefined,
    );
  }

  httpUrl(key: string, variable: string, fallback: string): URL {
    return this.#read(key, variable, new URL(fallback), 'an http:// address', (value) => {
      const url = typeof value === 'string' ? URL.parse(value) : null;
      return url?.protocol === 'http:' ? url : undefined;
    });
  }

  absolutePath(key: string, variable: string, fallback: string): string {
    return this.#read(key, variable, fallback, 'an absolute path', (value) =>
      typeof value === 'string' && value.startsWith('/') && !value.includes('\0') ? value : undefined,
    );
  }

  /** All was asked for that there is: what is left is a mistake. */
  end(): void {
    const unknown = Object.keys(this.#json).find((key) => !this.#known.includes(key));
    if (unknown === undefined) return;
    const known = this.#known.join(', ');
    throw new UsageError(`unknown key ${JSON.stringify(unknown)} in ${this.#where}; there are: ${known}`);
  }

  /** The environment goes before the file, the file before the fallback. */
  #read<T>(
    key: string,
    variable: string | undefined,
    fallback: T,
    expected: string,
    accept: (value: unknown) => T | undefined,
  ): T {
    const inFile = this.#inFile(key);
    const inEnv = variable === undefined ? undefined : fromText(this.#env[variable]);
    const written = inEnv ?? inFile;
    if (written === undefined) return fallback;
    const value = accept(written);
    if (value !== undefined) return value;
    const where = inEnv === undefined ? `${key} in ${this.#where}` : variable;
    throw new UsageError(`${where} must be ${expected}, and is ${JSON.stringify(written)}`);
  }

  #inFile(key: string): unknown {
    this.#known.push(key);
    return Object.hasOwn(this.#json, key) ? (this.#json as Record<string, unknown>)[key] : undefined;
  }
}

/** Of an environment variable: an empty one counts as not there, digits as a number. */
function fromText(text: string | undefined): string | number | undefined {
  if (text === undefined || text === '') return undefined;
  return /^\d{1,15}$/.test(text) ? Number(text) : text;
}

function isIntegerBetween(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;
}
