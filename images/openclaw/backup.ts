import type { Backup } from '../../lab/system.ts';
import { CLI } from './endpoint.ts';

const COPIES = '/state/backups/sqlite';

/** 2026.7.2 and its betas were the first to have `backup sqlite`; in the releases up to 2026.7.1 the command line knows no such command. */
export const BACKUP_SINCE = '2026.8.0-0';

/** A copy of the state database, and its way back into a folder that is not there, below one that is not there either the first time. */
export const BACKUP: Backup = {
  create: [...CLI, 'backup', 'sqlite', 'create', '--global', '--repository', COPIES, '--json'],
  copies: `${COPIES}/*/manifest.json`,
  restore: (copy, nth) => [
    ...CLI,
    'backup',
    'sqlite',
    'restore',
    copy,
    '--target',
    `/state/restored/made-${nth}/by-it/openclaw.sqlite`,
    '--json',
  ],
};
