import { errnoOf } from './log.ts';

export type StateErrorCode = 'locked' | 'newer-schema' | 'no-permission' | 'disk-full' | 'broken';

/** The state can't be opened: `code` says why, `message` says what to do. */
export class StateError extends Error {
  override readonly name = 'StateError';
  readonly code: StateErrorCode;

  constructor(code: StateErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What a failed opening of the folder means. */
export function stateErrorOf(folder: string, error: unknown): StateError {
  if (error instanceof StateError) return error;
  const what = error instanceof Error ? error.message : String(error);
  switch (errnoOf(error)) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS': {
      const advice = `let the user that the gateway runs as (uid ${process.getuid?.()}) read and write it and all in it`;
      return new StateError('no-permission', `${folder} can't be used: ${what}; ${advice}`, { cause: error });
    }
    case 'ENOSPC':
    case 'EDQUOT': {
      const advice = 'make room and start again, nothing is lost';
      return new StateError('disk-full', `no room left in ${folder}: ${what}; ${advice}`, { cause: error });
    }
    default:
      return new StateError('broken', `${folder} can't be opened: ${what}`, { cause: error });
  }
}
