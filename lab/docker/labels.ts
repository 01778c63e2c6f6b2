import { encodeOwner, self } from '../owner/owner.ts';

/** The labels on everything that the lab makes on an engine; the reaper goes by them and by nothing else. */
export const LABEL = { kind: 'midwrite.kind', owner: 'midwrite.owner', cell: 'midwrite.cell' } as const;

/** Labels for something of this process's. */
export function labels(kind: 'container' | 'volume', cell: string): Record<string, string> {
  return { [LABEL.kind]: kind, [LABEL.owner]: encodeOwner(self()), [LABEL.cell]: cell };
}
