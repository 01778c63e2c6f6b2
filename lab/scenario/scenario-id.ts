import { formatSize } from '../cell-id.ts';

/** One scenario with one system. */
export interface ScenarioSpec {
  scenario: string;
  system: string;
  version: string;
  memoryBytes: number;
  isQuick: boolean;
  /** Of an upgrade: the release before. */
  from?: string | undefined;
  /** What its steps are drawn from. Absent: nothing is left to chance. */
  seed?: number | undefined;
}

/** `openclaw-89520_openclaw@2026.5.28_768m`, with `_seed-7` where a seed draws its steps and `_quick` for the short one; also the name of its folder. */
export function scenarioId(spec: ScenarioSpec): string {
  const parts = [spec.scenario, `${spec.system}@${spec.version}`, formatSize(spec.memoryBytes)];
  if (spec.from !== undefined) parts.push(`from-${spec.from}`);
  if (spec.seed !== undefined) parts.push(`seed-${spec.seed}`);
  if (spec.isQuick) parts.push('quick');
  return parts.join('_');
}
