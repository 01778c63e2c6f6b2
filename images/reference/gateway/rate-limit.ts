import type { Defect } from './defects.ts';

/** A client names itself: the name's start is enough, and bounds what a bucket takes. */
const CLIENT_LIMIT_CHARS = 128;

interface Bucket {
  readonly endsAtMs: number;
  count: number;
}

export interface RateLimitRules {
  readonly limit: number;
  readonly windowMs: number;
  /** How long a bucket stays after its window. */
  readonly keepMs: number;
  readonly defects: ReadonlySet<Defect>;
}

/** A fixed window for each client. A bucket is taken away by `prune` alone: the maintenance timer calls it. */
export class RateLimit {
  readonly #rules: RateLimitRules;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rules: RateLimitRules) {
    this.#rules = rules;
  }

  get buckets(): number {
    return this.#buckets.size;
  }

  /** Counts a request. 0: it may be served; else in how many ms the client may ask again. */
  take(name: string, nowMs: number): number {
    const client = name.slice(0, CLIENT_LIMIT_CHARS);
    let bucket = this.#buckets.get(client);
    if (bucket === undefined || bucket.endsAtMs <= nowMs) {
      bucket = { endsAtMs: nowMs + this.#rules.windowMs, count: 0 };
      this.#buckets.set(client, bucket);
    }
    if (bucket.count >= this.#rules.limit) return bucket.endsAtMs - nowMs;
    bucket.count += 1;
    return 0;
  }

  /** Forgets the clients that are long gone; without this each one that ever came would stay. */
  prune(nowMs: number): void {
    if (this.#rules.defects.has('rate-buckets-leak')) return;
    for (const [client, { endsAtMs }] of this.#buckets) {
      if (nowMs - endsAtMs > this.#rules.keepMs) this.#buckets.delete(client);
    }
  }
}
