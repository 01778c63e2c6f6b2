import type { Engine } from '../engine/engine.ts';
import { ensureImage } from '../image/build.ts';
import { defaultsOf } from '../image/given.ts';
import { Problem } from '../problem.ts';
import type { Release } from '../system.ts';

/**
 * A release that boots what its image runs by itself, with that command line in it and in the image's own working directory. Any other release: itself.
 * @throws Problem bad-definition: the image names no command
 */
export async function withOwnStart(
  engine: Engine,
  release: Release,
  options: { say(line: string): void; signal: AbortSignal },
): Promise<Release> {
  const { image, system, boot } = release;
  if (boot.runsItsOwn !== true) return release;
  const { runsItsOwn: _, folder: __, ...rest } = boot;
  const { command } = await defaultsOf(engine, await ensureImage(engine, image, options));
  if (command.length === 0)
    throw new Problem(
      'bad-definition',
      `${system}: its image says of itself no command that it runs. Give start, the command line of the server.`,
    );
  return { ...release, boot: { ...rest, command: [...boot.command, ...command] } };
}
