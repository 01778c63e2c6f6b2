import { plot } from 'simple-ascii-chart';
import { isScenario, type Matrix, type MatrixCurve, type MatrixScenario } from '../result/matrix.ts';

const SIGNS = 'ABCDEFGHIJ';
const WIDTH = 64;
const HEIGHT = 12;

/** One curve of a scenario, of all systems that ran it. */
export interface SharedCurve {
  title: string;
  xLabel: string;
  yLabel: string;
  document?: { label: string; y: number } | undefined;
  lines: { system: string; curve: MatrixCurve }[];
}

/** The curves of a scenario's rows, systems side by side. */
export function sharedCurves(rows: readonly MatrixScenario[]): SharedCurve[] {
  const shared = new Map<string, SharedCurve>();
  for (const row of rows) {
    for (const curve of row.curves) {
      const { title, xLabel, yLabel, document } = curve;
      const known = shared.get(title) ?? { title, xLabel, yLabel, document, lines: [] };
      known.lines.push({ system: `${row.system}@${row.version}`, curve });
      shared.set(title, known);
    }
  }
  return [...shared.values()];
}

/** The rows of each scenario in a run. */
export function byScenario(matrix: Matrix): Map<string, MatrixScenario[]> {
  return Map.groupBy(matrix.cells.filter(isScenario), (row) => row.scenario);
}

/** A number as people read it: 6.33M, 12.5k, 0.021. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${trim(value / 1e9)}G`;
  if (size >= 1e6) return `${trim(value / 1e6)}M`;
  if (size >= 1e4) return `${trim(value / 1e3)}k`;
  return size >= 1 || size === 0 ? trim(value) : value.toPrecision(2);
}

const trim = (value: number): string => String(Number(value.toFixed(Math.abs(value) >= 100 ? 0 : 2)));

/** The curve in letters, one for each system, with its fit in words; for a terminal and for a page of Markdown. */
export function chart({ title, xLabel, yLabel, document, lines }: SharedCurve): string {
  const series = lines.map(({ curve }) => curve.points.map(([x, y]): [number, number] => [x, y]));
  const all = series.flat();
  const values = [...all.map(([, y]) => y), ...(document === undefined ? [] : [document.y])];
  const [low, high] = [Math.min(0, ...values), Math.max(...values)];
  let line = -1;
  const drawing = plot(series, {
    width: WIDTH,
    height: HEIGHT,
    yRange: [low, high === low ? low + 1 : high],
    mode: 'point',
    formatter: short,
    customYAxisTicks: [low, (low + high) / 2, high],
    ...(document !== undefined && { thresholds: [{ y: document.y }] }),
    lineFormatter: ({ plotX, plotY, index }) => {
      // The lines come one after the other, and which one it is it does not say.
      line += index === 0 ? 1 : 0;
      return { x: plotX, y: plotY, symbol: SIGNS[line] ?? '·' };
    },
  });
  const told = lines.map(({ system, curve: { fit } }, index) => {
    const slope =
      fit === undefined
        ? ''
        : `: ${short(fit.slope)} ${yLabel} each (95 %: ±${short(fit.halfWidth)}, ${fit.points} points)`;
    return `  ${SIGNS[index] ?? '·'}  ${system}${slope}`;
  });
  return [
    `${title} (${yLabel} by ${xLabel})`,
    drawing.replace(/^\n+|\s+$/g, ''),
    ...told,
    ...(document === undefined ? [] : [`  ${document.label}: ${short(document.y)} ${yLabel}`]),
  ].join('\n');
}
