import type { OperatorCommand } from '../../lab/system.ts';
import { CLI } from './endpoint.ts';

/** What a command line of OpenClaw's reads and writes. */
export const CONFIG = '/state/.openclaw/openclaw.json';
/** What a helper script had printed into the file in #137712, before the configuration itself. */
const PRINTED = 'Found and updated: False';

const DOCTOR = [...CLI, 'doctor', '--fix', '--non-interactive'];

/** What an operator runs while the gateway is stopped, by the names that --during takes. */
export const commandsOf = (config: string): Readonly<Record<string, OperatorCommand>> => ({
  doctor: { words: 'its `doctor --fix`, which mends and migrates the state', argv: DOCTOR },
  'config-recovery': {
    words: 'its `doctor --fix` on a configuration that has a line of something else before it (#137712)',
    argv: DOCTOR,
    files: [{ path: CONFIG, content: `${PRINTED}\n${config}` }],
  },
});
