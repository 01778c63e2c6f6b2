/** Figures for people. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** `412 ms`, `2.31 s`, `1 min 52 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  const size = Math.abs(ms);
  if (size < 10) return `${ms.toFixed(1)} ms`;
  if (size < SECOND) return `${Math.round(ms)} ms`;
  if (size < 99.95 * SECOND) return `${(ms / SECOND).toFixed(size < 10 * SECOND ? 2 : 1)} s`;
  // Rounded before they are split: 479.9 s are no "7 min 60 s".
  const seconds = Math.round(ms / SECOND);
  if (Math.abs(seconds) < 3600) return `${Math.trunc(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(ms / MINUTE);
  return `${Math.trunc(minutes / 60)} h ${minutes % 60} min`;
}

/** Powers of 1000: `8106 B`, `13.7 kB`, `51 GB`. */
export function bytes(count: number): string {
  const size = Math.abs(count);
  if (size < 10_000) return `${Math.round(count)} B`;
  for (const [unit, factor] of [
    ['kB', 1e3],
    ['MB', 1e6],
  ] as const)
    if (size < factor * 999.5) return `${short(count / factor)} ${unit}`;
  return `${short(count / 1e9)} GB`;
}

/** Three digits that count. */
function short(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export type Unit = 'bytes' | 'ms' | 'count';

export function inUnit(value: number, unit: Unit): string {
  switch (unit) {
    case 'bytes':
      return bytes(value);
    case 'ms':
      return duration(value);
    case 'count':
      return Number.isInteger(value) ? value.toLocaleString('en') : value.toPrecision(3);
  }
}

/** The end of a text that is too long says how much is missing. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}… (${text.length - most} characters more)`;
}
