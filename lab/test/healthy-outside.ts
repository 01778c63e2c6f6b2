import { type AnswerTemplate, learnAnswer } from '../answers.ts';
import { EvidenceBuilder } from './healthy-cell.ts';

/** Evidence of a system from outside as a right one leaves it, for tests to spoil in one place: it appends each write to a list, replaced by rename. */

export const LIST = '/state/list.json';
export const LEFT = '/state/list.json.4711.tmp';

export const answerOf = (...names: string[]): string => JSON.stringify(names.map((name) => `midwrite-${name}`));
const template = (answer: string) => learnAnswer([answer]) as AnswerTemplate;

/** Killed in the middle of its write, which was not acknowledged; `answers` says what it holds after its boot. */
export function crashed(answers: { booted?: string; served?: string; rebooted?: string } = {}): EvidenceBuilder {
  const build = new EvidenceBuilder()
    .add({
      type: 'cell',
      schemaVersion: 2,
      id: 'list@1_list.json.full_sigkill_512m',
      system: 'list',
      version: '1',
      crashPoint: 'list.json.full',
      place: 'the new copy of list.json, whole and not yet renamed over it',
      fault: 'sigkill',
      aftermath: 'aged',
      memoryBytes: 512 * 1024 * 1024,
      image: 'midwrite/list',
      notes: [],
      promises: {
        root: '/state',
        store: { path: '/state', format: 'unnamed' },
        temps: [],
        sweepGraceMs: 0,
        sweepWithinMs: 0,
        readyWithinMs: 60_000,
        serveWithinMs: 60_000,
        durable: [],
        level: 'process-crash',
        answers: {
          before: template(answerOf('warm')),
          after: template(answerOf('warm', 'struck')),
          showsText: true,
          atRest: [LIST],
        },
      },
    })
    .started(1)
    .ready(1);
  write(build, 'warm', 1, true);
  return write(
    build
      .add({ type: 'answer', moment: 'before', boot: 1, acknowledged: true, text: answerOf('warm') })
      .snapshot('before', { [LIST]: { text: answerOf('warm') } })
      .add({ type: 'hold', id: 'list.json.full', op: 'rename', path: '/state/list.json.*.tmp', at: 'before', nth: 1 })
      .gate(1, {
        ev: 'held',
        id: 'x',
        nth: 1,
        at: 'before',
        op: 'rename',
        syscall: 'rename',
        pid: 7,
        tid: 7,
        path: LEFT,
        quiesced: true,
        waiting: 0,
      })
      .add({ type: 'phase', name: 'strike' })
      .add({ type: 'docker', container: 'x-system', action: 'kill', attributes: { signal: '9' } })
      .add({ type: 'stopped', boot: 1, exitCode: 137, oomKilled: false, byLab: false }),
    'struck',
    1,
    false,
  )
    .snapshot('struck', { [LIST]: { text: answerOf('warm') } })
    .started(2)
    .gate(2, { ev: 'memory', currentBytes: 1_000_000, peakBytes: null, oomKills: 0 })
    .ready(2)
    .add({ type: 'answer', moment: 'booted', boot: 2, acknowledged: true, text: answers.booted ?? answerOf('warm') })
    .snapshot('booted', { [LIST]: { text: answerOf('warm') } })
    .add({
      type: 'turn',
      boot: 2,
      name: 'after',
      session: 's',
      text: 'midwrite-after',
      durable: [],
      result: { tSent: 1, tEnded: 5, acknowledged: true },
    })
    .add({
      type: 'answer',
      moment: 'served',
      boot: 2,
      acknowledged: true,
      text: answers.served ?? answerOf('warm', 'after'),
    })
    .snapshot('served', { [LIST]: { text: answerOf('warm', 'after') } })
    .started(3)
    .ready(3)
    .add({
      type: 'answer',
      moment: 'rebooted',
      boot: 3,
      acknowledged: true,
      text: answers.rebooted ?? answerOf('warm', 'after'),
    })
    .snapshot('rebooted', { [LIST]: { text: answerOf('warm', 'after') } })
    .add({ type: 'end', durationMs: 1_000 });
}

function write(build: EvidenceBuilder, name: string, boot: number, acknowledged: boolean): EvidenceBuilder {
  return build.add({
    type: 'turn',
    boot,
    name,
    session: 's',
    text: `midwrite-${name}`,
    durable: [],
    result: { tSent: 1, tEnded: 5, acknowledged },
  });
}
