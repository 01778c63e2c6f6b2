import { Failure } from './failure.ts';

/** The longest text field other than a file's content, in characters. */
const TEXT_LIMIT_CHARS = 8192;

/**
 * Reads the fields of one JSON object of a request. Every reader names the field in its error, and `end` refuses what
 * nobody asked for, so that a misspelt option is not taken for a default.
 */
export class Fields {
  readonly #record: Readonly<Record<string, unknown>>;
  readonly #where: string;
  readonly #known = new Set<string>();

  /** `where` names the object in errors: `turn`, `turn.http`, … */
  constructor(value: unknown, where: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new Failure('bad-request', `${where} must be a JSON object`);
    }
    this.#record = value as Record<string, unknown>;
    this.#where = where;
  }

  /** The raw value, undefined where the field is missing. */
  any(name: string): unknown {
    this.#known.add(name);
    return Object.hasOwn(this.#record, name) ? this.#record[name] : undefined;
  }

  text(name: string, limitChars: number = TEXT_LIMIT_CHARS): string {
    const value = this.any(name);
    if (typeof value !== 'string' || value.length === 0) throw this.#wrong(name, 'a text that is not empty');
    if (value.length > limitChars) throw this.#wrong(name, `at most ${limitChars} characters long`);
    return value;
  }

  optionalText(name: string): string | undefined {
    return this.any(name) === undefined ? undefined : this.text(name);
  }

  /** A text that may be empty. */
  content(name: string, limitChars: number): string {
    return this.any(name) === '' ? '' : this.text(name, limitChars);
  }

  optionalContent(name: string, limitChars: number): string | undefined {
    return this.any(name) === undefined ? undefined : this.content(name, limitChars);
  }

  integer(name: string, min: number, max: number): number {
    const value = this.any(name);
    if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
      throw this.#wrong(name, `a whole number from ${min} to ${max}`);
    }
    return value as number;
  }

  optionalInteger(name: string, min: number, max: number, fallback: number): number {
    return this.any(name) === undefined ? fallback : this.integer(name, min, max);
  }

  /** False where the field is missing. */
  optionalFlag(name: string): boolean {
    const value = this.any(name) ?? false;
    if (typeof value !== 'boolean') throw this.#wrong(name, 'true or false');
    return value;
  }

  list(name: string, limit: number): readonly unknown[] {
    const value = this.any(name);
    if (!Array.isArray(value)) throw this.#wrong(name, 'a list');
    if (value.length > limit) throw this.#wrong(name, `a list of at most ${limit}`);
    return value;
  }

  texts(name: string, limit: number): readonly string[] {
    const list = this.list(name, limit);
    if (!list.every((item) => typeof item === 'string' && item.length > 0 && item.length <= TEXT_LIMIT_CHARS)) {
      throw this.#wrong(name, 'a list of texts that are not empty');
    }
    return list as readonly string[];
  }

  /** An object whose values are all texts; an empty one where the field is missing. */
  textRecord(name: string): Readonly<Record<string, string>> {
    const value = this.any(name) ?? {};
    const isRecord = typeof value === 'object' && !Array.isArray(value);
    if (!isRecord || !Object.values(value).every((item) => typeof item === 'string')) {
      throw this.#wrong(name, 'an object whose values are texts');
    }
    return value as Record<string, string>;
  }

  absolutePath(name: string): string {
    const path = this.text(name);
    if (!path.startsWith('/') || path.includes('\0') || path.split('/').includes('..')) {
      throw this.#wrong(name, 'an absolute path without ".."');
    }
    return path;
  }

  fields(name: string): Fields {
    return new Fields(this.any(name), `${this.#where}.${name}`);
  }

  /** Call it last: refuses the fields that no reader asked for. */
  end(): void {
    const unknown = Object.keys(this.#record).filter((name) => !this.#known.has(name));
    if (unknown.length === 0) return;
    const known = [...this.#known].sort().join(', ');
    throw new Failure('bad-request', `${this.#where} has the unknown field ${unknown[0]}; it takes: ${known}`);
  }

  #wrong(name: string, expected: string): Failure {
    return new Failure('bad-request', `${this.#where}.${name} must be ${expected}`);
  }
}
