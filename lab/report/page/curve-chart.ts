import { scaleLinear } from 'd3-scale';
import {
  line,
  symbol,
  symbolCircle,
  symbolDiamond,
  symbolSquare,
  symbolStar,
  symbolTriangle,
  symbolWye,
} from 'd3-shape';
import type { MatrixCurve } from '../../result/matrix.ts';
import { type SharedCurve, short } from '../chart.ts';
import { html, type Markup } from './markup.ts';
import { bytes, duration } from './units.ts';

const WIDTH = 760;
const HEIGHT = 280;
const LEFT = 74;
const RIGHT = 16;
const TOP = 14;
const BOTTOM = 40;
const SHAPES = [symbolCircle, symbolSquare, symbolTriangle, symbolDiamond, symbolWye, symbolStar];
const MARK_AREA = 46;
/** A document's figure that is so many times what was measured would press the curves flat: it is told beside them. */
const OFF_THE_SCALE = 8;

/** One curve of a scenario with all the systems that ran it, each with its fit, and the document's figure as a level. */
export function curveChart(curve: SharedCurve): Markup {
  const { title, xLabel, yLabel, document, lines } = curve;
  const all = lines.flatMap((one) => one.curve.points);
  const most = Math.max(...all.map(([, y]) => y), 0);
  const isOnScale = document !== undefined && document.y <= most * OFF_THE_SCALE;
  const values = [...all.map(([, y]) => y), ...(isOnScale ? [document.y] : []), 0];
  const x = scaleLinear(extent(all.map(([at]) => at)), [LEFT, WIDTH - RIGHT]).nice();
  const y = scaleLinear(extent(values), [HEIGHT - BOTTOM, TOP]).nice();
  const inUnits = (value: number) => inUnit(value, yLabel);
  const [left = 0, right = 1] = x.domain();
  const bottom = HEIGHT - BOTTOM;
  const level = isOnScale
    ? html`<g class="document"><line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(document.y).toFixed(1)}" y2="${y(document.y).toFixed(1)}"/><text x="${WIDTH - RIGHT}" y="${(y(document.y) - 5).toFixed(1)}" text-anchor="end">${document.label}: ${inUnits(document.y)}</text></g>`
    : '';
  const series = lines.map(
    ({ curve: { points, fit } }, index) =>
      html`<g class="series s${index % SHAPES.length}">${fit === undefined ? '' : within(fitLines(points, fit, x, y))}${bySegment(
        points,
      ).map(
        (segment) =>
          html`<path class="curve" d="${line<Point>(
            ([at]) => round(x(at)),
            ([, value]) => round(y(value)),
          )(segment)}"/>`,
      )}${points.map(([at, value]) => html`<path class="point" transform="translate(${round(x(at))} ${round(y(value))})" d="${shapeOf(index)}"><title>${at.toLocaleString('en')}: ${inUnits(value)}</title></path>`)}</g>`,
  );
  const name = `${title}: ${yLabel} by ${xLabel}`;
  return html`<figure><figcaption>${title} <span class="note">${yLabel} by ${xLabel}</span></figcaption>
<div class="scroll" role="region" aria-label="${name}" tabindex="0"><svg class="curves" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${name}; the table below has the fits">
<g class="axis">${y.ticks(5).map((tick) => html`<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${round(y(tick))}" y2="${round(y(tick))}"/><text x="${LEFT - 8}" y="${round(y(tick)) + 4}" text-anchor="end">${inUnits(tick)}</text>`)}
${ticksOf(x.ticks(8), all).map((tick) => html`<line x1="${round(x(tick))}" x2="${round(x(tick))}" y1="${bottom}" y2="${bottom + 5}"/><text x="${round(x(tick))}" y="${bottom + 18}" text-anchor="middle">${short(tick)}</text>`)}
<text x="${round((x(left) + x(right)) / 2)}" y="${HEIGHT - 4}" text-anchor="middle">${xLabel}</text></g>
${level}${series}</svg></div>
${document !== undefined && !isOnScale ? html`<p class="note">${document.label}: ${inUnits(document.y)}, ${Math.round(document.y / Math.max(most, 1)).toLocaleString('en')} times the highest point here.</p>` : ''}
${fitTable(curve, inUnits)}</figure>`;
}

type Point = MatrixCurve['points'][number];
type Scale = (value: number) => number;

/** Where only whole things are counted, halves of them are no place. */
const ticksOf = (ticks: readonly number[], points: readonly Point[]) =>
  points.every(([at]) => Number.isInteger(at)) ? ticks.filter(Number.isInteger) : ticks;

const round = (value: number) => Math.round(value * 10) / 10;
const shapeOf = (index: number) => symbol(SHAPES[index % SHAPES.length], MARK_AREA)() ?? '';
const bySegment = (points: readonly Point[]) => [...Map.groupBy(points, ([, , segment]) => segment).values()];

function extent(values: readonly number[]): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low === high ? [low, low + 1] : [low, high];
}

/** What is drawn beyond the axes is not seen. */
function within(drawn: Markup): Markup {
  const [width, height] = [WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM];
  return html`<svg x="${LEFT}" y="${TOP}" width="${width}" height="${height}" viewBox="${LEFT} ${TOP} ${width} ${height}">${drawn}</svg>`;
}

/** The fitted slope through the middle of each segment, with the fan of its interval: that is where all slopes of the interval cross. */
function fitLines(points: readonly Point[], fit: NonNullable<MatrixCurve['fit']>, x: Scale, y: Scale): Markup {
  return html`${bySegment(points).map((segment) => {
    const mean = (index: 0 | 1) => segment.reduce((sum, point) => sum + point[index], 0) / segment.length;
    const [middleX, middleY] = [mean(0), mean(1)];
    const [from, to] = extent(segment.map(([at]) => at));
    const place = (at: number, slope: number) => `${round(x(at))} ${round(y(middleY + slope * (at - middleX)))}`;
    const [flat, steep] = [fit.slope - fit.halfWidth, fit.slope + fit.halfWidth];
    return html`<path class="fan" d="M${place(from, flat)}L${place(to, flat)}L${place(to, steep)}L${place(from, steep)}Z"/><path class="fit" d="M${place(from, fit.slope)}L${place(to, fit.slope)}"/>`;
  })}`;
}

function fitTable({ xLabel, yLabel, lines }: SharedCurve, inUnits: (value: number) => string): Markup {
  const rows = lines.map(({ system, curve: { points, fit } }, index) => {
    const last = points.at(-1);
    const slope =
      fit === undefined
        ? html`<td colspan="2">too few points for a line</td>`
        : html`<td>${slopeInUnit(fit.slope, yLabel)}</td><td>± ${slopeInUnit(fit.halfWidth, yLabel)}</td>`;
    return html`<tr><th scope="row"><svg class="swatch" viewBox="-6 -6 12 12" aria-hidden="true"><g class="series s${index % SHAPES.length}"><path class="point" d="${shapeOf(index)}"/></g></svg> ${system}</th>${slope}<td>${points.length}</td><td>${last === undefined ? '' : inUnits(last[1])}</td></tr>`;
  });
  return html`<div class="scroll" role="region" aria-label="Fits" tabindex="0"><table class="figures"><thead><tr><th scope="col">system</th><th scope="col">slope, for each of: ${xLabel}</th><th scope="col">interval, 95 %</th><th scope="col">points</th><th scope="col">last point</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

function inUnit(value: number, label: string): string {
  if (label === 'bytes') return bytes(value);
  return label === 'ms' ? duration(value) : short(value);
}

const SMALL = 1_000;
/** A slope may be a thousandth of a byte for each byte, and that is not nothing. */
const slopeInUnit = (value: number, label: string): string =>
  Math.abs(value) < SMALL ? `${short(value)} ${label}` : inUnit(value, label);
