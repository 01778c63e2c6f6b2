import type { Engine } from './engine.ts';

const MOST_JOBS = 4;

/** How many cells run at a time where nobody says: as many as the engine has processors, up to 4. */
export const cellJobs = ({ facts }: Engine): number => Math.max(1, Math.min(facts.cpus, MOST_JOBS));
