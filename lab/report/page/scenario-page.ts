import type { MatrixFigure, MatrixScenario } from '../../result/matrix.ts';
import { scenarios } from '../../scenarios/index.ts';
import { sharedCurves } from '../chart.ts';
import { command } from './cell-page.ts';
import { curveChart } from './curve-chart.ts';
import { html, type Markup } from './markup.ts';
import { cellLink } from './overview.ts';
import { sign, stateOf, stateOfCheck, WORDS } from './state.ts';
import { duration } from './units.ts';

const release = (row: MatrixScenario) => `${row.system}@${row.version}`;

/** A scenario with all its systems, side by side: what was promised, what was found, and the curves. */
export function scenarioPage(name: string, rows: readonly MatrixScenario[]): Markup {
  const scenario = scenarios.find((one) => one.name === name);
  return html`<article class="cell" aria-labelledby="scenario-title">
<header><h2 id="scenario-title" tabindex="-1">${name}${rows.some((row) => row.isQuick) ? ' (quick)' : ''}</h2>
${scenario === undefined ? '' : html`<p class="about">${scenario.summary}</p>`}</header>
${scenario?.document === undefined ? '' : html`<p class="sentence"><b>The document:</b> ${scenario.document.says} (<a href="${scenario.document.url}" rel="noreferrer noopener" target="_blank">${scenario.document.url}</a>).</p>`}
${verdicts(rows, scenario?.checks ?? [])}
${figures(rows)}
${curves(rows)}
<section><h3>Run it again</h3>${rows.map((row) => html`<p>${command(row.reproduce)}</p>`)}</section>
</article>`;
}

/** Checks down, systems across. */
function verdicts(rows: readonly MatrixScenario[], known: readonly { id: string; promise: string }[]): Markup {
  const ids = [...new Set(rows.flatMap((row) => row.checks.map((check) => check.id)))];
  const promise = (id: string) => known.find((check) => check.id === id)?.promise;
  const box = (row: MatrixScenario, id: string) => {
    const check = row.checks.find((one) => one.id === id);
    if (check === undefined) return html`<td class="absent">–</td>`;
    const state = stateOfCheck(row, check);
    const issue =
      check.issue === undefined
        ? ''
        : html` <a class="issue" href="${check.issue}" rel="noreferrer noopener" target="_blank">known</a>`;
    return html`<td><span class="state ${state}"><span class="sign" aria-hidden="true">${sign(state)}</span> ${WORDS[state]}</span><p>${check.detail}${issue}</p></td>`;
  };
  return html`<section><h3>What it comes to</h3>
<div class="scroll" role="region" aria-label="What it comes to" tabindex="0"><table class="checks wide">
<thead><tr><th scope="col">check</th>${rows.map((row) => {
    const state = stateOf(row);
    return html`<th scope="col"><a href="${cellLink(row.id)}">${release(row)}</a><br><span class="state ${state}"><span class="sign" aria-hidden="true">${sign(state)}</span> ${WORDS[state]}</span>, ${duration(row.durationMs)}</th>`;
  })}</tr></thead>
<tbody>${ids.map((id) => html`<tr><th scope="row"><code>${id}</code>${promise(id) === undefined ? '' : html`<p class="promise">${promise(id)}</p>`}</th>${rows.map((row) => box(row, id))}</tr>`)}</tbody>
</table></div></section>`;
}

/** What was found beside the document's figures: one row for each thing, systems across. */
function figures(rows: readonly MatrixScenario[]): Markup | '' {
  const things = [...new Set(rows.flatMap((row) => row.figures.map((figure) => figure.what)))];
  if (things.length === 0) return '';
  const of = (row: MatrixScenario, what: string) => row.figures.find((figure) => figure.what === what);
  const document = (what: string) => rows.map((row) => of(row, what)?.document).find((text) => text !== undefined);
  return html`<section><h3>What it found, beside the document</h3>
<div class="scroll" role="region" aria-label="What it found" tabindex="0"><table class="figures wide">
<thead><tr><th scope="col">what</th><th scope="col">the document</th>${rows.map((row) => html`<th scope="col">${release(row)}</th>`)}</tr></thead>
<tbody>${things.map((what) => html`<tr><th scope="row">${what}</th><td>${document(what) ?? '–'}</td>${rows.map((row) => figure(of(row, what)))}</tr>`)}</tbody>
</table></div></section>`;
}

function figure(found: MatrixFigure | undefined): Markup {
  if (found === undefined) return html`<td class="absent">–</td>`;
  const { measured, reproduced, why } = found;
  const told = reproduced === '-' ? '' : html`<p class="note">reproduced: <b>${reproduced}</b></p>`;
  return html`<td>${measured}${told}${why === undefined ? '' : html`<p class="note">${why}</p>`}</td>`;
}

function curves(rows: readonly MatrixScenario[]): Markup | '' {
  const shared = sharedCurves(rows);
  return shared.length === 0 ? '' : html`<section><h3>Curves</h3>${shared.map(curveChart)}</section>`;
}
