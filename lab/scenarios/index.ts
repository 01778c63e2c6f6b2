import type { Scenario } from '../scenario/scenario.ts';
import { openclaw89520 } from './openclaw-89520.ts';

/** Every scenario. The command line and the reports go by this list. */
export const scenarios: readonly Scenario[] = [openclaw89520];
