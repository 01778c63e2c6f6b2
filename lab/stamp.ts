import { randomBytes } from 'node:crypto';

/** Names what begins now, in a folder of such: to the second in UTC, and four digits against two in the same second. */
export const stamp = (now = new Date()): string =>
  `${now.toISOString().slice(0, 19).replaceAll(':', '-')}-${randomBytes(2).toString('hex')}`;
