import { markdownTable } from 'markdown-table';
import { markdownText, plain, several } from '../plain.ts';
import { glyph } from '../result/verdict.ts';
import { adviceInWords, adviceRows } from './advice/words.ts';
import type { Exploration, MapRow } from './exploration.ts';
import { lineInWords, linesOf, sourceLinesInWords } from './source-lines/words.ts';

const FIRST_REASONS = 10;

/** An exploration for a person at a terminal. */
export function explorationInWords(found: Exploration): string {
  const lines = [`${found.system}@${found.version}, ${workloadInWords(found)}: ${verdictOf(found)}`, '', counts(found)];
  lines.push(...(found.sourceLines?.reasons ?? []).map((reason) => `  - ${plain(reason)}`), '');
  for (const finding of found.findings) {
    lines.push(
      `✗ ${finding.check} (${finding.model}${finding.promised ? '' : ', not promised'}): ${plain(finding.cause)}`,
      `    ${plain(finding.detail)}`,
      ...linesOf(found.sourceLines, finding.calls).map(
        (line) => `    call ${line.call} at ${plain(lineInWords(line))}`,
      ),
      `    ${finding.states} ${finding.states === 1 ? 'state' : 'states'}${place(found, finding)}; again: ${finding.reproduce}`,
    );
  }
  if (found.findings.length === 0) lines.push('No state breaks a promise.');
  const { reasons } = found.outcome;
  if (reasons.length > 0) {
    lines.push(
      '',
      'It proves less than everything:',
      ...reasons.slice(0, FIRST_REASONS).map((reason) => `  - ${plain(reason)}`),
    );
    if (reasons.length > FIRST_REASONS) lines.push(`  - and ${reasons.length - FIRST_REASONS} more`);
  }
  return lines.join('\n');
}

const COMPLETE: Readonly<Record<Exploration['complete'], string>> = {
  'every-state': 'every state booted',
  'by-representatives': 'complete by representatives',
  no: 'as far as it was tried',
};

/** What was left out takes nothing from what was tried. */
function verdictOf({ complete, outcome: { verdict, ofTried }, shard, mergedFrom }: Exploration): string {
  const whole = `${glyph(verdict)} ${verdict}`;
  const part =
    shard === undefined
      ? mergedFrom === undefined
        ? ''
        : `, merged from ${mergedFrom.shards.length} of ${several(mergedFrom.count, 'shard')}`
      : `, as far as shard ${shard.index}/${shard.count} goes`;
  if (verdict === 'held') return `${whole}, ${COMPLETE[complete]}${part}`;
  return (verdict === ofTried ? whole : `${whole} as a whole; what was tried: ${glyph(ofTried)} ${ofTried}`) + part;
}

function place(found: Exploration, finding: Exploration['findings'][number]): string {
  const booted =
    finding.booted === undefined || found.judgedBy === 'answers' ? '' : `, after a boot (${finding.booted})`;
  if (finding.model === 'process-crash') return booted;
  const seen = 'seen' in finding && finding.seen !== undefined ? `; ${finding.seen}` : '';
  return `${booted}${seen}; ${finding.onExt4 ? 'ext4 can leave such a state too' : 'not on ext4 as it is mounted by default'}`;
}

function counts(found: Exploration): string {
  const { models, states, confirmed, tookMs, map } = found;
  const points = models.map(({ model, crashPoints }) => `${crashPoints} (${model})`).join(' and ');
  const agreed = confirmed.filter((one) => one.agrees).length;
  return [
    `${map.length - 1} calls; ${points} crash points; ${states.distinct} distinct states${found.shard === undefined ? '' : ' in the groups of this shard'}.`,
    ...(found.judgedBy === 'answers' ? ofAnswers(found) : ofFiles(found)),
    ...representatives(found),
    ...livesOf(found),
    ...notInRecoveries(found),
    ...powerLosses(found),
    ...ofPower(found),
    ...sharedMemory(found),
    ...(found.advice === undefined || found.advice.steps.length + found.advice.answers.length === 0
      ? []
      : [`What the write needs: ${adviceInWords(found.advice)}.`]),
    ...(found.sourceLines === undefined ? [] : [sourceLinesInWords(found.sourceLines)]),
    `Real crashes that left what the model says: ${agreed} of ${confirmed.length}.`,
    `Recorded in ${seconds(tookMs.record)}, judged in ${seconds(tookMs.judge)}, booted in ${seconds(tookMs.boot)}.`,
  ].join('\n');
}

export const notInRecoveries = ({ models }: Pick<Exploration, 'models'>): string[] =>
  models
    .filter(({ inRecoveries }) => inRecoveries === false)
    .map(({ model }) => `Recoveries were not crashed under ${model}: the system promises nothing of it.`);

/** What the kernel was seen to leave, of what the model has. */
export const ofPower = ({ power }: Pick<Exploration, 'power'>): string[] =>
  power === undefined
    ? []
    : [
        `Real power failures on ${power.fileSystem} (${power.kernel}): ${power.real} disks read, ${power.distinct} different folders. ` +
          `${power.reached} of the ${power.ofModel} that the model tries were there, ${power.between} that it allows and does not try, ` +
          `${power.outside.length} that it does not allow; ${power.refused.length} could not be read.`,
      ];

const sharedMemory = ({ sharedMemory: files }: Exploration): string[] =>
  files.length === 0
    ? []
    : [`Left out: the bytes of ${files.join(', ')}. SQLite makes its shared memory anew when it opens a database.`];

const ofFiles = ({ states, recoveries }: Exploration): string[] => [
  `Judged without a boot: all. Booted: ${states.booted}; different from one of them only in what no boot opened: ${states.represented}; a representative stands for: ${states.stoodFor}; not tried: ${states.leftOut}.`,
  `${recorded(recoveries)} ${recoveries.crashPoints} crash points in them leave ${recoveries.states} more states, judged; booted: ${recoveries.booted}, different from a booted one only in what no boot opened: ${recoveries.represented}, a representative stands for: ${recoveries.stoodFor}, not tried: ${recoveries.boundLeftOut}.`,
];

/** A system from outside is asked what it holds, so a state says nothing before the system runs on it. */
const ofAnswers = ({ states, recoveries }: Exploration): string[] => [
  `The system ran on ${states.booted} of them and was asked what it holds; ${states.represented} more differ from one of these only in what no run opened; a representative stands for ${states.stoodFor}; ${states.leftOut} were not tried.`,
  `${recorded(recoveries)} ${recoveries.crashPoints} crash points in them leave ${recoveries.states} more states. It ran on ${recoveries.booted} of those; ${recoveries.represented} more differ only in what no run opened; a representative stands for ${recoveries.stoodFor}; ${recoveries.boundLeftOut} were not tried.`,
];

const recorded = ({ recorded: all, equal }: Exploration['recoveries']): string =>
  `Recoveries recorded: ${all}${equal === 0 ? '' : `, of which ${equal} do what another one does and are not crashed again`};`;

function livesOf({ lives }: Exploration): string[] {
  if (lives === undefined || lives.boot + lives.turn === 0) return [];
  return [
    `After a boot come a turn, a stop and a second boot: ${lives.whole} times. Others had come to the same by then and stand for the rest: after the boot ${lives.boot} times, after the stop ${lives.turn} times.`,
  ];
}

/** What was not booted is not said to be known, but to be stood for. */
function representatives({ groups, recoveries }: Exploration): string[] {
  if (groups.all === 0) return [];
  const split = [...groups.split, ...recoveries.groups.split];
  return [
    `Groups of states that are alike (the same is left of the same update): ${ofGroups(groups)}; of recoveries: ${ofGroups(recoveries.groups)}. In each the first state and the last must come to the same.`,
    ...(split.length === 0
      ? []
      : [`Split, since two of its states came to different verdicts: ${split.map((key) => plain(key)).join(' | ')}.`]),
  ];
}

function powerLosses({
  models,
  leftOutByBound,
  powerLosses: { seed, drawn, groups, protocols },
}: Exploration): string[] {
  if (!models.some(({ model }) => model === 'power-loss')) return [];
  const safe = protocols.map(({ file, times }) => `${plain(file)} (${times} ${times === 1 ? 'time' : 'times'})`);
  return [
    ...(safe.length === 0
      ? []
      : [
          `Replaced safely as a whole (temp, sync, rename, sync of the folder), and not combined with others: ${safe.join(', ')}.`,
        ]),
    leftOutByBound === '0'
      ? 'Power losses left out by the bound: 0.'
      : `Power losses left out by the bound: ${leftOutByBound}, of which ${drawn} were drawn (--seed ${seed}). By what is lost in each role they are ${groups.all} groups, of which ${groups.seen} were seen.`,
  ];
}

const ofGroups = ({ all, seen, settled }: Exploration['groups']): string =>
  `${seen} of ${all} were tried${settled === seen ? '' : `, ${settled} of them to the end`}`;

/** What was recorded. */
export const workloadInWords = ({ workload, from }: Pick<Exploration, 'workload' | 'from'>): string =>
  from === undefined ? workload : `the upgrade from ${from}`;

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

/** An exploration as a page: what it assumes, what it found, and the map of the write. */
export function explorationReport(found: Exploration): string {
  const sections = [
    `# ${markdownText(`${found.system}@${found.version}`)}: every crash point of ${workloadInWords(found)}`,
    `**${verdictOf(found)}**`,
    ...ofList(found.outcome.reasons),
    counts(found),
    ...ofList(found.sourceLines?.reasons ?? []),
    '## What is assumed',
    found.models.map(({ model, assumes }) => `- \`${model}\`: ${markdownText(assumes)}`).join('\n'),
    '## Findings',
    ...(found.findings.length === 0
      ? ['No state breaks a promise.']
      : found.findings.map((finding) =>
          [
            `### ${finding.check}, ${finding.model}${finding.promised ? '' : ' (not promised)'}`,
            `${markdownText(finding.cause)}.`,
            `${markdownText(finding.detail)} (${finding.states} states${place(found, finding)})`,
            ...linesOf(found.sourceLines, finding.calls).map(
              (line) => `- call ${line.call}, ${markdownText(line.through)} at ${markdownText(lineInWords(line))}`,
            ),
            `\`${finding.reproduce}\``,
          ].join('\n\n'),
        )),
    ...adviceSection(found),
    '## The write, call by call',
    'A row is the crash just before its call, and in it where it writes.',
    mapTable(found),
    ...(found.confirmed.length === 0
      ? []
      : [
          '## Real crashes',
          found.confirmed
            .map(
              ({ at, agrees, differences }) =>
                `- ${agrees ? '✓' : '✗'} ${markdownText(at)}${differences.length === 0 ? '' : `: ${markdownText(differences.join('; '))}`}`,
            )
            .join('\n'),
        ]),
  ];
  return `${sections.join('\n\n')}\n`;
}

const ofList = (reasons: readonly string[]): string[] =>
  reasons.length === 0 ? [] : [reasons.map((reason) => `- ${markdownText(reason)}`).join('\n')];

/** What each sync, rename and answer is needed for. */
function adviceSection({ advice, sourceLines }: Exploration): string[] {
  if (advice === undefined) return [];
  const { reasons, beyond } = advice;
  const rows = adviceRows(advice);
  const isWithLines = sourceLines !== undefined;
  return [
    '## What the write needs',
    'Each sync is taken away in the record, each rename written in place, each answer given earlier; the states that a crash would leave then are judged without a boot.',
    ...(rows.length === 0
      ? []
      : [
          `${adviceInWords(advice)}.`,
          markdownTable([
            ['call', 'what', 'advice', 'because', 'ms', 'a state that shows it', ...(isWithLines ? ['line'] : [])],
            ...rows.map(({ call, what, advice: is, because, tookMs, kept, of }) => [
              call,
              markdownText(what),
              is,
              markdownText(because),
              tookMs === undefined ? '' : tookMs.toFixed(1),
              kept === undefined ? '' : `\`${kept}\``,
              ...(isWithLines ? [lineCell(sourceLines, of)] : []),
            ]),
          ]),
        ]),
    ...(beyond.length === 0 ? [] : ['No sync saves:', beyond.map((one) => `- ${markdownText(one)}`).join('\n')]),
    ...(reasons.length === 0 ? [] : [reasons.map((one) => `- ${markdownText(one)}`).join('\n')]),
  ];
}

const lineCell = (lines: Exploration['sourceLines'], call: number | undefined): string =>
  linesOf(lines, call === undefined ? [] : [call])
    .map((line) => markdownText(lineInWords(line)))
    .join('');

function mapTable({ models, map, sourceLines }: Exploration): string {
  const isWithLines = sourceLines !== undefined;
  return markdownTable([
    [
      '',
      'call',
      'bytes',
      'acknowledged before it',
      ...models.map(({ model }) => model),
      ...(isWithLines ? ['line'] : []),
    ],
    ...map.map((row) => [
      String(row.call),
      markdownText(callOf(row)),
      String(row.bytes ?? ''),
      markdownText(row.acknowledged.join(', ')),
      ...row.verdicts.map(box),
      ...(isWithLines ? [lineCell(sourceLines, row.call)] : []),
    ]),
  ]);
}

const callOf = ({ op, path, to }: MapRow) =>
  op === '' ? 'the end' : `${op} ${path}${to === undefined ? '' : ` -> ${to}`}`;

const box = ({ states, verdict, violated }: MapRow['verdicts'][number]) =>
  `${glyph(verdict)} ${states}${violated.length === 0 ? '' : ` ${violated.join(', ')}`}`;
