import type { ProcessIdentity } from './process-identity.ts';

/** The store's file name. */
export const STORE_NAME = 'sessions.json';

const NUMBER = '(0|[1-9][0-9]{0,15})';
const TEMP_NAME = new RegExp(`^sessions\\.json\\.([0-9a-f]{8})\\.${NUMBER}\\.${NUMBER}\\.${NUMBER}\\.tmp$`);

/** What a temp's name says: who wrote it, and the how manieth of its writer it is. */
export interface TempName {
  readonly writer: ProcessIdentity;
  readonly serial: number;
}

/** `sessions.json.<boot>.<pid>.<start>.<serial>.tmp` */
export function formatTempName({ writer, serial }: TempName): string {
  return `${STORE_NAME}.${writer.boot}.${writer.pid}.${writer.startTicks}.${serial}.tmp`;
}

/** Undefined where the name is not exactly of this gateway's form: then the file is somebody else's. */
export function parseTempName(name: string): TempName | undefined {
  const [, boot, pid, startTicks, serial] = TEMP_NAME.exec(name) ?? [];
  if (boot === undefined || pid === undefined || startTicks === undefined) return undefined;
  return { writer: { boot, pid: Number(pid), startTicks }, serial: Number(serial) };
}
