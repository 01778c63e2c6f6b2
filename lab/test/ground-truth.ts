/*
 * The ground truth of the explorer's representatives: each subject is explored with representatives, and every state of the same record is booted; what
 * was found is compared, and a row of a table is printed for each. The record is made once, in the time of the representatives. A subject is what
 * `explore` takes:
 *
 *   npm run ground-truth -- "--system reference" "--config examples/zip --system zip"
 *
 * Exit 1: a finding was missed, or made up; 3: an exploration did not come to its end.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { markdownTable } from 'markdown-table';
import { parseArgsStringToArgv } from 'string-argv';
import { Exploration } from '../explore/exploration.ts';
import { ExitCode } from '../problem.ts';
import { midwriteAloud } from './midwrite-aloud.ts';

const HEADER = [
  'subject',
  'boots, every state',
  'boots, representatives',
  'time, every state',
  'time, representatives',
  'findings',
  'missed',
  'made up',
];

function explored(args: readonly string[]): Exploration | undefined {
  const { status, stdout } = midwriteAloud(['explore', ...args, '--json']);
  if (status === null || status > ExitCode.unsound || stdout === '') return undefined;
  return Exploration.parse(JSON.parse(stdout));
}

/** What was found, whatever the state is that shows it. */
const found = ({ findings }: Exploration): Set<string> =>
  new Set(findings.map(({ check, model, place }) => `${check} (${model}) at ${place}`));

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;

function compared(subject: string): { row: string[]; exitCode: ExitCode } {
  const results = mkdtempSync(path.join(os.tmpdir(), 'midwrite-ground-truth-'));
  try {
    const fewer = explored([...parseArgsStringToArgv(subject), '--results', results]);
    const [record] = readdirSync(results);
    const every =
      record === undefined
        ? undefined
        : explored(['--record', path.join(results, record), '--every-state', '--results', results]);
    if (fewer?.complete !== 'by-representatives' || every?.complete !== 'every-state') {
      const reasons = [...(fewer?.outcome.reasons ?? []), ...(every?.outcome.reasons ?? [])];
      return { row: [subject, 'it did not come to its end', ...reasons], exitCode: ExitCode.unsound };
    }
    const [few, all] = [found(fewer), found(every)];
    const missed = [...all].filter((one) => !few.has(one));
    const madeUp = [...few].filter((one) => !all.has(one));
    for (const one of missed) console.error(`${subject}: missed: ${one}`);
    for (const one of madeUp) console.error(`${subject}: made up: ${one}`);
    const boots = [String(every.boots), String(fewer.boots)];
    const times = [seconds(every.tookMs.whole), seconds(fewer.tookMs.whole)];
    return {
      row: [subject, ...boots, ...times, String(all.size), String(missed.length), String(madeUp.length)],
      exitCode: missed.length + madeUp.length === 0 ? ExitCode.sound : ExitCode.unexpectedViolation,
    };
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
}

const rows: string[][] = [];
for (const subject of process.argv.slice(2)) {
  const { row, exitCode } = compared(subject);
  rows.push(row);
  console.error(row.join(' | '));
  process.exitCode = Math.max(Number(process.exitCode ?? 0), exitCode);
}
console.log(markdownTable([HEADER, ...rows]));
