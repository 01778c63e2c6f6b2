import { type CellChange, CHANGE_SIGNS, CHANGE_WORDS, inWords } from '../compare.ts';
import type { CellView, CheckView, LogView } from './cell-view.ts';
import type { EvidenceLine } from './evidence-line.ts';
import type { FolderBox, FolderDiff, StoreDiff } from './folder-diff.ts';
import { html, type Markup } from './markup.ts';
import { sign, WORDS } from './state.ts';
import { timelineChart } from './timeline-chart.ts';
import { bytes, duration } from './units.ts';

/**
 * The page of one cell, or of one scenario with one system.
 * @param change what became of it since another run, where two are compared
 */
export function cellPage(view: CellView, change?: CellChange): Markup {
  const { row, state } = view;
  return html`<article class="cell" aria-labelledby="cell-title">
<header>
<h2 id="cell-title" tabindex="-1"><span class="state ${state}"><span class="sign" aria-hidden="true">${sign(state)}</span> ${WORDS[state]}</span> ${view.where}</h2>
<p class="about">${'scenario' in row ? html`<a href="#/scenario/${encodeURIComponent(row.scenario)}">All systems of this scenario</a> · ` : ''}${[view.release, ...view.circumstances, `took ${duration(row.durationMs)}`].join(' · ')}</p>
</header>
${change === undefined ? '' : html`<p class="change ${change.change}"><span class="mark" aria-hidden="true">${CHANGE_SIGNS[change.change]}</span> <b>${CHANGE_WORDS[change.change]}</b> ${inWords(change)}</p>`}
<p class="sentence"><b>Promised:</b> ${view.promised}. <b>${row.verdict === 'held' ? 'And:' : 'But:'}</b> ${view.happened}.</p>
<dl class="facts">
<div><dt>${row.verdict === 'missed' || row.verdict === 'inconclusive' ? 'Why there is no proof' : 'Proof'}</dt><dd>${row.detail}</dd></div>
<div><dt>Run it again</dt><dd>${command(row.reproduce)}</dd></div>
<div><dt>All that was seen</dt><dd><code>${view.evidenceFile}</code></dd></div>
${view.notes.length === 0 ? '' : html`<div><dt>Staging</dt><dd>${view.notes.join('; ')}</dd></div>`}
</dl>
${checksTable(view.checks)}
${timelines(view)}
${folderTable(view.folder)}
${view.store.map(storeDiff)}
${callsTable(view)}
${log(view.log, view.evidenceFile)}
</article>`;
}

export function command(text: string): Markup {
  return html`<span class="command"><code>${text}</code><button type="button" class="copy" data-copy="${text}">Copy</button></span>`;
}

export function checksTable(checks: readonly CheckView[]): Markup {
  const applies = checks.filter((check) => check.state !== 'not-applicable');
  const rest = checks.filter((check) => check.state === 'not-applicable');
  // What is wrong comes first; else the order of the index.
  const weight = (check: CheckView) => ['new', 'missed', 'inconclusive', 'known', 'caught'].indexOf(check.state);
  const first = (check: CheckView) => (weight(check) === -1 ? 9 : weight(check));
  const sorted = applies.toSorted((a, b) => first(a) - first(b));
  return html`<section><h3>Checks</h3>
<div class="scroll" role="region" aria-label="Checks" tabindex="0"><table class="checks">
<thead><tr><th scope="col">check</th><th scope="col">verdict</th><th scope="col">what was promised, and what was seen</th></tr></thead>
<tbody>${sorted.map(checkRow)}</tbody></table></div>
${rest.length === 0 ? '' : html`<details><summary>${rest.length} that do not apply here</summary><table class="checks"><thead><tr><th scope="col">check</th><th scope="col">verdict</th><th scope="col">why not</th></tr></thead><tbody>${rest.map(checkRow)}</tbody></table></details>`}
</section>`;
}

function checkRow(check: CheckView): Markup {
  const issue =
    check.issue === undefined
      ? ''
      : html` <a class="issue" href="${check.issue}" rel="noreferrer noopener" target="_blank">known: ${shortIssue(check.issue)}</a>`;
  const isIdle = check.state === 'held' && check.exercised === null;
  const exercised = isIdle
    ? html`<p class="note">Nothing that was seen here could have broken it.</p>`
    : check.state === 'held' && typeof check.exercised === 'string'
      ? html`<p class="note">Could have been broken by ${check.exercised}.</p>`
      : '';
  return html`<tr><th scope="row"><code>${check.id}</code></th><td class="state ${check.state}"><span class="sign" aria-hidden="true">${sign(check.state)}</span> ${WORDS[check.state]}${isIdle ? ', not exercised' : ''}</td><td><p class="promise">${check.promise}</p><p>${check.detail}${issue}</p>${exercised}${check.lines.map(evidence)}${check.moreLines === 0 ? '' : html`<p class="note">and ${check.moreLines} more lines</p>`}</td></tr>`;
}

function evidence({ line, atMs, says, json }: EvidenceLine): Markup {
  return html`<details class="line"><summary><span class="number">line ${line}</span> <span class="time">${duration(atMs)}</span> ${says}</summary><pre>${json}</pre></details>`;
}

/** `openclaw/openclaw#89520` of an issue's address. */
function shortIssue(url: string): string {
  const match = /([\w.-]+\/[\w.-]+)\/(?:issues|pull)\/(\d+)/.exec(url);
  return match === null ? url : `${match[1]}#${match[2]}`;
}

function timelines(view: CellView): Markup | '' {
  const { timeline, closeUp } = view;
  if (timeline === undefined)
    return html`<section><h3>Timeline</h3><p class="note">There is no evidence of this cell: it did not run.</p></section>`;
  const chart = (name: string, drawn: Markup) =>
    html`<div class="scroll" role="region" aria-label="${name}" tabindex="0">${drawn}</div>`;
  const zero = timeline.holds[0]?.fromMs ?? 0;
  return html`<section><h3>Timeline</h3>
<p class="key"><span class="call-key">│</span> call on the store <span class="call-key elsewhere">│</span> elsewhere in the state folder <span class="strike-key">┊</span> strike ◆ an event</p>
${chart('The whole cell', timelineChart(timeline, 'The whole cell'))}
${closeUp === undefined ? '' : html`<h4>Around the fault, from the moment of the hold</h4>${chart('Around the fault', timelineChart(timeline, 'Around the fault', closeUp, zero))}`}
</section>`;
}

const CHANGES: Readonly<Record<FolderBox['change'], [sign: string, word: string]>> = {
  there: ['', ''],
  same: ['=', 'the same'],
  added: ['+', 'new'],
  changed: ['~', 'changed'],
  replaced: ['↻', 'replaced'],
  removed: ['−', 'gone'],
};

function folderTable(folder: FolderDiff | undefined): Markup | '' {
  if (folder === undefined) return '';
  const { below, moments, rows, unchanged, leftOut } = folder;
  return html`<section><h3>The state folder</h3>
<div class="scroll" role="region" aria-label="The state folder" tabindex="0"><table class="folder">
<thead><tr><th scope="col">${below === '' ? 'file' : html`file, below <code>${below}</code>`}</th>${moments.map(({ title }) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>${rows.map(({ path, role, boxes }) => html`<tr><th scope="row"><code>${path}</code>${role === undefined ? '' : html` <span class="role">${role}</span>`}</th>${boxes.map(folderBox)}</tr>`)}</tbody>
</table></div>
<p class="note">${rows.length === 0 ? 'Nothing changed. ' : ''}${unchanged} ${unchanged === 1 ? 'file was' : 'files were'} the same all the time${leftOut === 0 ? '' : `; ${leftOut} more that changed are not listed here`}.</p>
</section>`;
}

function folderBox(box: FolderBox | undefined): Markup {
  if (box === undefined) return html`<td class="absent"><span class="hidden-text">not there</span></td>`;
  const [mark, word] = CHANGES[box.change];
  return html`<td class="${box.change}"><span class="mark" aria-hidden="true">${mark}</span> ${box.change === 'removed' ? word : bytes(box.sizeBytes)}${box.change === 'removed' || word === '' ? '' : html` <span class="word">${word}</span>`}</td>`;
}

function storeDiff({ from, to, lines, leftOut }: StoreDiff): Markup {
  const kind = (line: string) => ({ '+': 'plus', '-': 'minus', '@': 'place' })[line.charAt(0)] ?? 'context';
  return html`<details class="store"><summary>The store, ${from} → ${to}</summary><pre class="diff" role="region" tabindex="0" aria-label="The store, ${from} → ${to}">${lines.map(
    (line) => html`<span class="${kind(line)}">${line}
</span>`,
  )}</pre>${leftOut === 0 ? '' : html`<p class="note">${leftOut} more lines differ; the contents are in files/ beside the evidence.</p>`}</details>`;
}

function callsTable({ calls }: CellView): Markup | '' {
  if (calls.list.length === 0) return '';
  const from = calls.heldAtMs ?? 0;
  const time = (ms: number) => (calls.heldAtMs === undefined || ms < from ? '' : '+') + duration(ms - from);
  return html`<details><summary>Calls on the store${calls.heldAtMs === undefined ? '' : ', from the hold'}: ${calls.list.length} of ${calls.of}</summary>
<div class="scroll" role="region" aria-label="Calls on the store" tabindex="0"><table class="calls"><thead><tr><th scope="col">line</th><th scope="col">when</th><th scope="col">boot</th><th scope="col">call</th></tr></thead>
<tbody>${calls.list.map((call) => html`<tr><td>${call.line}</td><td>${time(call.atMs)}</td><td>${call.boot}</td><td><code>${call.says}</code></td></tr>`)}</tbody></table></div></details>`;
}

function log({ lines, gapAt, leftOut }: LogView, file: string): Markup {
  const text = (list: LogView['lines']) =>
    list.map(
      ({
        boot,
        atMs,
        text: said,
      }) => html`<span class="when">${boot} ${(atMs / 1000).toFixed(2).padStart(8)}</span> ${said}
`,
    );
  return html`<details class="log"><summary>The system's log: ${lines.length + leftOut} lines</summary>${
    lines.length === 0
      ? html`<p class="note">It said nothing.</p>`
      : html`<p class="note">Boot, seconds, line.</p><pre role="region" tabindex="0" aria-label="The system's log">${text(lines.slice(0, gapAt))}${
          leftOut === 0
            ? ''
            : html`<span class="gap">… ${leftOut} lines left out; all of them are in ${file} …
</span>`
        }${text(lines.slice(gapAt))}</pre>`
  }</details>`;
}
