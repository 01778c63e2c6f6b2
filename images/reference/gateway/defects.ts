/**
 * The index of defects: each is one mistake that a gateway can make, switched on with `--defect NAME`, and has one place in
 * the code (find it by its name). A lab that does not catch them is not worth its verdicts.
 */
export const DEFECTS = {
  'write-in-place': 'the store is truncated and rewritten in place: no temp, no rename',
} as const;

export type Defect = keyof typeof DEFECTS;

export function isDefect(name: string): name is Defect {
  return Object.hasOwn(DEFECTS, name);
}
