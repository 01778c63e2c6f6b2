/**
 * Processes that do one thing, so that their memory is that thing's: `node judging-states.ts write FOLDER BYTES` writes the record of a turn that replaces
 * a store of that size; `node judging-states.ts judge FOLDER STATES` judges every state of it without a boot, again and again until it has judged so many,
 * and prints what that took as one JSON line.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { crashPointsOf, MODELS } from '../explore/crash-state.ts';
import { judgeStates } from '../explore/judged.ts';
import type { WriteRecord } from '../explore/record.ts';
import { openRecord, RecordWriter } from '../explore/record-file.ts';
import type { GateEvent } from '../gate/protocol.ts';
import type { Promises } from '../system.ts';

export interface StatesJudged {
  crashPoints: number;
  /** Those of the record, as often as it was judged. */
  states: number;
  /** Processor time of the thread that judged: others that share the machine are not in it, and neither are V8's own threads. */
  cpuMs: number;
  /** Those of the record alone, in a process that had judged none. */
  first: { states: number; cpuMs: number };
  /** The most that was resident while the states were rebuilt and judged. */
  peakBytes: number;
}

const ROOT = '/state';
const STORE = '/state/sessions.json';
const TEMP = '/state/sessions.json.1.tmp';
const CHUNK_BYTES = 48 * 1024;
const ROW_BYTES = 300;
const SMALL_FILES = 20;

const [what, folder = '', count = ''] = process.argv.slice(2);
const promises: Promises = {
  root: ROOT,
  store: { path: STORE, format: 'json-rows', rowFields: ['id'] },
  temps: [],
  sweepGraceMs: 0,
  sweepWithinMs: 0,
  readyWithinMs: 0,
  serveWithinMs: 0,
  durable: [{ file: STORE, contains: '{text}' }],
  level: 'power-loss',
};

if (what === 'write') writeTurn(Number(count));
else console.log(JSON.stringify(judge(Number(count))));

function judge(atLeast: number): StatesJudged {
  using open = openRecord(folder);
  peakBytes();
  const first = judgeOnce(open.record);
  let { states, cpuMs } = first;
  while (states < atLeast) {
    const again = judgeOnce(open.record);
    states += again.states;
    cpuMs += again.cpuMs;
  }
  return { crashPoints: first.crashPoints, states, cpuMs, first, peakBytes: peakBytes() };
}

function judgeOnce(record: WriteRecord): { crashPoints: number; states: number; cpuMs: number } {
  const began = process.threadCpuUsage();
  // Another record for whoever remembers what he found in one.
  const { reduced } = judgeStates({ ...record }, { promises }, { models: MODELS });
  const { user, system } = process.threadCpuUsage(began);
  return { crashPoints: crashPointsOf(reduced), states: reduced.states.length, cpuMs: (user + system) / 1000 };
}

/** A turn as OpenClaw writes it: the whole store into a temp, and the temp renamed over it; beside it the small files of other things. */
function writeTurn(bytes: number): void {
  const rows = Array.from({ length: Math.ceil(bytes / ROW_BYTES) }, (_, row) => [
    `agent:main:${row}`,
    { id: row, text: 'x'.repeat(ROW_BYTES - 60) },
  ]);
  const store = Buffer.from(JSON.stringify(Object.fromEntries(rows)));
  using writer = new RecordWriter(folder, { system: 'bench', version: '1', workload: 'turn', root: ROOT });
  let seq = 0;
  const say = (event: object) => {
    seq += 1;
    writer.event({ seq, t: seq, mono: seq, ...event } as GateEvent);
  };
  const inode = (ino: number, length: number) =>
    say({ ev: 'inode', ino, type: 'file', mode: 0o600, size: length, mtimeMs: 0 });
  const data = (ino: number, content: Buffer) => {
    for (let offset = 0; offset < content.length; offset += CHUNK_BYTES) {
      const part = content.subarray(offset, offset + CHUNK_BYTES);
      say({ ev: 'data', ino, offset, bytes: part.length, base64: part.toString('base64') });
    }
  };
  const call = (op: string, path: string, more: object, effects: () => void, done: object = {}) => {
    say({ ev: 'op', op, syscall: op === 'sync' ? 'fsync' : op, pid: 1, tid: 1, path, ...more });
    effects();
    say({ ev: 'done', op, over: true, ...done });
  };
  const file = (path: string, ino: number, content: Buffer) => {
    say({ ev: 'name', path, ino });
    inode(ino, content.length);
    data(ino, content);
  };
  say({ ev: 'recording' });
  file(STORE, 1, store);
  for (let other = 0; other < SMALL_FILES; other += 1) file(`/state/other-${other}`, 100 + other, Buffer.from('{}'));
  say({ ev: 'base' });
  const next = Buffer.concat([store.subarray(0, -1), Buffer.from(',"agent:main:new":{"id":0}}')]);
  call('create', TEMP, {}, () => file(TEMP, 2, Buffer.alloc(0)));
  const written = () => {
    inode(2, next.length);
    data(2, next);
  };
  call('write', TEMP, { bytes: next.length }, written, { bytes: next.length, offset: 0, synchronous: false });
  call('rename', TEMP, { to: STORE }, () => {
    say({ ev: 'name', path: TEMP, ino: null });
    say({ ev: 'name', path: STORE, ino: 2 });
  });
  say({ ev: 'recorded', calls: 3 });
  writer.add({ kind: 'end', entries: [] });
}

/** The most that was resident since the last call, in bytes; sending-an-image.ts says why it is not `maxRSS`. */
function peakBytes(): number {
  const kibibytes = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  writeFileSync('/proc/self/clear_refs', '5');
  return Number(kibibytes) * 1024;
}
