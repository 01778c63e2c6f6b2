import type { EvidenceSink } from '../evidence/recorder.ts';
import type { Entry } from '../sidecar/client.ts';

/** For an undisturbed life: keeps nothing but why the system did not get ready, and the last look at its folder. */
export class Sink implements EvidenceSink {
  why = '';
  lastLines = '';
  entries: readonly Entry[] = [];

  record(event: Parameters<EvidenceSink['record']>[0]): void {
    if (event.type === 'not-ready') ({ why: this.why, lastLines: this.lastLines } = event);
  }

  snapshot(_moment: unknown, entries: readonly Entry[]): void {
    this.entries = entries;
  }

  /** Why it did not get ready, and what it said last. */
  get whyNotReady(): string {
    return `${this.why}. Its last lines:\n  ${this.lastLines}`;
  }
}
