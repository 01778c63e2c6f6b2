import { faults } from '../../../faults/index.ts';
import { formatSize } from '../../cell-id.ts';
import { crashPoints } from '../../crash-point/write-shape.ts';
import {
  isBroken,
  type Matrix,
  type MatrixCell,
  type MatrixExploration,
  type MatrixRow,
  type MatrixScenario,
} from '../../result/matrix.ts';
import { type CellChange, CHANGE_SIGNS, CHANGE_WORDS, countChanges, inWords } from '../compare.ts';
import { isIdle } from '../exercised.ts';
import { sizeInWords, titleOf, verdictInWords } from '../explorations.ts';
import { headlines } from '../headline.ts';
import { labShareInWords } from '../lab-share.ts';
import { notStruck } from '../not-struck.ts';
import { machinesOf, shardsInWords } from '../ran-on.ts';
import { findings, grid, scenariosOf } from '../table.ts';
import { html, type Markup } from './markup.ts';
import { STATES, type State, sign, stateOf, WORDS } from './state.ts';
import { duration } from './units.ts';

/** Two runs, where the page compares them. */
export interface Comparison {
  before: Matrix;
  changes: readonly CellChange[];
}

/** The first screen: is it red, and where? */
export function overview(matrix: Matrix, comparison?: Comparison): Markup {
  const changeOf = new Map(comparison?.changes.map((one) => [one.id, one]));
  return html`<main id="overview">
${outcome(matrix)}
${frame(matrix)}
${comparison === undefined ? '' : comparedWith(matrix, comparison)}
${filters(matrix, comparison)}
${matrixTable(matrix, changeOf)}
${scenarioTable(matrix, changeOf)}
${explorationTable(matrix)}
${legend(comparison !== undefined)}
</main>`;
}

const OUTCOMES = {
  sound: ['✓', 'As expected', 'every violation is a known finding; the controls held and the canary was caught'],
  unexpected: ['✗', 'Not as expected', 'a violation that is no known finding, or a known finding that no longer fits'],
  unsound: ['?', 'Inconclusive', 'fix these before trusting any verdict'],
} as const;
const REASONS_SHOWN = 3;

function outcome(matrix: Matrix): Markup {
  const { kind, reasons } = matrix.outcome;
  const [mark, word, says] = OUTCOMES[kind];
  const list = (some: readonly string[]) => html`<ul>${some.map((reason) => html`<li>${reason}</li>`)}</ul>`;
  const more = reasons.slice(REASONS_SHOWN);
  return html`<section class="outcome ${kind}" aria-label="Outcome">
<ul class="headlines">${headlines(matrix).map(({ system, verdict, words }) => html`<li class="${verdict}"><b>${system}</b>: ${words}</li>`)}</ul>
<p><span class="sign" aria-hidden="true">${mark}</span> <b>${word}</b>: ${says}.</p>
${reasons.length === 0 ? '' : list(reasons.slice(0, REASONS_SHOWN))}
${more.length === 0 ? '' : html`<details><summary>${more.length} more</summary>${list(more)}</details>`}
</section>`;
}

function comparedWith(matrix: Matrix, { before, changes }: Comparison): Markup {
  const counts = countChanges(changes);
  const told = changes.filter((one) => one.change !== 'same' && one.change !== 'added');
  return html`<section class="comparison" aria-label="Comparison">
<p>Compared with <b>${before.run.id}</b> (midwrite ${before.run.midwriteVersion}, ${when(before.run.startedAt)}); now <b>${matrix.run.id}</b>.</p>
<ul class="changes">${counts.map(({ change, count }) => html`<li class="change ${change}"><span class="mark" aria-hidden="true">${CHANGE_SIGNS[change]}</span> ${count} ${CHANGE_WORDS[change]}</li>`)}</ul>
${told.length === 0 ? html`<p>No cell came to anything else.</p>` : html`<ul class="told">${told.map((one) => html`<li class="change ${one.change}"><span class="mark" aria-hidden="true">${CHANGE_SIGNS[one.change]}</span> ${CHANGE_WORDS[one.change]}: <a href="${cellLink(one.id)}">${one.id}</a> ${inWords(one)}</li>`)}</ul>`}
</section>`;
}

export const cellLink = (id: string): string => `#/cell/${encodeURIComponent(id)}`;
export const explorationLink = (id: string): string => `#/exploration/${encodeURIComponent(id)}`;
export const scenarioLink = (name: string): string => `#/scenario/${encodeURIComponent(name)}`;

function filters(matrix: Matrix, comparison: Comparison | undefined): Markup {
  const distinct = (of: (row: MatrixRow) => readonly string[]) => [...new Set(matrix.cells.flatMap(of))];
  const select = (name: string, title: string, options: readonly string[]) =>
    html`<label>${title} <select name="${name}"><option value="">all</option>${options.map((value) => html`<option value="${value}">${value}</option>`)}</select></label>`;
  const counts = new Map<State, number>();
  for (const row of matrix.cells) counts.set(stateOf(row), (counts.get(stateOf(row)) ?? 0) + 1);
  const buttons = STATES.filter((state) => counts.has(state)).map(
    (state) =>
      html`<button type="button" class="state ${state}" data-state="${state}" aria-pressed="false"><span class="sign" aria-hidden="true">${sign(state)}</span> ${counts.get(state)} ${WORDS[state]}</button>`,
  );
  const changes = comparison === undefined ? [] : countChanges(comparison.changes).map(({ change }) => change);
  return html`<form id="filters" aria-label="Filters">
<div class="verdicts" role="group" aria-label="Verdict">${buttons}</div>
<div class="selects">
${select(
  'system',
  'System',
  distinct((row) => [release(row)]),
)}
${select(
  'fault',
  'Fault',
  distinct((row) => ('fault' in row ? [row.fault] : [])),
)}
${select(
  'check',
  'Check violated',
  distinct((row) => row.checks.filter((check) => check.verdict === 'violated').map((check) => check.id)),
)}
${changes.length === 0 ? '' : select('change', 'Change', changes)}
<button type="reset">Show all</button>
<output id="shown" aria-live="polite">${matrix.cells.length} of ${matrix.cells.length} shown</output>
</div>
</form>`;
}

const release = (row: Pick<MatrixRow, 'system' | 'version'>) => `${row.system}@${row.version}`;

/** Systems and crash points down, faults across. */
function matrixTable(matrix: Matrix, changeOf: ReadonlyMap<string, CellChange>): Markup | '' {
  const { columns, rows } = grid(matrix);
  if (rows.length === 0) return '';
  const groups = new Map<string, { title: string; cells: MatrixCell[]; boxes: (MatrixCell[] | undefined)[] }[]>();
  for (const { title, boxes } of rows) {
    const cells = boxes.flatMap((box) => box ?? []);
    const [first] = cells;
    if (first === undefined) continue;
    const name = release(first);
    const short = title.slice(name.length + 1);
    groups.set(name, [...(groups.get(name) ?? []), { title: short, cells, boxes }]);
  }
  return html`<section><h2>Fault matrix</h2>
<div class="scroll" role="region" aria-label="Fault matrix" tabindex="0"><table id="matrix">
<caption class="hidden-text">Systems and crash points down, faults across. Arrow keys move between the boxes.</caption>
<thead><tr><th scope="col">crash point</th>${columns.map((fault) => html`<th scope="col">${faultTitle(fault)}</th>`)}</tr></thead>
${[...groups].map(
  ([name, list]) => html`<tbody><tr class="group"><th colspan="${columns.length + 1}" scope="rowgroup">${name}</th></tr>
${list.map(({ title, cells, boxes }) => html`<tr><th scope="row" title="${leaves(cells)}">${title}</th>${boxes.map((box) => html`<td>${(box ?? []).map((cell) => boxLink(cell, changeOf.get(cell.id), (box ?? []).length > 1))}</td>`)}</tr>`)}</tbody>`,
)}
</table></div></section>`;
}

const faultTitle = (name: string) => (faults.find((one) => one.name === name)?.isControl ? 'no fault' : name);

function leaves([cell]: readonly MatrixCell[]): string {
  const left = crashPoints.find((point) => point.name === cell?.crashPoint)?.leaves;
  return left === undefined ? '' : `leaves ${left}`;
}

function boxLink(row: MatrixRow, change: CellChange | undefined, isOneOfMany: boolean): Markup {
  const state = stateOf(row);
  const violated = row.checks.filter((check) => check.verdict === 'violated').map((check) => check.id);
  const found = findings(row);
  const idle = state === 'held' ? row.checks.filter(isIdle).length : 0;
  const attempt = isOneOfMany ? (/_r(\d+)$/.exec(row.id)?.[1] ?? '1') : undefined;
  const where = 'scenario' in row ? row.scenario : `${row.crashPoint}, ${row.fault}`;
  const moved = change === undefined || change.change === 'same' ? undefined : change.change;
  const place = `${release(row)}, ${where}: `;
  return html`<a class="box state ${state}${moved === undefined ? '' : ` moved ${moved}`}" href="${cellLink(row.id)}" data-cell="${row.id}" data-system="${release(row)}" data-fault="${'fault' in row ? row.fault : ''}" data-state="${state}" data-check="${violated.join(' ')}" data-change="${change?.change ?? ''}"><span class="hidden-text">${place}</span>${moved === undefined ? '' : html`<span class="mark"><span aria-hidden="true">${CHANGE_SIGNS[moved]}</span> ${CHANGE_WORDS[moved]}</span> `}<span class="word"><span class="sign" aria-hidden="true">${sign(state)}</span> ${SHORT[state]}${attempt === undefined ? '' : ` #${attempt}`}</span>${idle === 0 ? '' : html` <span class="idle">${idle} not exercised</span>`}${found.map((one) => html` <span class="finding ${one.known ? '' : 'fresh'}">${one.text}</span>`)}</a>`;
}

/** In a box there is little room. */
const SHORT: Readonly<Record<State, string>> = {
  ...WORDS,
  new: 'NEW',
  known: 'known',
  caught: 'caught',
  'not-applicable': 'n/a',
};

function scenarioTable(matrix: Matrix, changeOf: ReadonlyMap<string, CellChange>): Markup | '' {
  const by = new Map<string, MatrixScenario[]>();
  for (const row of scenariosOf(matrix)) by.set(row.scenario, [...(by.get(row.scenario) ?? []), row]);
  if (by.size === 0) return '';
  return html`<section><h2>Scenarios</h2><ul class="scenarios">${[...by].map(
    ([
      name,
      rows,
    ]) => html`<li><a class="name" href="${scenarioLink(name)}">${name}</a>${rows.some((row) => row.isQuick) ? ' (quick)' : ''}
<ul>${rows.map((row) => html`<li><span class="release">${release(row)}${isBroken(row) ? ` (${row.role})` : ''}</span> ${boxLink(row, changeOf.get(row.id), false)}</li>`)}</ul></li>`,
  )}</ul></section>`;
}

/** The explorations of the run: each has a page. */
function explorationTable({ explorations }: Matrix): Markup | '' {
  if (explorations.length === 0) return '';
  const row = (one: MatrixExploration) => {
    const state = stateOf(one);
    return html`<tr><th scope="row"><a href="${explorationLink(one.id)}">${titleOf(one)}</a></th><td class="state ${state}"><span class="sign" aria-hidden="true">${sign(state)}</span> ${verdictInWords(one)}</td><td>${sizeInWords(one)}</td><td>${[...new Set(one.findings.map((found) => found.check))].join(', ')}</td></tr>`;
  };
  return html`<section><h2>Explorations</h2>
<div class="scroll" role="region" aria-label="Explorations" tabindex="0"><table class="figures wide" id="explorations">
<thead><tr><th scope="col">explored</th><th scope="col">verdict</th><th scope="col">how much</th><th scope="col">what it found</th></tr></thead>
<tbody>${explorations.map(row)}</tbody></table></div></section>`;
}

function legend(isComparison: boolean): Markup {
  const meanings: Readonly<Record<State, string>> = {
    held: 'the fault landed, proven, and every promise that applies was kept',
    new: 'a promise was broken, and no expectation knows of it',
    known: 'a promise was broken, as an upstream issue says',
    caught: 'broken on purpose, and found out',
    missed: 'the fault did not land where it should have: nothing is proven',
    inconclusive: 'the lab failed, or saw too little',
    'not-applicable': 'the promise does not apply',
  };
  return html`<details class="legend"><summary>What the signs mean</summary><dl>${STATES.map((state) => html`<div><dt class="state ${state}"><span class="sign" aria-hidden="true">${sign(state)}</span> ${WORDS[state]}</dt><dd>${meanings[state]}</dd></div>`)}</dl>${isComparison ? html`<p class="note">▲ newly broken: a promise that was kept, or of which nothing was known, is violated. ▼ newly fixed: one that was violated holds. ≠ neither, and not the same.</p>` : ''}</details>`;
}

export const when = (iso: string): string => iso.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC');

function shards(list: NonNullable<Matrix['run']['shards']>): string {
  const each = list.map(({ shard, durationMs }) =>
    [`${shard}`, ...(durationMs === undefined ? [] : [duration(durationMs)])].join(' '),
  );
  return `${list.length} (${each.join(', ')})`;
}

/** A machine in three facts; several, each with its shards, in one fact each. */
function ranOn(run: Matrix['run']): [string, string][] {
  return machinesOf(run).flatMap((one): [string, string][] => {
    const { engine, kernel, cgroup } = one;
    if (one.shards.length > 0)
      return [[`Ran on (${shardsInWords(one)})`, `${engine}, kernel ${kernel}, cgroup ${cgroup}`]];
    return [
      ['Engine', engine],
      ['Kernel', kernel],
      ['cgroup', cgroup],
    ];
  });
}

const VERSIONS_SHOWN = 6;

/** On what, and how: what a reader has to know before believing any of it. */
/** Cells leave nothing to chance; a scenario may draw its faults. */
function seedOf(cells: Matrix['cells']): string {
  const seeds = new Set(cells.flatMap((row) => ('seed' in row && row.seed !== undefined ? [row.seed] : [])));
  return seeds.size === 0 ? 'none: nothing in the plan or in a fault is left to chance' : [...seeds].join(', ');
}

function frame({ run, cells }: Matrix): Markup {
  const systems = [...Map.groupBy(cells, (row) => row.system)].map(([name, rows]) => {
    const versions = [...new Set(rows.map((row) => row.version))];
    const more = versions.length > VERSIONS_SHOWN ? ` and ${versions.length - VERSIONS_SHOWN} more` : '';
    const sizes = [...new Set(rows.map((row) => formatSize(row.memoryBytes)))];
    return `${name} ${versions.slice(0, VERSIONS_SHOWN).join(', ')}${more} (${sizes.join(', ')})`;
  });
  const facts: [string, string | undefined][] = [
    ['Run', run.id],
    ['When', when(run.startedAt)],
    ['How long', run.durationMs === undefined ? 'it did not come to its end' : duration(run.durationMs)],
    ...[labShareInWords({ cells })].flatMap((share): [string, string][] =>
      share === undefined ? [] : [["The lab's share", share]],
    ),
    ...ranOn(run),
    ['midwrite', run.midwriteVersion],
    ['Seed', seedOf(cells)],
    ...(run.shards === undefined ? [] : [['Shards', shards(run.shards)] satisfies [string, string]]),
    ...(run.resumedAt === undefined
      ? []
      : [['Taken up again', run.resumedAt.map(when).join(', ')] satisfies [string, string]]),
    ['Systems', systems.join('; ')],
    ...notStruck(cells).map(({ system, files }): [string, string] => [
      'Not tried',
      `${system} writes ${files.join(', ')} through a shared memory mapping: what a crash leaves in the middle of that was seen by no cell`,
    ]),
  ];
  return html`<section class="frame" aria-label="This run"><dl>${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></section>`;
}
