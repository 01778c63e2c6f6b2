import { Behaviour, type Member } from '../explore/behaviour.ts';
import type { Case } from './cases.ts';
import { DIFFERS, type Fate, NOT_RUN } from './fate.ts';

interface CaseMember extends Member {
  readonly one: Case;
  isKnown: boolean;
  verdicts: string | undefined;
  fate: Fate | undefined;
}

const keyOf = (call: number, fault: string): string => `${call} ${fault}`;

/**
 * Which cases of a sweep run. Of one kind the first and the last do, of many the middle too: a program may take the same failure otherwise when it has got
 * further. Where two come to the same they stand for those between; where they don't, the kind is split in its middle, until each is known.
 */
export class CaseGroups {
  readonly #members: readonly CaseMember[];
  readonly #groups: readonly Behaviour<CaseMember>[];
  readonly #stoodFor = new Map<CaseMember, CaseMember>();

  /** @param cases in the order of their calls */
  constructor(cases: readonly Case[]) {
    this.#members = cases.map((one) => ({ one, isKnown: false, verdicts: undefined, fate: undefined }));
    this.#groups = [...Map.groupBy(this.#members, ({ one }) => one.kind)].map(([kind, members]) => {
      const group = new Behaviour<CaseMember>(kind);
      for (const member of members) group.add(member);
      return group;
    });
  }

  /** What runs first. */
  ends(): Case[] {
    return this.#groups.flatMap((group) => group.ends()).map(({ one }) => one);
  }

  /** Takes in what became of those that ran. @returns what must run next, since two of a kind came to different ends; nothing: all is known */
  learn(fates: readonly Fate[]): Case[] {
    const of = new Map(fates.map((fate) => [keyOf(fate.call, fate.fault), fate]));
    for (const member of this.#members) {
      const fate = of.get(keyOf(member.one.call.number, member.one.fault.name));
      if (fate === undefined) continue;
      member.fate = fate;
      if (fate.fate === NOT_RUN) continue;
      member.isKnown = true;
      member.verdicts = `${fate.fate} ${fate.violated.join()}`;
    }
    return this.#groups.flatMap((group) => {
      for (const { by, members } of group.settle()) for (const member of members) this.#stoodFor.set(member, by);
      return group.wanted().map(({ one }) => one);
    });
  }

  /** What is said of those that did not run. */
  represented(): Fate[] {
    const same = [...this.#stoodFor].flatMap(([{ one }, by]) =>
      by.fate === undefined ? [] : [{ ...by.fate, call: one.call.number, sameAs: by.one.call.number }],
    );
    const open = this.#groups.flatMap(({ members }) => this.#unknown(members));
    return [...same, ...open];
  }

  /** Of those between two of which one did not run, or that came to different ends. */
  #unknown(members: readonly CaseMember[]): Fate[] {
    return members.flatMap((member, index): Fate[] => {
      if (member.fate !== undefined || this.#stoodFor.has(member)) return [];
      const before = members.slice(0, index).findLast(({ fate }) => fate !== undefined)?.fate;
      const after = members.slice(index).find(({ fate }) => fate !== undefined)?.fate;
      if (before === undefined || after === undefined) return [];
      const { call, fault } = member.one;
      const of = { call: call.number, fault: fault.name, cell: before.cell, violated: [], sameAs: before.call };
      if (before.fate === NOT_RUN || after.fate === NOT_RUN) return [{ ...of, fate: NOT_RUN, detail: '' }];
      const detail = `call ${before.call}: ${before.fate}; call ${after.call}: ${after.fate}`;
      return [{ ...of, fate: DIFFERS, detail }];
    });
  }
}
