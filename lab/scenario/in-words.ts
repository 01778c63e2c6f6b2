/** A number of bytes as people read it: 340 bytes, 7.40 MB, 51.00 GB (powers of 1000, as the documents have them). */
export function bytesInWords(bytes: number): string {
  const size = Math.abs(bytes);
  if (size >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`;
  if (size >= 1e5) return `${(bytes / 1e6).toFixed(2)} MB`;
  return `${Math.round(bytes)} bytes`;
}

/** A time as people read it: 0.4 s, 31 s. */
export const inSeconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
