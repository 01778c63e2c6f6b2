import type { EvidenceOf } from '../evidence/event.ts';
import { EvidenceBuilder } from './healthy-cell.ts';

export const SCENARIO_STORE = '/state/sessions.json';

type Begun = Omit<EvidenceOf<'scenario'>, 't' | 'type' | 'schemaVersion' | 'promises'>;

/** The first line of a scenario's evidence, of a system that promises nothing but its store. */
export function begunScenario(
  { scenario, ...more }: Pick<Begun, 'scenario' | 'steps'> & Partial<Begun>,
  promises: Partial<EvidenceOf<'scenario'>['promises']> = {},
): EvidenceBuilder {
  return new EvidenceBuilder().add({
    type: 'scenario',
    schemaVersion: 1,
    id: `${scenario}_g@1.0.0_1g`,
    scenario,
    system: 'g',
    version: '1.0.0',
    memoryBytes: 1024 ** 3,
    isQuick: false,
    image: 'g:1',
    notes: [],
    promises: {
      root: '/state',
      store: { path: SCENARIO_STORE, format: 'json-rows', rowFields: [] },
      temps: [],
      sweepGraceMs: 1,
      sweepWithinMs: 1,
      readyWithinMs: 1,
      serveWithinMs: 1,
      durable: [],
      level: 'process-crash',
      ...promises,
    },
    ...more,
  });
}
