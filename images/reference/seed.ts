const HOUR_MS = 60 * 60_000;

/**
 * A store as it is after some weeks, for cells to begin with: durable rows up to the gateway's cap, model runs that are due to go, and
 * model runs that are not. It takes more than two pages of disk, so that a full disk can cut its replacement short.
 * @param nowMs rows expire by their age
 */
export function seededStore(durableRows: number, nowMs: number): string {
  const kinds = ['direct', 'group', 'cron', 'other'] as const;
  const keys = {
    direct: 'agent:main:direct:',
    group: 'agent:main:group:',
    cron: 'agent:main:cron:',
    other: 'agent:main:',
  };
  const rows: Record<string, unknown> = {};
  const add = (key: string, kind: string, serial: number, ageMs: number) => {
    rows[key] = {
      sessionId: `00000000-0000-4000-8000-${String(serial).padStart(12, '0')}`,
      kind,
      createdAt: nowMs - ageMs,
      updatedAt: nowMs - ageMs,
      turns: 0,
      bytes: 0,
    };
  };
  for (let serial = 1; serial <= durableRows; serial += 1) {
    const kind = kinds[serial % kinds.length] ?? 'other';
    // Older than a model run may get, and younger than any durable row's own time.
    add(`${keys[kind]}seeded-${serial}`, kind, serial, 30 * HOUR_MS + serial * HOUR_MS);
  }
  for (let serial = 1; serial <= 12; serial += 1) {
    const ageMs = serial <= 6 ? 25 * HOUR_MS + serial * HOUR_MS : serial * 60_000;
    add(`agent:main:explicit:model-run-seeded-${serial}`, 'model-run', 1000 + serial, ageMs);
  }
  return `${JSON.stringify({ schemaVersion: 1, minReaderVersion: 1, journal: 1, sessions: rows })}\n`;
}
