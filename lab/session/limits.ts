export const ARM_LIMIT_MS = 10_000;

export const HOLD_LIMIT_MS = 30_000;

export const STOP_LIMIT_MS = 30_000;

/** For all turns of several clients. */
export const WORKLOAD_LIMIT_MS = 180_000;

export const HOUR_MS = 60 * 60_000;
