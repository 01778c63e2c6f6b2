import type { Gateway } from '../lab/gateway.ts';
import { openclaw } from './openclaw/gateway.ts';
import { canary, reference } from './reference/gateway.ts';

/** Every gateway, in the order of the matrix's rows. The command line and the reports go by this list. */
export const gateways: readonly Gateway[] = [openclaw, reference, canary];
