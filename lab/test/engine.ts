import { gated } from '../../images/gated/recipe.ts';
import { openclaw } from '../../images/openclaw/system.ts';
import { referenceImage } from '../../images/reference/recipe.ts';
import { sidecarImage } from '../../images/sidecar/recipe.ts';
import { writegateTestImage } from '../../images/writegate/fixtures/recipe.ts';
import { connect, findEngine } from '../engine/engine.ts';
import { stopPrivateEngine } from '../engine/private-engine.ts';
import { ensureImage } from '../image/build.ts';

/** What the container tests stand on: an engine, and the images. An engine that was started for them is stopped after them. */
export default async function setup(): Promise<() => Promise<void>> {
  const wasThere = (await findEngine()) !== undefined;
  const say = (line: string) => console.error(`set-up: ${line}`);
  const engine = await connect(say);
  await ensureImage(engine, sidecarImage, { say });
  await ensureImage(engine, gated(referenceImage), { say });
  process.env.WRITEGATE_TEST_IMAGE = await ensureImage(engine, writegateTestImage, { say });
  await ensureImage(engine, gated((await openclaw.release(openclaw.defaultVersion)).image), { say });
  return async () => {
    if (!wasThere && engine.isPrivate) await stopPrivateEngine({ purge: false });
  };
}
