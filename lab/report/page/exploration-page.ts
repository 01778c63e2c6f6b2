import { type AdviceRow, adviceInWords, adviceRows } from '../../explore/advice/words.ts';
import type { FolderChange, FolderChanges } from '../../explore/folder-changes.ts';
import { notInRecoveries, ofPower } from '../../explore/report.ts';
import { lineInWords, linesOf, sourceLinesInWords } from '../../explore/source-lines/words.ts';
import type { ExplorationView, PointView } from '../../explore/view.ts';
import { brokenIn } from '../../explore/write-map.ts';
import type { MatrixExploration } from '../../result/matrix.ts';
import { sizeInWords, titleOf, verdictInWords } from '../explorations.ts';
import { command } from './cell-page.ts';
import { html, type Markup } from './markup.ts';
import { sign, stateOf } from './state.ts';
import { bytes, duration } from './units.ts';

type Found = ExplorationView['found'];

/** The page of one exploration: the write as a strip of its calls, what was found, and the folder at each crash point. */
export function explorationPage(row: MatrixExploration, view: ExplorationView | undefined): Markup {
  const state = stateOf(row);
  return html`<article class="cell exploration" aria-labelledby="exploration-title">
<header><h2 id="exploration-title" tabindex="-1"><span class="state ${state}"><span class="sign" aria-hidden="true">${sign(state)}</span> ${verdictInWords(row)}</span> ${titleOf(row)}</h2>
<p class="about">${sizeInWords(row)} · took ${duration(row.durationMs)}</p></header>
<dl class="facts">
<div><dt>What it comes to</dt><dd>${row.detail}</dd></div>
<div><dt>Run it again</dt><dd>${command(row.reproduce)}</dd></div>
<div><dt>All that was recorded</dt><dd><code>explorations/${row.id}/</code></dd></div>
</dl>
${view === undefined ? html`<p class="note">It did not come to its end: there is nothing to show.</p>` : explorationBody(view, issuesOf(row))}
</article>`;
}

/** The same of one that is not part of a run; the document's script finds what it looks for. */
export function aloneExploration(title: string, view: ExplorationView, reproduce: string): Markup {
  const { outcome, tookMs, map } = view.found;
  const state = outcome.verdict === 'violated' ? 'new' : outcome.verdict;
  return html`<main id="overview"><article class="cell exploration" aria-labelledby="exploration-title">
<header><h2 id="exploration-title" tabindex="-1"><span class="state ${state}"><span class="sign" aria-hidden="true">${sign(state)}</span> ${outcome.verdict}</span> ${title}</h2>
<p class="about">${map.length - 1} calls · took ${duration(tookMs.whole)}</p></header>
<dl class="facts"><div><dt>Run it again</dt><dd>${command(reproduce)}</dd></div></dl>
${explorationBody(view)}
</article><form id="filters" hidden><output id="shown"></output></form></main>`;
}

const issuesOf = ({ checks }: MatrixExploration): ReadonlyMap<string, string> =>
  new Map(checks.flatMap(({ id, issue }) => (issue === undefined ? [] : [[id, issue] as const])));

/** What a page has of an exploration below its head. */
export function explorationBody(view: ExplorationView, issues: ReadonlyMap<string, string> = new Map()): Markup {
  const { found } = view;
  return html`${strip(view)}
${findings(view, issues)}
${found.outcome.reasons.length === 0 ? '' : html`<section><h3>It proves less than everything</h3><ul>${found.outcome.reasons.map((reason) => html`<li>${reason}</li>`)}</ul></section>`}
${advice(found)}
${groups(found)}
${points(view)}
${sourceLinesSection(found)}
${confirmed(found)}
${powerSection(found)}
<section><h3>What is assumed</h3><dl class="facts">${found.models.map(({ model, assumes, crashPoints }) => html`<div><dt>${model}</dt><dd>${crashPoints} crash points: ${assumes}</dd></div>`)}</dl></section>`;
}

/** What power failures really left, where that was read. */
const powerSection = ({ power }: Found): Markup | '' =>
  power === undefined
    ? ''
    : html`<section><h3>Real power failures</h3>${ofPower({ power }).map((line) => html`<p>${line}</p>`)}</section>`;

/** One box for each call, coloured by what a crash just before it, or inside it, comes to; a lane for each model. */
function strip({ found, points }: ExplorationView): Markup {
  const flips = points.filter(({ breaks, mends }) => breaks.length + mends.length > 0);
  return html`<section><h3>The write, call by call</h3>
<p class="key">A box is the crash just before its call and inside it: <span class="state held">held</span>, <span class="state new">✗ violated</span>. Its letter is the kind of the call: create, write, sync, rename, unlink, directory, truncate. ▼ breaks a promise, ▲ mends it. A line at its left: an answer went out before it. Choose one to see the folder there.</p>
<div class="strip scroll" role="region" aria-label="The write, call by call" tabindex="0">${found.models.map(
    ({ model }, lane) =>
      html`<div class="lane"><span class="lane-name">${model}</span><div class="ticks">${points.map((point) => tick(point, lane))}</div></div>`,
  )}</div>
${flips.length === 0 ? html`<p class="note">No call changes the verdict: every crash point comes to the same.</p>` : html`<ul class="flips">${flips.map(flip)}</ul>`}
</section>`;
}

function tick({ row, breaks, mends }: PointView, lane: number): Markup {
  const here = row.verdicts[lane];
  const [state, mark] =
    here === undefined || here.states === 0
      ? ['none', '·']
      : here.verdict === 'violated'
        ? ['new', '✗']
        : here.verdict === 'held'
          ? ['held', LETTERS[row.op] ?? '·']
          : ['inconclusive', '?'];
  const model = here?.model ?? '';
  const turned = breaks.some((one) => one.endsWith(`(${model})`))
    ? 'breaks'
    : mends.some((one) => one.endsWith(`(${model})`))
      ? 'mends'
      : '';
  const told = `${callOf(row)}: ${here?.states ?? 0} states, ${here?.violated.join(', ') || here?.verdict || ''}${row.acknowledged.length === 0 ? '' : `; ${row.acknowledged.join(', ')} acknowledged before it`}`;
  return html`<button type="button" class="tick ${state} ${turned}${row.acknowledged.length === 0 ? '' : ' answered'}" data-point="point-${row.call}" title="${told}" aria-label="${told}">${mark}</button>`;
}

/** What stands in a box that held: the kind of the call. */
const LETTERS: Readonly<Record<string, string>> = {
  create: 'c',
  write: 'w',
  sync: 's',
  rename: 'r',
  unlink: 'u',
  mkdir: 'd',
  rmdir: 'd',
  truncate: 't',
};

function flip({ row, breaks, mends }: PointView): Markup {
  const by =
    row.call === 1
      ? 'From the beginning'
      : `From call ${row.call - 1} on, before call ${row.call} (${row.op === '' ? 'the end' : row.op})`;
  return html`<li>${by}: ${breaks.map((one) => html`<span class="state new">▼ ${one} broken</span> `)}${mends.map((one) => html`<span class="state held">▲ ${one} holds again</span> `)}</li>`;
}

function findings(
  { found: { sourceLines }, findings: found }: ExplorationView,
  issues: ReadonlyMap<string, string>,
): Markup {
  if (found.length === 0) return html`<section><h3>Findings</h3><p>No state breaks a promise.</p></section>`;
  return html`<section><h3>Findings</h3>${found.map(({ finding, folder }) => {
    const issue = issues.get(finding.check);
    const state = finding.promised ? (issue === undefined ? 'new' : 'known') : 'not-applicable';
    return html`<div class="finding-block"><h4><span class="state ${state}">✗ ${finding.check}</span> under ${finding.model}${finding.promised ? '' : ', not promised'}${issue === undefined ? '' : html` <a class="issue" href="${issue}" rel="noreferrer noopener" target="_blank">known</a>`}</h4>
<p>${finding.cause}.</p>
${callSites(sourceLines, finding.calls)}
<p>${finding.detail} <span class="note">(${finding.states} ${finding.states === 1 ? 'state' : 'states'}${finding.booted === undefined ? '' : `, after a boot (${finding.booted})`}${finding.model === 'power-loss' ? (finding.onExt4 ? '; ext4 can leave such a state too' : '; not on ext4 as it is mounted by default') : ''}${finding.seen === undefined ? '' : `; ${finding.seen}`})</span></p>
${folder === undefined ? '' : html`<details><summary>The folder in its smallest state, against the folder before the write</summary>${changes(folder)}</details>`}
<p>${command(finding.reproduce)}</p></div>`;
  })}</section>`;
}

/** Where in the program's source calls were made. */
function callSites(lines: Found['sourceLines'], calls: readonly number[] | undefined): Markup | '' {
  const known = linesOf(lines, calls);
  if (known.length === 0) return '';
  return html`<ul class="call-sites">${known.map((line) => html`<li>call ${line.call}: <code>${line.through}</code> at <code>${lineInWords(line)}</code></li>`)}</ul>`;
}

function sourceLinesSection({ sourceLines }: Found): Markup | '' {
  if (sourceLines === undefined) return '';
  const { reasons } = sourceLines;
  return html`<section><h3>Source lines</h3><p>${sourceLinesInWords(sourceLines)} They are of another recording than the one that is judged, and no verdict rests on them.</p>
${reasons.length === 0 ? '' : html`<ul>${reasons.map((one) => html`<li>${one}</li>`)}</ul>`}</section>`;
}

function groups({ groups: all, recoveries, models }: Found): Markup | '' {
  if (all.all === 0) return '';
  const split = [...all.split, ...recoveries.groups.split];
  return html`<section><h3>Groups of states that are alike</h3>
<dl class="facts"><div><dt>Of the write</dt><dd>${all.seen} of ${all.all} were tried, ${all.settled} to the end</dd></div>
<div><dt>Of its recoveries</dt><dd>${recoveries.groups.seen} of ${recoveries.groups.all} were tried, ${recoveries.groups.settled} to the end; ${recoveries.recorded} recoveries recorded, ${recoveries.equal} of them do what another one does</dd></div></dl>
${notInRecoveries({ models }).map((one) => html`<p class="note">${one}</p>`)}
${split.length === 0 ? (all.seen === 0 ? '' : html`<p class="note">None was split: in each the first state and the last came to the same.</p>`) : html`<p>Split, since two of its states came to different verdicts:</p><ul>${split.map((key) => html`<li>${key}</li>`)}</ul>`}</section>`;
}

/** What each sync, rename and answer is needed for. */
function advice({ advice: found, sourceLines }: Found): Markup | '' {
  if (found === undefined) return '';
  const rows = adviceRows(found);
  const list = (title: string, some: readonly string[]) =>
    some.length === 0 ? '' : html`<p>${title}</p><ul>${some.map((one) => html`<li>${one}</li>`)}</ul>`;
  return html`<section><h3>What the write needs</h3>
<p class="key">Each sync is taken away in the record, each rename written in place, each answer given earlier; the states that a crash would leave then are judged without a boot. The time is that between a call and its end in this record.</p>
${
  rows.length === 0
    ? ''
    : html`<p>${adviceInWords(found)}.</p>
<div class="scroll" role="region" aria-label="What the write needs" tabindex="0"><table class="figures wide advice">
<thead><tr><th scope="col">call</th><th scope="col">what</th><th scope="col">advice</th><th scope="col">took</th><th scope="col">because</th></tr></thead>
<tbody>${rows.map((row) => adviceRow(row, sourceLines))}</tbody></table></div>`
}
${list('No sync saves:', found.beyond)}${list('Not all was weighed:', found.reasons)}</section>`;
}

function adviceRow(
  { call, of, what, advice: is, because, tookMs, kept }: AdviceRow,
  lines: Found['sourceLines'],
): Markup {
  const state = ADVICE_STATES[is] ?? 'held';
  return html`<tr><td>${call}</td><td><code>${what}</code>${callSites(lines, of === undefined ? [] : [of])}</td><td class="state ${state}">${is}</td><td>${tookMs === undefined ? '' : duration(tookMs)}</td><td>${because}${kept === undefined ? '' : html` <code class="note">${kept}</code>`}</td></tr>`;
}

const ADVICE_STATES: Readonly<Record<string, string>> = {
  missing: 'new',
  'too early': 'new',
  redundant: 'known',
  'could be earlier': 'known',
  unknown: 'inconclusive',
};

function points({ found: { sourceLines }, points: all, withoutFolders }: ExplorationView): Markup {
  return html`<section><h3>The folder at each crash point</h3>
${withoutFolders === undefined ? '' : html`<p class="note">Without folders: ${withoutFolders}</p>`}
${all.map((one) => point(one, sourceLines))}</section>`;
}

function point({ row, folder, does }: PointView, lines: Found['sourceLines']): Markup {
  const broken = brokenIn(row);
  const states = row.verdicts
    .map(({ model, states: count }) => `${count} ${count === 1 ? 'state' : 'states'} (${model})`)
    .join(', ');
  return html`<details class="point" id="point-${row.call}"><summary><span class="number">${row.call}</span> <span class="state ${broken.length === 0 ? 'held' : 'new'}">${broken.length === 0 ? '✓' : '✗'}</span> <code>${callOf(row)}</code>${row.acknowledged.length === 0 ? '' : html` <span class="role">${row.acknowledged.join(', ')} acknowledged before it</span>`}${broken.length === 0 ? '' : html` <span class="state new">${broken.join(', ')}</span>`}</summary>
<p class="note">${states}</p>${callSites(lines, [row.call])}
<h4>The folder just before it, against the folder before the write</h4>${changes(folder)}
${does === undefined ? '' : html`<h4>What the call changes</h4>${changes(does)}`}</details>`;
}

function changes({ changes: list, more }: FolderChanges): Markup {
  if (list.length === 0) return html`<p class="note">No difference.</p>`;
  return html`<ul class="changes-list">${list.map(change)}</ul>${more === 0 ? '' : html`<p class="note">and ${more} more</p>`}`;
}

const MARKS = { added: '+', removed: '−', changed: '~' } as const;

function change({ path, change: what, type, before, after, lines, moreLines }: FolderChange): Markup {
  const size =
    what === 'changed' && before !== undefined && after !== undefined
      ? `${bytes(before)} → ${bytes(after)}`
      : before !== undefined || after !== undefined
        ? bytes(after ?? before ?? 0)
        : type;
  return html`<li class="${what}"><span class="mark" aria-hidden="true">${MARKS[what]}</span> <span class="hidden-text">${what}</span><code>${path}</code> ${size}${
    lines.length === 0
      ? ''
      : html`<pre class="diff">${lines.map(
          (line) => html`<span class="${line.startsWith('+') ? 'plus' : 'minus'}">${line}
</span>`,
        )}${
          moreLines === 0
            ? ''
            : html`<span class="place">and ${moreLines} more lines
</span>`
        }</pre>`
  }</li>`;
}

function confirmed({ confirmed: list }: Found): Markup | '' {
  if (list.length === 0) return '';
  return html`<section><h3>Real crashes</h3><ul>${list.map(({ at, agrees, differences }) => html`<li><span class="state ${agrees ? 'held' : 'new'}">${agrees ? '✓' : '✗'}</span> ${at}${differences.length === 0 ? '' : `: ${differences.join('; ')}`}</li>`)}</ul></section>`;
}

const callOf = ({ op, path, to, bytes: count }: PointView['row']): string =>
  op === ''
    ? 'the end'
    : `${op} ${path}${to === undefined ? '' : ` → ${to}`}${count === undefined ? '' : `, ${bytes(count)}`}`;
