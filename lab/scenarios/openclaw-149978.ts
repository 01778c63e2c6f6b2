import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { Figure } from '../result/figure.ts';
import { growsForSure, growthInWords, leftBehindIn } from '../scenario/checks/left-behind.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { crashesInBoot, figuresOfBoots } from './crashes-in-boot.ts';

/** The document's 73 GB and its 429 folders. */
const DOCUMENT = { bytes: 73e9, folders: 429 };
/** Where the document's folders are. */
const COPIES = /\/\.cache\/openclaw\//;

/** Copies of the database that a boot makes, and that a killed boot leaves. */
export const openclaw149978: Scenario = {
  ...crashesInBoot,
  name: 'openclaw-149978',
  summary: 'killed again and again in its boot, while that reads its databases from copies: do the copies pile up?',
  document: {
    url: 'https://github.com/openclaw/openclaw/issues/149978',
    says: '73 GB in 429 folders ~/.cache/openclaw/openclaw-sqlite-readonly-*, none of which any later boot removes',
  },
  systems: ['openclaw@2026.9.4', 'openclaw@2026.9.6', 'reference'],
  figures,
};

function figures(evidence: CellEvidence): Figure[] {
  const found = leftBehindIn(evidence);
  if (found === undefined) return figuresOfBoots(evidence);
  const copies = found.growing.filter((growth) => growsForSure(growth) && COPIES.test(growth.where));
  const isLeft = copies.some(({ bytes }) => bytes.each - bytes.halfWidth > 0);
  return [
    {
      what: 'what a kill in the boot leaves of the copies, for ever',
      document: `a folder with a copy of the database (${DOCUMENT.folders} folders, ${DOCUMENT.bytes / 1e9} GB)`,
      measured: copies.length === 0 ? 'nothing' : copies.map(growthInWords).join('; '),
      reproduced: isLeft ? 'yes' : copies.length > 0 ? 'in part' : 'no',
      ...(!isLeft && copies.length > 0 && { why: 'folders without a byte' }),
    },
    ...figuresOfBoots(evidence),
  ];
}
