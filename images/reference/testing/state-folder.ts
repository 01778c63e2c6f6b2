import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A folder of a gateway's, inside another one: what is written beside it is seen too. */
export class StateFolder implements Disposable {
  readonly parent: string;
  readonly path: string;

  constructor() {
    this.parent = fs.mkdtempSync(join(tmpdir(), 'midwrite-reference-'));
    this.path = join(this.parent, 'state');
    // The gateway may run as somebody else.
    fs.chmodSync(this.parent, 0o755);
    fs.mkdirSync(this.path, 0o700);
  }

  /** As it is now: for two programs that must not see each other. */
  copy(): StateFolder {
    const copy = new StateFolder();
    fs.cpSync(this.path, copy.path, { recursive: true, preserveTimestamps: true });
    return copy;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  put(name: string, content: string, ageMs = 0): void {
    fs.writeFileSync(this.file(name), content);
    const at = (Date.now() - ageMs) / 1000;
    fs.utimesSync(this.file(name), at, at);
  }

  read(name: string): string {
    return fs.readFileSync(this.file(name), 'utf8');
  }

  /** What lies in the folder, without the lock. */
  names(): string[] {
    return fs
      .readdirSync(this.path)
      .filter((name) => name !== 'gateway.lock')
      .sort();
  }

  /** Every file below the parent, with when it was written and how long it is; without the lock. */
  tree(): Record<string, string> {
    const files = fs.readdirSync(this.parent, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    const entries = files.map((file) => {
      const path = join(file.parentPath, file.name);
      const { mtimeNs, size } = fs.statSync(path, { bigint: true });
      return [path.slice(this.parent.length), `${mtimeNs} ${size}`] as const;
    });
    return Object.fromEntries(entries.filter(([path]) => path !== '/state/gateway.lock').sort());
  }

  [Symbol.dispose](): void {
    fs.chmodSync(this.path, 0o700);
    fs.rmSync(this.parent, { recursive: true });
  }
}

const DAY_MS = 86_400_000;

/** A store of these sessions, each with the days since it was last used. */
export function storeOf(ages: Readonly<Record<string, number>>): string {
  const rows = Object.entries(ages).map(([key, days], index) => {
    const at = Date.now() - days * DAY_MS;
    const sessionId = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
    return [key, { sessionId, kind: kindOf(key), createdAt: at, updatedAt: at, turns: 0, bytes: 0 }];
  });
  return JSON.stringify({ schemaVersion: 1, minReaderVersion: 1, journal: 1, sessions: Object.fromEntries(rows) });
}

function kindOf(key: string): string {
  if (key.includes(':explicit:model-run-')) return 'model-run';
  return ['cron', 'group', 'direct'].find((kind) => key.includes(`:${kind}:`)) ?? 'other';
}

const CONDITION_LIMIT_MS = 10_000;

/** Resolves when the condition holds; rejects with its name where it does not in 10 s. */
export async function until(name: string, holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + CONDITION_LIMIT_MS;
  while (!(await holds())) {
    if (Date.now() > deadlineMs) throw new Error(`not within ${CONDITION_LIMIT_MS} ms: ${name}`);
    await delay(5);
  }
}
