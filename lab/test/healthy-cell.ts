import { createHash } from 'node:crypto';
import type { CellSpec } from '../cell/cell-id.ts';
import { CellEvidence } from '../evidence/cell-evidence.ts';
import type { EvidenceEvent, Moment, Observation } from '../evidence/event.ts';
import type { GateEvent } from '../gate/protocol.ts';
import type { Entry } from '../sidecar/client.ts';

/** Evidence of cells as a right gateway leaves it, for tests to spoil in one place. */

export const STORE = '/state/sessions.json';
export const TEMP = '/state/sessions.json.0a1b2c3d.7.1234.2.tmp';
export const YOUNG = '/state/sessions.json.4e5b6c7d.2.5678.6.tmp';
export const FOREIGN = '/state/notes-of-another-program.tmp';
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

const HOUR = 3_600_000;

function begin(cell: Pick<CellSpec, 'fault' | 'aftermath'>): EvidenceBuilder {
  const build = new EvidenceBuilder();
  return build
    .add({
      type: 'cell',
      schemaVersion: 1,
      id: `reference@1.0.0_full-temp_${cell.fault}_192m`,
      gateway: 'reference',
      version: '1.0.0',
      crashPoint: 'full-temp',
      fault: cell.fault,
      aftermath: cell.aftermath,
      memoryBytes: 192 * 1024 * 1024,
      image: 'midwrite/reference:1',
      notes: [],
      promises: {
        root: '/state',
        store: { path: STORE, format: 'json-rows', rowFields: ['sessionId', 'updatedAt'] },
        temps: [],
        sweepGraceMs: 300_000,
        sweepWithinMs: 500,
        readyWithinMs: 10_000,
        serveWithinMs: 5_000,
        durable: [{ file: STORE, contains: '{text}' }],
      },
    })
    .add({ type: 'phase', name: 'boot' })
    .started(1)
    .ready(1)
    .turn('warm', 1)
    .gate(1, { ev: 'memory', currentBytes: 50_000_000, peakBytes: 60_000_000, oomKills: 0 })
    .snapshot('before', { [STORE]: { text: storeOf('warm') } })
    .add({ type: 'write-shape', kind: 'replace', store: STORE, temp: PATTERN, example: TEMP })
    .add({ type: 'hold', id: 'full-temp', op: 'rename', path: '**', to: STORE, at: 'before' })
    .op(1, 'create', TEMP)
    .op(1, 'write', TEMP, { bytes: Buffer.byteLength(storeOf('warm', 'struck')) })
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
    .add({ type: 'phase', name: 'strike' });
}

/** A cell in which the gateway was killed before its rename, swept the temp at its boot, and lost nothing. */
export function killed(aftermath: CellSpec['aftermath'] = 'aged'): EvidenceBuilder {
  const old = { [STORE]: { text: storeOf('warm') } };
  const temp = { [TEMP]: { text: storeOf('warm', 'struck'), ageMs: aftermath === 'fresh' ? 0 : HOUR } };
  const planted = { [YOUNG]: { text: '{' }, [FOREIGN]: { text: 'not yours', ageMs: HOUR } };
  const stays = aftermath === 'aged' ? {} : temp;
  const build = begin({ fault: 'sigkill', aftermath })
    .add({ type: 'docker', container: 'x-gateway', action: 'kill', attributes: { signal: '9' } })
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
  return build
    .ready(2)
    .snapshot('booted', { ...old, ...planted, ...stays })
    .turn('after', 2)
    .snapshot('served', { [STORE]: { text: storeOf('warm', 'after') }, ...planted, ...stays })
    .snapshot('stopped', { [STORE]: { text: storeOf('warm', 'after') }, ...planted, ...stays })
    .started(3)
    .ready(3)
    .snapshot('rebooted', { [STORE]: { text: storeOf('warm', 'after') }, ...planted, ...stays })
    .add({ type: 'end', durationMs: 1_000 });
}

/** A cell in which the gateway was frozen before its rename and went on. */
export function slept(): EvidenceBuilder {
  return begin({ fault: 'sleep', aftermath: 'aged' })
    .add({ type: 'docker', container: 'x-gateway', action: 'pause', attributes: {} })
    .add({ type: 'aged', byMs: 8 * HOUR, why: 'slept' })
    .add({ type: 'docker', container: 'x-gateway', action: 'unpause', attributes: {} })
    .gate(1, { ev: 'released', id: 'full-temp', how: 'continued' })
    .turn('struck', 1)
    .snapshot('woken', { [STORE]: { text: storeOf('warm', 'struck') } })
    .turn('after', 1)
    .snapshot('served', { [STORE]: { text: storeOf('warm', 'struck', 'after') } })
    .add({ type: 'end', durationMs: 1_000 });
}
