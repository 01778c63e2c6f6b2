import type { Check } from '../check.ts';
import type { Moment } from '../evidence/event.ts';
import { held, inconclusive, notApplicable, violated } from '../judge/verdict.ts';
import { storeAt } from './store.ts';

export const storeValid: Check = {
  id: 'store-valid',
  promise: 'the store can be read, and every row of it is whole, after the fault and after the boot',

  judge({ evidence, proof }) {
    if (evidence.cell.aftermath === 'corrupt-store') return notApplicable('the lab itself made the store unreadable');
    const looked: string[] = [];
    for (const moment of ['struck', 'booted', 'served', 'rebooted', 'woken'] satisfies Moment[]) {
      const listing = evidence.snapshot(moment);
      if (listing === undefined) continue;
      const store = storeAt(evidence, moment);
      switch (store.state) {
        case 'valid':
          looked.push(`${moment}: ${store.rows} rows in ${store.bytes} bytes`);
          break;
        case 'missing':
          return violated(`${moment}: the store is missing`, listing);
        case 'invalid':
          return violated(`${moment}: ${store.why}`, listing);
        case 'unknown':
          return inconclusive(`${moment}: ${store.why}`);
      }
    }
    return looked.length === 0
      ? inconclusive('the store was never looked at after the fault')
      : held(proof, looked.join('; '));
  },
};
