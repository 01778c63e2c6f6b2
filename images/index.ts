import type { System, UnseenDefect } from '../lab/system.ts';
import { openclaw } from './openclaw/system.ts';
import { canary, mutants as ofReference, unseenDefects as unseenOfReference } from './reference/mutants.ts';
import { reference } from './reference/system.ts';

/** Every system, in the order of the matrix's rows. The command line and the reports go by this list. */
export const systems: readonly System[] = [openclaw, reference, canary];

/** Systems that are broken on purpose, each in one thing; the canary is one of them. */
export const mutants: readonly System[] = ofReference;

/** Defects that no cell can show. */
export const unseenDefects: readonly UnseenDefect[] = unseenOfReference;
