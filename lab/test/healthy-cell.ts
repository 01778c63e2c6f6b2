import { createHash } from 'node:crypto';
import type { CellSpec } from '../cell-id.ts';
import { CellEvidence } from '../evidence/cell-evidence.ts';
import type { EvidenceEvent, Moment, Observation } from '../evidence/event.ts';
import type { GateEvent } from '../gate/protocol.ts';
import type { Entry } from '../sidecar/client.ts';

/** Evidence of cells as a right gateway leaves it, for tests to spoil in one place. */

export const STORE = '/state/sessions.json';
export const TEMP = '/state/sessions.json.0a1b2c3d.7.1234.2.tmp';
export const FIRST_TEMP = '/state/sessions.json.0a1b2c3d.7.1234.1.tmp';
export const JOURNAL = '/state/sessions.journal.2';
export const YOUNG = '/state/sessions.json.4e5b6c7d.2.5678.6.tmp';
export const FOREIGN = '/state/notes-of-another-program.tmp';
const HOUR = 3_600_000;
const PATTERN = '/state/sessions.json.*.tmp';

const sha = (text: string) => createHash('sha256').update(text).digest('hex');
const row = (name: string) => ({
  sessionId: name,
  createdAt: 1,
  updatedAt: 2,
  turns: [{ user: `midwrite-text-${name}` }],
});
export const storeOf = (...names: string[]) =>
  JSON.stringify(Object.fromEntries(names.map((name) => [`midwrite-${name}`, row(name)])));

/** Builds evidence event by event, a millisecond apart. */
export class EvidenceBuilder {
  events: EvidenceEvent[] = [];
  contents = new Map<string, Uint8Array>();
  #t = 1_000_000_000_000;
  #seq = 0;

  at(t: number): this {
    this.#t = t;
    return this;
  }

  get now(): number {
    return this.#t;
  }

  add(observation: Observation): this {
    this.#t += 1;
    this.events.push({ t: this.#t, ...observation } as EvidenceEvent);
    return this;
  }

  gate(boot: number, event: { ev: GateEvent['ev'] } & Record<string, unknown>): this {
    this.#seq += 1;
    const full = { seq: this.#seq, t: this.#t + 1, mono: this.#t * 1e6, ...event } as unknown as GateEvent;
    return this.add({ type: 'gate', boot, event: full });
  }

  op(boot: number, op: string, path: string, more: Record<string, unknown> = {}): this {
    return this.gate(boot, { ev: 'op', op, syscall: op, pid: 7, tid: 7, path, ...more });
  }

  snapshot(moment: Moment, files: Record<string, { text: string; ageMs?: number; ino?: number }>): this {
    const entries = Object.entries(files).map(([path, { text, ageMs, ino }]): Entry => {
      this.contents.set(sha(text), Buffer.from(text));
      const times = { mtimeMs: this.#t - (ageMs ?? 0), ctimeMs: this.#t };
      const size = Buffer.byteLength(text);
      return { path, type: 'file', size, mode: 0o600, uid: 1000, ino: ino ?? 1, nlink: 1, sha256: sha(text), ...times };
    });
    return this.add({ type: 'snapshot', moment, entries });
  }

  turn(name: string, boot: number, acknowledged = true, tookMs = 5): this {
    return this.add({
      type: 'turn',
      boot,
      name,
      session: `midwrite-${name}`,
      text: `midwrite-text-${name}`,
      durable: [{ file: STORE, contains: `midwrite-text-${name}` }],
      result: {
        tSent: this.#t - tookMs,
        tEnded: this.#t,
        acknowledged,
        ...(acknowledged ? { status: 200 } : { error: 'connection: reset' }),
      },
    });
  }

  /** A turn that is in the journal, and synced there, when it is acknowledged. */
  kept(boot: number, name: string): this {
    return this.op(boot, 'write', JOURNAL, { bytes: 300 }).op(boot, 'sync', JOURNAL).turn(name, boot);
  }

  started(boot: number): this {
    const limits = { cgroupVersion: 1, memoryLimitBytes: 1, oomKills: 0 };
    return this.gate(boot, { ev: 'start', protocol: 1, version: '1', pid: 7, argv: [], ...limits });
  }

  ready(boot: number, tookMs = 100): this {
    return this.add({ type: 'ready', boot, tReady: this.#t, tookMs });
  }

  done(): CellEvidence {
    return new CellEvidence(this.events, this.contents);
  }
}

function begin(cell: Pick<CellSpec, 'fault' | 'aftermath'>): EvidenceBuilder {
  const build = new EvidenceBuilder();
  return (
    build
      .add({
        type: 'cell',
        schemaVersion: 1,
        id: `reference@1.0.0_full-temp_${cell.fault}_192m`,
        system: 'reference',
        version: '1.0.0',
        crashPoint: 'full-temp',
        fault: cell.fault,
        aftermath: cell.aftermath,
        memoryBytes: 192 * 1024 * 1024,
        image: 'midwrite/reference:1',
        notes: [],
        promises: {
          root: '/state',
          store: {
            path: STORE,
            format: 'json-rows',
            rowFields: ['sessionId', 'updatedAt'],
            journal: '/state/sessions.journal.*',
          },
          temps: [],
          sweepGraceMs: 300_000,
          sweepWithinMs: 500,
          sweepEveryMs: 1_000,
          readyWithinMs: 10_000,
          serveWithinMs: 5_000,
          durable: [{ file: ['/state/sessions.journal.*', STORE], contains: '{text}' }],
          level: 'power-loss',
          turnWritesAtMostBytes: 1_000,
          retention: {
            maxRows: 3,
            archive: '/state/archive/*.jsonl',
            expires: [{ keys: 'midwrite-model-run-*', afterMs: HOUR }],
          },
        },
      })
      .add({ type: 'phase', name: 'boot' })
      .snapshot('configured', { [STORE]: { text: storeOf('warm', 'model-run-1') } })
      .started(1)
      .ready(1)
      // A turn goes to the journal; then the journal before it is folded into the store.
      .op(1, 'create', JOURNAL)
      .op(1, 'write', JOURNAL, { bytes: 300 })
      .op(1, 'sync', JOURNAL)
      .op(1, 'sync', '/state')
      .turn('warm', 1)
      .op(1, 'create', FIRST_TEMP)
      .op(1, 'write', FIRST_TEMP, { bytes: Buffer.byteLength(storeOf('warm')) })
      .op(1, 'sync', FIRST_TEMP)
      .op(1, 'rename', FIRST_TEMP, { to: STORE })
      .op(1, 'sync', '/state')
      .op(1, 'unlink', '/state/sessions.journal.1')
      .gate(1, { ev: 'memory', currentBytes: 50_000_000, peakBytes: 60_000_000, oomKills: 0 })
      .snapshot('before', { [STORE]: { text: storeOf('warm') } })
      .add({ type: 'write-shape', kind: 'replace', store: STORE, temp: PATTERN, example: TEMP })
      .add({ type: 'hold', id: 'full-temp', op: 'rename', path: '**', to: STORE, at: 'before' })
      .op(1, 'create', TEMP)
      .op(1, 'write', TEMP, { bytes: Buffer.byteLength(storeOf('warm', 'struck')) })
      .op(1, 'sync', TEMP)
      .op(1, 'rename', TEMP, { to: STORE })
      .gate(1, {
        ev: 'held',
        id: 'full-temp',
        nth: 1,
        at: 'before',
        op: 'rename',
        syscall: 'rename',
        pid: 7,
        tid: 7,
        path: TEMP,
        to: STORE,
        quiesced: true,
        waiting: 0,
      })
      .snapshot('held', { [STORE]: { text: storeOf('warm') }, [TEMP]: { text: storeOf('warm', 'struck') } })
      .add({ type: 'phase', name: 'strike' })
  );
}

/** A cell in which the system was killed before its rename, swept the temp at its boot, and lost nothing. */
export function killed(aftermath: CellSpec['aftermath'] = 'aged'): EvidenceBuilder {
  const old = { [STORE]: { text: storeOf('warm') } };
  const temp = { [TEMP]: { text: storeOf('warm', 'struck'), ageMs: aftermath === 'fresh' ? 0 : HOUR } };
  const planted = { [YOUNG]: { text: '{' }, [FOREIGN]: { text: 'not yours', ageMs: HOUR } };
  const stays = aftermath === 'aged' ? {} : temp;
  const build = begin({ fault: 'sigkill', aftermath })
    .add({ type: 'docker', container: 'x-system', action: 'kill', attributes: { signal: '9' } })
    .add({ type: 'stopped', boot: 1, exitCode: 137, oomKilled: false, byLab: false })
    .turn('struck', 1, false)
    .snapshot('struck', { ...old, [TEMP]: { text: storeOf('warm', 'struck') } })
    .add({
      type: 'planted',
      files: [
        { path: FOREIGN, role: 'foreign-file', ageMs: HOUR },
        { path: YOUNG, role: 'young-temp', ageMs: 0 },
      ],
    })
    .snapshot('prepared', { ...old, ...temp, ...planted })
    .started(2);
  if (aftermath === 'aged') build.op(2, 'unlink', TEMP);
  build
    .ready(2)
    .snapshot('booted', { ...old, ...planted, ...stays })
    .kept(2, 'after')
    .snapshot('served', { [STORE]: { text: storeOf('warm', 'after') }, ...planted, ...stays });
  const left = aftermath === 'fresh' ? {} : stays;
  if (aftermath === 'fresh') {
    build
      .add({ type: 'aged', byMs: HOUR, why: 'outlived' })
      .op(2, 'unlink', TEMP)
      .snapshot('outlived', { [STORE]: { text: storeOf('warm', 'after') }, ...planted });
  }
  return build
    .snapshot('stopped', { [STORE]: { text: storeOf('warm', 'after') }, ...planted, ...left })
    .started(3)
    .ready(3)
    .snapshot('rebooted', { [STORE]: { text: storeOf('warm', 'after') }, ...planted, ...left })
    .add({ type: 'end', durationMs: 1_000 });
}

/** A cell in which the system was frozen before its rename and went on. */
export function slept(): EvidenceBuilder {
  return begin({ fault: 'sleep', aftermath: 'aged' })
    .add({ type: 'docker', container: 'x-system', action: 'pause', attributes: {} })
    .add({ type: 'aged', byMs: 8 * HOUR, why: 'slept' })
    .add({ type: 'docker', container: 'x-system', action: 'unpause', attributes: {} })
    .gate(1, { ev: 'released', id: 'full-temp', how: 'continued' })
    .kept(1, 'struck')
    .snapshot('woken', { [STORE]: { text: storeOf('warm', 'struck') } })
    .kept(1, 'after')
    .snapshot('served', { [STORE]: { text: storeOf('warm', 'struck', 'after') } })
    .add({ type: 'end', durationMs: 1_000 });
}

/** A cell in which the rename failed: the turn was refused, its temp taken away, and the next one kept. */
export function failed(): EvidenceBuilder {
  const build = begin({ fault: 'io-error', aftermath: 'aged' });
  const rename = build.events.findLast((event) => event.type === 'gate' && event.event.ev === 'op');
  const of = rename?.type === 'gate' ? rename.event.seq : 0;
  const old = { [STORE]: { text: storeOf('warm') } };
  const after = { [STORE]: { text: storeOf('warm', 'after') } };
  return build
    .gate(1, { ev: 'released', id: 'full-temp', how: 'failed' })
    .gate(1, {
      ev: 'answered',
      id: 'full-temp',
      of,
      op: 'rename',
      syscall: 'rename',
      path: TEMP,
      to: STORE,
      by: 'hold',
      result: -5,
      error: 'EIO',
    })
    .op(1, 'unlink', TEMP)
    .turn('struck', 1, false)
    .add({ type: 'phase', name: 'drive on' })
    .snapshot('woken', old)
    .kept(1, 'after')
    .snapshot('served', after)
    .add({ type: 'phase', name: 'boot again' })
    .add({ type: 'stopped', boot: 1, exitCode: 137, oomKilled: false, byLab: true })
    .snapshot('stopped', after)
    .started(2)
    .ready(2)
    .snapshot('rebooted', after)
    .kept(2, 'restarted')
    .add({ type: 'end', durationMs: 1_000 });
}

/** A cell in which the system was stopped as an operator does it, during the hold, and ended by itself. */
export function stopped(): EvidenceBuilder {
  const build = killed();
  const [cell] = build.events;
  if (cell?.type !== 'cell') throw new Error('no cell');
  build.events[0] = { ...cell, fault: 'stop', promises: { ...cell.promises, stopsWithinMs: 10_000 } };
  build.events = build.events.flatMap((event): EvidenceEvent[] => {
    if (event.type === 'stopped') return [{ ...event, exitCode: 0 }];
    if (event.type !== 'docker') return [event];
    const gate = (ev: Record<string, unknown>): EvidenceEvent => ({
      t: event.t,
      type: 'gate',
      boot: 1,
      event: { seq: 900, t: event.t, mono: 1, ...ev } as unknown as GateEvent,
    });
    return [
      { ...event, attributes: { signal: '15' } },
      gate({ ev: 'released', id: 'full-temp', how: 'continued' }),
      gate({ ev: 'exit', code: 0, oomKillsAtStart: 0, oomKills: 0, currentBytes: 1, peakBytes: 1 }),
    ];
  });
  return build;
}
