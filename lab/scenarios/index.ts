import type { Scenario } from '../scenario/scenario.ts';
import { crashesInBoot } from './crashes-in-boot.ts';
import { openclaw6413 } from './openclaw-6413.ts';
import { openclaw51097 } from './openclaw-51097.ts';
import { openclaw63643 } from './openclaw-63643.ts';
import { openclaw89520 } from './openclaw-89520.ts';
import { openclaw91216 } from './openclaw-91216.ts';
import { openclaw92874 } from './openclaw-92874.ts';
import { openclaw113306 } from './openclaw-113306.ts';
import { openclaw126806 } from './openclaw-126806.ts';
import { openclaw132317 } from './openclaw-132317.ts';
import { openclaw149978 } from './openclaw-149978.ts';
import { openclawModelRun } from './openclaw-model-run.ts';
import { restartStorm } from './restart-storm.ts';
import { sleeperAndSweeper } from './sleeper-and-sweeper.ts';
import { upgrade } from './upgrade.ts';

/** Every scenario. The command line and the reports go by this list. */
export const scenarios: readonly Scenario[] = [
  openclaw89520,
  openclaw51097,
  openclaw6413,
  openclawModelRun,
  openclaw63643,
  restartStorm,
  sleeperAndSweeper,
  crashesInBoot,
  openclaw149978,
  openclaw126806,
  openclaw92874,
  openclaw91216,
  openclaw113306,
  openclaw132317,
  upgrade,
];
