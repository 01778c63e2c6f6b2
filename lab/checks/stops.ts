import type { Check } from '../check.ts';
import { held, inconclusive, notApplicable, violated } from '../result/verdict.ts';

/** Signals as the engine reports them: by number or by name. */
const isTerm = (signal: string | undefined): boolean => ['15', 'SIGTERM', 'TERM'].includes(signal ?? '');

export const stops: Check = {
  id: 'stops',
  promise: 'SIGTERM ends it within its time, so that nobody has to kill it in the middle of what it still had to do',

  exercised: () => ({ by: 'SIGTERM in the middle of a write' }),

  judge({ evidence, fault, proof }) {
    const limit = evidence.cell.promises.stopsWithinMs;
    if (limit === undefined) return notApplicable('no promise says how fast it stops');
    if (!fault.lethal) return notApplicable('it was not stopped');
    const term = evidence.docker('kill').find((event) => isTerm(event.attributes.signal));
    if (term === undefined) return notApplicable('it was killed, not stopped');
    const killed = evidence.of('strike').find((event) => event.step === 'killed');
    const after = typeof killed?.facts.afterMs === 'number' ? killed.facts.afterMs : undefined;
    if (killed !== undefined && after !== undefined && after >= limit)
      return violated(
        `${after} ms after SIGTERM it still ran and had to be killed, and ${limit} ms are promised`,
        killed,
      );
    if (killed !== undefined)
      return inconclusive(`it was killed after ${after ?? '?'} ms, before the ${limit} ms were over that it has`);
    const [exit] = evidence.gateOf('exit', 1);
    if (exit === undefined) return inconclusive('its end was not seen');
    const took = Math.round(exit.t - term.t);
    if (took > limit) return violated(`it ended ${took} ms after SIGTERM, and ${limit} ms are promised`, exit);
    return held(proof, `it ended ${took} ms after SIGTERM`, exit);
  },
};
