import type { Writable } from 'node:stream';
import type { Streams } from '../docker/lab-container.ts';
import { eachLine } from '../docker/lines.ts';
import { Problem } from '../problem.ts';
import { type Wait, within } from '../wait.ts';
import { type ArmSpec, command, GateEvent, type GateEventOf, isOfRecord, type Mapping } from './protocol.ts';

/** Who listens to a gate: the recorder of the evidence. */
export interface GateListener {
  event(event: GateEvent): void;
  /** A line of the system's own output. */
  log(line: string): void;
  /** A line on the event stream that is no event of the protocol. */
  garbage(line: string, why: string): void;
}

/** One answer to the command `maps`: what writegate says at its end, and all that came before. */
export interface Mapped {
  mappings: readonly Mapping[];
  end: GateEventOf<'mapped'>;
}

/**
 * One boot of writegate, seen from the lab: its events as they come, its commands. All events but the bulk of a record stay in `events`, so waiting
 * for one that has already come is no race.
 */
export class Gate {
  readonly events: GateEvent[] = [];
  readonly log: string[] = [];
  /** Settles when both streams have ended. */
  readonly ended: Promise<void>;
  readonly #stdin: Writable;
  readonly #waiting = new Set<() => void>();
  #over = false;

  constructor(streams: Streams, listener: GateListener) {
    this.#stdin = streams.stdin;
    const events = eachLine(streams.stdout, (line) => {
      const parsed = parse(line);
      if (typeof parsed === 'string') {
        listener.garbage(line, parsed);
        return;
      }
      listener.event(parsed);
      if (isOfRecord(parsed)) return;
      this.events.push(parsed);
      this.#wake();
    });
    const log = eachLine(streams.stderr, (line) => {
      this.log.push(line);
      listener.log(line);
      this.#wake();
    });
    this.ended = Promise.allSettled([events, log]).then(() => {
      this.#over = true;
      this.#wake();
    });
  }

  #wake(): void {
    for (const check of [...this.#waiting]) check();
  }

  /** The first event, from `from` on, that `matches`. A gate that ends before it fails the wait at once. */
  async waitFor<Event extends GateEvent>(
    wait: Wait,
    matches: (event: GateEvent) => event is Event,
    from = 0,
  ): Promise<Event> {
    return this.#waitUntil(wait, firstIn(this.events, matches, from));
  }

  /** The first event of one kind. */
  async waitForKind<Name extends GateEvent['ev']>(wait: Wait, ev: Name, from = 0): Promise<GateEventOf<Name>> {
    return this.waitFor(wait, (event): event is GateEventOf<Name> => event.ev === ev, from);
  }

  /** The first line of the system's log that holds `text`. */
  async waitForLog(wait: Wait, text: string): Promise<string> {
    return this.#waitUntil(
      wait,
      firstIn(this.log, (line): line is string => line.includes(text)),
    );
  }

  async #waitUntil<T>(wait: Wait, look: () => T | undefined): Promise<T> {
    let check: () => void = () => undefined;
    const found = new Promise<T>((resolve, reject) => {
      check = () => {
        const value = look();
        if (value !== undefined) resolve(value);
        else if (this.#over) reject(this.#endedProblem(wait.name));
      };
    });
    this.#waiting.add(check);
    check();
    try {
      return await within(wait, found);
    } finally {
      this.#waiting.delete(check);
    }
  }

  /** How the system ended, in words; undefined while it runs. */
  get howEnded(): string | undefined {
    const exit = this.events.find((event) => event.ev === 'exit');
    if (exit?.ev !== 'exit') return this.#over ? 'its container went away' : undefined;
    const kills = exit.oomKills - exit.oomKillsAtStart;
    const oom = kills === 0 ? '' : `, with ${kills} OOM ${kills === 1 ? 'kill' : 'kills'} in its cgroup`;
    return `it ended with ${exit.signal === undefined ? `code ${exit.code}` : `signal ${exit.signal}`}${oom}`;
  }

  #endedProblem(name: string): Problem {
    const refused = this.events.find((event) => event.ev === 'refused');
    if (refused?.ev === 'refused')
      return new Problem('gate-refused', `writegate refused to start (${refused.code}): ${refused.message}`);
    const how = this.howEnded ?? 'its container went away';
    return new Problem(
      'system-died',
      `while the lab waited for ${name}, the system was gone: ${how}. Its last lines:\n  ${this.lastLines()}`,
    );
  }

  /** The end of the system's log, for messages. */
  lastLines(count = 8): string {
    return this.log.slice(-count).join('\n  ') || '(it said nothing)';
  }

  send(word: string, values?: Readonly<Record<string, string | number | undefined>>): void {
    this.#stdin.write(command(word, values));
  }

  /** What all of the system's processes have mapped, and what is charged to them. */
  async mapped(limitMs: number): Promise<Mapped> {
    const from = this.events.length;
    const id = `maps-${from}`;
    this.send('maps', { id });
    const isIt = (event: GateEvent): event is GateEventOf<'mapped'> => event.ev === 'mapped' && event.id === id;
    const end = await this.waitFor({ name: "the system's mappings", limitMs }, isIt, from);
    const parts = this.events.slice(from).filter((event) => event.ev === 'mappings' && event.id === id);
    return { mappings: parts.flatMap((part) => (part.ev === 'mappings' ? part.mappings : [])), end };
  }

  /** What the charge of the system's cgroup is made of. */
  async charged(limitMs: number): Promise<GateEventOf<'charged'>> {
    const from = this.events.length;
    const id = `charge-${from}`;
    this.send('charge', { id });
    const isIt = (event: GateEvent): event is GateEventOf<'charged'> => event.ev === 'charged' && event.id === id;
    return this.waitFor({ name: 'what is charged to the system', limitMs }, isIt, from);
  }

  /** Waits until everything has come that writegate had to say until now: its stream and the others are not read in step. */
  async caughtUp(limitMs: number): Promise<void> {
    const from = this.events.length;
    const text = `caught-up-${from}`;
    this.send('mark', { text });
    const isIt = (event: GateEvent): event is GateEventOf<'mark'> => event.ev === 'mark' && event.text === text;
    await this.waitFor({ name: "writegate's events up to now", limitMs }, isIt, from);
  }

  /** Arms a hold and waits until writegate has taken it. */
  async arm(id: string, spec: ArmSpec, limitMs: number): Promise<void> {
    const from = this.events.length;
    this.send('arm', { id, ...spec });
    const answer = await this.waitFor(
      { name: `writegate to take the hold ${id}`, limitMs },
      (event): event is GateEventOf<'armed'> | GateEventOf<'error'> =>
        (event.ev === 'armed' && event.id === id) || event.ev === 'error',
      from,
    );
    if (answer.ev === 'error')
      throw new Problem('gate-refused', `writegate did not take the hold ${id} (${answer.code}): ${answer.message}`);
  }
}

/** Looks for the first of a list that gets longer; what was looked at once is not looked at again, since a system can make a hundred thousand calls. */
function firstIn<T, Found extends T>(
  list: readonly T[],
  matches: (one: T) => one is Found,
  from = 0,
): () => Found | undefined {
  let next = from;
  return () => {
    while (next < list.length) {
      const one = list[next] as T;
      next += 1;
      if (matches(one)) return one;
    }
    return undefined;
  };
}

function parse(line: string): GateEvent | string {
  try {
    const result = GateEvent.safeParse(JSON.parse(line));
    return result.success
      ? result.data
      : result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  } catch {
    return 'not JSON';
  }
}
