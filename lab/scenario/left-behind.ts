import type { ScenarioLab } from './scenario.ts';

/** What lies beside the store after so many crashes: a point of the series `crashes`, for `disk-bounded`. */
export async function measureLeftBehind(lab: ScenarioLab, crashes: number): Promise<void> {
  // The living writer's temps are no orphans.
  await lab.quiet();
  const files = (await lab.list()).filter((entry) => entry.type === 'file' && entry.gone !== true);
  const temps = files.filter((entry) => lab.isTemp(entry.path));
  const bytesOf = (entries: readonly { size: number }[]) => entries.reduce((sum, entry) => sum + entry.size, 0);
  const store = files.find((entry) => entry.path === lab.release.promises.store.path);
  lab.point('crashes', crashes, {
    temps: temps.length,
    tempBytes: bytesOf(temps),
    storeBytes: store?.size ?? 0,
    folderBytes: bytesOf(files),
  });
}
