import { ConfigSection, type Env } from './config-section.ts';
import type { Kind, Retention } from './state.ts';

export interface Config {
  /** Where it listens, on 127.0.0.1; 0: any free port, which the `listening` log line tells. */
  readonly port: number;
  readonly stateDir: string;
  /** OpenAI-compatible, without the `/chat/completions`. */
  readonly providerUrl: URL;
  readonly providerTimeoutMs: number;
  /** How often maintenance runs: sweep, retention, rate-limit buckets. */
  readonly sweepIntervalMs: number;
  /** A temp younger than this is never swept. */
  readonly graceMs: number;
  /** Of a request. */
  readonly bodyLimitBytes: number;
  /** A journal of this size is folded into the store. */
  readonly foldBytes: number;
  readonly rateLimit: number;
  /** In which a client may send so many requests. */
  readonly rateWindowMs: number;
  /** How long a client's rate-limit bucket stays after its window. */
  readonly rateBucketKeepMs: number;
  readonly retention: Retention;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365 * DAY_MS;

/** `maxEntries` counts what is durable, which is every kind but model-run. */
export const DEFAULT_RETENTION: Retention = {
  maxEntries: 500,
  kinds: {
    'model-run': { maxAgeMs: DAY_MS, protectNewest: 0 },
    cron: { maxAgeMs: 30 * DAY_MS, protectNewest: 20 },
    group: { maxAgeMs: null, protectNewest: 50 },
    direct: { maxAgeMs: null, protectNewest: 100 },
    other: { maxAgeMs: 30 * DAY_MS, protectNewest: 0 },
  },
};

export const KINDS = Object.keys(DEFAULT_RETENTION.kinds) as readonly Kind[];

export function isKind(value: unknown): value is Kind {
  return KINDS.some((kind) => kind === value);
}

/**
 * Reads and validates the configuration: the environment goes before the JSON file, the file before the defaults. Throws a
 * `UsageError` that says what is wrong where, and what to write instead.
 */
export function readConfig(env: Env, path = env.CONFIG_FILE || undefined): Config {
  const file = ConfigSection.read(path, env);
  const config: Config = {
    port: file.integer('port', 'PORT', 18_790, 0, 65_535),
    stateDir: file.absolutePath('stateDir', 'STATE_DIR', '/state'),
    providerUrl: file.httpUrl('providerUrl', 'PROVIDER_URL', 'http://127.0.0.1:18080/v1'),
    providerTimeoutMs: file.integer('providerTimeoutMs', 'PROVIDER_TIMEOUT_MS', 30_000, 1, 600_000),
    sweepIntervalMs: file.integer('sweepIntervalMs', 'SWEEP_INTERVAL_MS', 60_000, 10, DAY_MS),
    graceMs: file.integer('graceMs', 'GRACE_MS', 300_000, 0, YEAR_MS),
    bodyLimitBytes: file.integer('bodyLimitBytes', 'BODY_LIMIT_BYTES', 1_048_576, 1024, 67_108_864),
    foldBytes: file.integer('foldBytes', 'FOLD_BYTES', 262_144, 1, 1_073_741_824),
    rateLimit: file.integer('rateLimit', 'RATE_LIMIT', 600, 1, 1_000_000_000),
    rateWindowMs: file.integer('rateWindowMs', 'RATE_WINDOW_MS', 60_000, 100, DAY_MS),
    rateBucketKeepMs: file.integer('rateBucketKeepMs', 'RATE_BUCKET_KEEP_MS', 300_000, 0, DAY_MS),
    retention: readRetention(file.section('retention')),
  };
  file.end();
  return config;
}

function readRetention(section: ConfigSection): Retention {
  const retention: Retention = {
    maxEntries: section.integer('maxEntries', 'MAX_ENTRIES', DEFAULT_RETENTION.maxEntries, 1, 1_000_000),
    kinds: readKinds(section.section('kinds')),
  };
  section.end();
  return retention;
}

function readKinds(section: ConfigSection): Retention['kinds'] {
  const kinds = KINDS.map((kind) => [kind, readKind(section.section(kind), kind)]);
  section.end();
  return Object.fromEntries(kinds);
}

function readKind(section: ConfigSection, kind: Kind): Retention['kinds'][Kind] {
  const { maxAgeMs, protectNewest } = DEFAULT_RETENTION.kinds[kind];
  const variable = kind === 'model-run' ? 'MODEL_RUN_MAX_AGE_MS' : undefined;
  const rules = {
    maxAgeMs: section.integerOrNull('maxAgeMs', variable, maxAgeMs, 10 * YEAR_MS),
    protectNewest: section.integer('protectNewest', undefined, protectNewest, 0, 1_000_000),
  };
  section.end();
  return rules;
}
