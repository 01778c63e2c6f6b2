import type { Gateway, UnseenDefect } from '../lab/gateway.ts';
import { openclaw } from './openclaw/gateway.ts';
import { reference } from './reference/gateway.ts';
import { canary, mutants as ofReference, unseenDefects as unseenOfReference } from './reference/mutants.ts';

/** Every gateway, in the order of the matrix's rows. The command line and the reports go by this list. */
export const gateways: readonly Gateway[] = [openclaw, reference, canary];

/** Gateways that are broken on purpose, each in one thing; the canary is one of them. */
export const mutants: readonly Gateway[] = ofReference;

/** Defects that no cell can show. */
export const unseenDefects: readonly UnseenDefect[] = unseenOfReference;
