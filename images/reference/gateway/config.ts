import { DEFECTS, type Defect, isDefect } from './defects.ts';

export interface Config {
  /** Where it listens, on 127.0.0.1; 0: any free port, which the `listening` log line tells. */
  readonly port: number;
  /** OpenAI-compatible, without the `/chat/completions`. */
  readonly providerUrl: URL;
  readonly providerTimeoutMs: number;
  readonly stateDir: string;
  readonly sweepIntervalMs: number;
  /** A temp younger than this is never swept. */
  readonly graceMs: number;
  readonly bodyLimitBytes: number;
  readonly defects: ReadonlySet<Defect>;
}

/** What the operator wrote is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Reads and validates environment and command line; throws a `UsageError` that says what to write instead. */
export function readConfig(env: Readonly<Record<string, string | undefined>>, argv: readonly string[]): Config {
  return {
    port: integer(env, 'PORT', 18_790, 0, 65_535),
    providerUrl: httpUrl(env, 'PROVIDER_URL', 'http://127.0.0.1:18080/v1'),
    providerTimeoutMs: integer(env, 'PROVIDER_TIMEOUT_MS', 30_000, 1, 600_000),
    stateDir: absolutePath(env, 'STATE_DIR', '/state'),
    sweepIntervalMs: integer(env, 'SWEEP_INTERVAL_MS', 60_000, 10, 86_400_000),
    graceMs: integer(env, 'GRACE_MS', 300_000, 0, 31_536_000_000),
    bodyLimitBytes: integer(env, 'BODY_LIMIT_BYTES', 1_048_576, 1024, 67_108_864),
    defects: readDefects(argv),
  };
}

type Env = Readonly<Record<string, string | undefined>>;

function integer(env: Env, name: string, fallback: number, min: number, max: number): number {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (/^\d{1,15}$/.test(text) && value >= min && value <= max) return value;
  throw new UsageError(`${name} must be a whole number from ${min} to ${max}, and is ${JSON.stringify(text)}`);
}

function httpUrl(env: Env, name: string, fallback: string): URL {
  const text = env[name] || fallback;
  const url = URL.parse(text);
  if (url?.protocol === 'http:') return url;
  throw new UsageError(`${name} must be an http:// address, and is ${JSON.stringify(text)}`);
}

function absolutePath(env: Env, name: string, fallback: string): string {
  const path = env[name] || fallback;
  if (path.startsWith('/')) return path;
  throw new UsageError(`${name} must be an absolute path, and is ${JSON.stringify(path)}`);
}

function readDefects(argv: readonly string[]): ReadonlySet<Defect> {
  const defects = new Set<Defect>();
  const rest = argv.flatMap((word) => (word.startsWith('--defect=') ? ['--defect', word.slice(9)] : [word]));
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word !== '--defect')
      throw new UsageError(`unknown argument ${JSON.stringify(word)}; there is only --defect NAME`);
    const name = rest.shift() ?? '';
    if (!isDefect(name)) {
      const list = Object.entries(DEFECTS).map(([known, effect]) => `\n  ${known}: ${effect}`);
      throw new UsageError(`there is no defect ${JSON.stringify(name)}; there are:${list.join('')}`);
    }
    defects.add(name);
  }
  return defects;
}
