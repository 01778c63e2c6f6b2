const STEP = 'step ';

/** The phase of the evidence that a step of a scenario is. */
export const stepPhase = (number: number): string => `${STEP}${number}`;

/** The number of the step that a phase is; undefined for another phase. */
export function stepOf(phase: string): number | undefined {
  return phase.startsWith(STEP) ? Number(phase.slice(STEP.length)) : undefined;
}
