import type { CellEvidence } from '../../evidence/cell-evidence.ts';
import type { EvidenceEvent } from '../../evidence/event.ts';
import type { GateEvent } from '../../gate/protocol.ts';
import { bytes, cut, duration } from './units.ts';

/** One line of evidence.jsonl, in words and as it stands there. */
export interface EvidenceLine {
  /** From 1. */
  line: number;
  /** ms since the cell's first line. */
  atMs: number;
  says: string;
  json: string;
}

const MOST_JSON = 600;

/** Undefined where there is no such line. */
export function evidenceLine(evidence: CellEvidence, line: number): EvidenceLine | undefined {
  const event = evidence.events[line - 1];
  if (event === undefined) return undefined;
  const atMs = event.t - (evidence.events[0]?.t ?? event.t);
  return { line, atMs, says: inWords(event), json: cut(JSON.stringify(event), MOST_JSON) };
}

function inWords(event: EvidenceEvent): string {
  switch (event.type) {
    case 'gate':
      return `boot ${event.boot}: ${gateInWords(event.event)}`;
    case 'log':
      return `boot ${event.boot} logged: ${event.line}`;
    case 'docker':
      return `the engine reported ${event.action} of ${event.container}`;
    case 'ready':
      return `boot ${event.boot}: ready after ${duration(event.tookMs)}`;
    case 'not-ready':
      return `boot ${event.boot}: ${event.why}`;
    case 'turn': {
      const { acknowledged, status, error, tEnded, tSent } = event.result;
      const end = acknowledged
        ? `acknowledged${status === undefined ? '' : ` (${status})`}`
        : (error ?? 'not acknowledged');
      return `the turn "${event.name}": ${end} after ${duration(tEnded - tSent)}`;
    }
    case 'snapshot':
      return `the state folder, ${event.moment}: ${event.entries.length} entries`;
    case 'stopped':
      return `boot ${event.boot}: the container ended with ${event.exitCode}${event.byLab ? ', stopped by the lab' : ''}`;
    case 'aged':
      return `everything was made ${duration(event.byMs)} older`;
    case 'planted':
      return `put there by the lab: ${event.files.map((file) => `${file.role} ${file.path}`).join(', ')}`;
    case 'point': {
      const values = Object.entries(event.values).map(([name, value]) => `${name} ${value.toLocaleString('en')}`);
      return `${event.series} ${event.x}: ${values.join(', ')}`;
    }
    case 'strike':
      return `the fault: ${event.step}`;
    case 'phase':
      return `phase: ${event.name}`;
    case 'problem':
      return `the lab failed (${event.code}): ${event.message}`;
    default:
      return event.type;
  }
}

export function gateInWords(event: GateEvent): string {
  switch (event.ev) {
    case 'op':
      return callInWords(event);
    case 'held':
      return `held ${event.at === 'torn' ? 'within' : event.at} ${callInWords(event)}`;
    case 'memory':
      return `${bytes(event.currentBytes)} of memory`;
    case 'filled':
      return `${bytes(event.bytes)} of ballast, until ${event.why}; oom_kill ${event.oomKillsBefore} → ${event.oomKillsAfter}`;
    case 'exit':
      return `ended with ${event.signal === undefined ? `code ${event.code}` : `signal ${event.signal}`}; ${event.oomKills - event.oomKillsAtStart} OOM kills`;
    case 'released':
      return `the held call went on (${event.how})`;
    case 'start':
      return 'started';
    default:
      return event.ev;
  }
}

function callInWords(call: { op: string; path: string; to?: string | undefined; bytes?: number | undefined }): string {
  const target = call.to === undefined ? '' : ` → ${call.to}`;
  return `${call.op} ${call.path}${target}${call.bytes === undefined ? '' : ` (${bytes(call.bytes)})`}`;
}
