import type { DriveResult } from '../drive.ts';
import type { Moment } from '../evidence/event.ts';
import { Problem } from '../problem.ts';
import { fill } from '../system.ts';
import { askAgain } from './ask-again.ts';
import { exchange } from './exchange.ts';
import type { Ground } from './ground.ts';

/** For what the lab does while a turn is held: to look, to freeze, to let something else have its time. */
const STRUCK_MS = 120_000;

/** Of an answer that is kept, and of what a check said. */
const ANSWER_CHARS = 1024 * 1024;

const SAID_CHARS = 2_000;

/** What a turn says, and in which of the system's sessions. Absent: its name, both. */
export interface TurnWords {
  session?: string;
  text?: string;
  /** How long the driver waits for its answer. Absent: as long as is promised. */
  limitMs?: number;
}

/** Turns that are under way. */
export interface Turns {
  /** Settles when the last one has ended. */
  ended: Promise<void>;
  /** What runs is driven to its end, and no more are sent. */
  stop(): void;
}

/** A turn, or several at once, under way. */
export interface UnderWay {
  end: Promise<unknown>;
  cancel(): void;
}

/** Turns, the setup before the first, and what the system is asked. */
export class Driver {
  readonly #at: Ground;

  constructor(ground: Ground) {
    this.#at = ground;
  }

  /** One turn to its end, whatever that is. */
  async turn(name: string, words: TurnWords = {}): Promise<DriveResult> {
    return this.#startTurn(name, words).end;
  }

  /** Several clients at once, each with a session of its own and its turns one after the other, up to `each` of them or one that fails. */
  startTurns(name: string, clients: number, each: number): Turns {
    let isOver = false;
    const client = async (number: number) => {
      for (let turn = 1; turn <= each && !isOver; turn += 1) {
        const words = { session: `client-${number}`, limitMs: this.#struckLimitMs };
        const { acknowledged } = await this.turn(`${name}-${number}-${turn}`, words);
        if (!acknowledged) return;
      }
    };
    const ended = Promise.all(Array.from({ length: clients }, (_, index) => client(index + 1))).then(() => undefined);
    ended.catch(() => undefined);
    return {
      ended,
      stop: () => {
        isOver = true;
      },
    };
  }

  /** The turn that is to be held, or the several writes at once of which any may be. */
  startStruck(name: string, mark: string): UnderWay {
    const { writesAtOnce = 1 } = this.#at.release;
    const names =
      writesAtOnce === 1 ? [name] : Array.from({ length: writesAtOnce }, (_, index) => `${name}-${index + 1}`);
    const turns = names.map((one) => this.#startTurn(one, { text: `${one}${mark}`, limitMs: this.#struckLimitMs }));
    return {
      end: Promise.all(turns.map((turn) => turn.end)),
      cancel: () => {
        for (const turn of turns) turn.cancel();
      },
    };
  }

  /** What a turn that is struck may take is not the system's alone. */
  get #struckLimitMs(): number {
    return this.#at.release.promises.serveWithinMs + STRUCK_MS;
  }

  #startTurn(name: string, words: TurnWords = {}): { end: Promise<DriveResult>; cancel(): void } {
    const boot = this.#at.pod.bootNumber;
    const said = words.text ?? name;
    const values = {
      session: `midwrite-${words.session ?? name}`,
      text: this.#at.release.textOf?.(said) ?? `midwrite-text-${said}-${this.#at.pod.systemName}`,
    };
    const limitMs = words.limitMs ?? this.#at.release.promises.serveWithinMs;
    const call = fill(this.#at.release.write, values);
    const began = Date.now();
    const { result: driven, cancel } = exchange(this.#at.pod.sidecar, call, values.text, limitMs);
    const result = driven.catch((error: unknown): DriveResult => {
      // Who was waiting for the answer sat at the same machine.
      if (!this.#at.pod.isCut) throw error;
      return { tSent: began, tEnded: Date.now(), acknowledged: false, text: '', error: 'the power was cut' };
    });
    const durable = this.#at.release.promises.durable.map((place) => fill(place, values));
    const end = result.then((outcome) => {
      const { tSent, tEnded, acknowledged, status, error, left } = outcome;
      const how = { ...(status !== undefined && { status }), ...(error !== undefined && { error }) };
      const kept = { tSent, tEnded, acknowledged, ...how, ...(left !== undefined && { left }) };
      this.#at.recorder.record({ type: 'turn', boot, name, ...values, durable, result: kept });
      return outcome;
    });
    return { end, cancel };
  }

  /**
   * What is done before the first write.
   * @throws Problem bad-definition: a step of it failed
   */
  async setUp(): Promise<void> {
    for (const [index, step] of (this.#at.release.setup ?? []).entries()) {
      const ask = () => exchange(this.#at.pod.sidecar, step, '', this.#at.release.promises.serveWithinMs).result;
      // The first one comes right after a boot.
      const done = index === 0 ? (await askAgain(this.#at, 'booted', ask)).answer : await ask();
      this.#at.recorder.record({ type: 'setup', boot: this.#at.pod.bootNumber, step: index + 1, tookMs: tookMs(done) });
      const { acknowledged, error } = done;
      if (acknowledged) continue;
      throw new Problem(
        'bad-definition',
        `step ${index + 1} of the setup of ${this.#at.release.system} failed: ${error}`,
      );
    }
  }

  /** Asks the system what it holds. Undefined: nothing says how it is asked. */
  async read(moment: Moment): Promise<DriveResult | undefined> {
    const { read, storeCheck, promises } = this.#at.release;
    const { sidecar, bootNumber: boot } = this.#at.pod;
    if (storeCheck !== undefined) {
      const checked = await exchange(sidecar, storeCheck, '', promises.serveWithinMs).result;
      const said = (checked.error ?? checked.text).slice(0, SAID_CHARS);
      const isWhole = checked.acknowledged;
      this.#at.recorder.record({ type: 'store-check', moment, boot, isWhole, said, tookMs: tookMs(checked) });
    }
    if (read === undefined) return undefined;
    const { answer, refused } = await askAgain(
      this.#at,
      moment,
      () => exchange(sidecar, read, '', promises.serveWithinMs).result,
    );
    const { acknowledged, text, error } = answer;
    const kept = { text: text.slice(0, ANSWER_CHARS), ...(error !== undefined && { error }) };
    this.#at.recorder.record({
      type: 'answer',
      moment,
      boot,
      acknowledged,
      ...kept,
      tookMs: tookMs(answer),
      ...(refused !== undefined && { refused }),
    });
    return answer;
  }
}

const tookMs = ({ tSent, tEnded }: DriveResult): number => tEnded - tSent;
