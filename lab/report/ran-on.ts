import type { RunFacts } from '../result/matrix.ts';

/** What a run, or some of its shards, ran on. */
export interface RanOn {
  engine: string;
  kernel: string;
  /** As `v2`; of a merged run of an older midwrite that of its first shard. */
  cgroup: string;
  /** The shards that ran there. Empty: the whole run. */
  shards: readonly number[];
}

/** Each machine that a run ran on: engine, kernel and cgroup version belong together. */
export function machinesOf(run: RunFacts): RanOn[] {
  const parts: readonly (RunFacts & { shard?: number })[] = run.shards ?? [run];
  const alike = Map.groupBy(parts, ({ engine, kernel, cgroupVersion }) => [engine, kernel, cgroupVersion].join('\n'));
  return [...alike.values()].flatMap((these) => {
    const [first] = these;
    if (first === undefined) return [];
    const { engine, kernel, cgroupVersion } = first;
    const shards = alike.size === 1 ? [] : these.flatMap(({ shard = [] }) => shard);
    return [{ engine, kernel, cgroup: `v${cgroupVersion}`, shards }];
  });
}

/** As `shard 2` or `shards 1, 3`. */
export const shardsInWords = ({ shards }: RanOn): string =>
  `shard${shards.length === 1 ? '' : 's'} ${shards.join(', ')}`;

/** All of it in one line. */
export const ranOnInWords = (run: RunFacts): string =>
  machinesOf(run)
    .map((one) => {
      const words = `${one.engine} · kernel ${one.kernel} · cgroup ${one.cgroup}`;
      return one.shards.length === 0 ? words : `${shardsInWords(one)}: ${words}`;
    })
    .join('; ');
