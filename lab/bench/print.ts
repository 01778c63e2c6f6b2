import Table from 'cli-table3';
import type { Figure, Unit } from './figure.ts';
import type { MeasuredSection } from './section.ts';

/** A section for people to read. */
export function printed({ name, summary, figures, notes, tookMs, before, after }: MeasuredSection): string {
  const table = new Table({
    head: ['', 'median (min–max)', 'samples', 'goal', ''],
    style: { head: [], border: [], compact: true },
  });
  for (const one of figures)
    table.push([one.name, inWords(one), String(one.samples.length), goalOf(one), reached(one)]);
  const load = `load ${before.load} before, ${after.load} after, on ${before.cpus} processors`;
  return [`${name}: ${summary}`, `(${Math.round(tookMs / 1000)} s; ${load})`, table.toString(), ...notes].join('\n');
}

function inWords({ unit, median, min, max, samples }: Figure): string {
  const range = samples.length === 1 ? '' : ` (${number(unit, min)}–${number(unit, max)})`;
  return `${number(unit, median)}${sign(unit)}${range}`;
}

function goalOf({ unit, goal }: Figure): string {
  return goal === undefined ? '' : `${goal.is} ${number(unit, goal.value)}${sign(unit)}`;
}

function reached({ reached: isReached }: Figure): string {
  if (isReached === undefined) return '';
  return isReached ? 'reached' : 'not reached';
}

const sign = (unit: Unit): string => (unit === 'count' ? '' : ` ${unit}`);

function number(unit: Unit, value: number): string {
  switch (unit) {
    case 'count':
      return String(value);
    case '×':
      return value.toFixed(3);
    case 'B':
      return Math.round(value).toLocaleString('en');
    case 'MB':
      return value.toFixed(0);
    case 'ms':
      return value < 100 ? value.toFixed(1) : value.toFixed(0);
  }
}
