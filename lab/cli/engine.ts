import { findEngine } from '../engine/engine.ts';
import {
  privateEndpoint,
  startPrivateEngine,
  stopPrivateEngine,
  whyNoPrivateEngine,
} from '../engine/private-engine.ts';
import { ExitCode, Problem } from '../problem.ts';

export async function engineUp(): Promise<ExitCode> {
  const found = await findEngine();
  if (found !== undefined && found.uri !== privateEndpoint().uri) {
    console.log(
      `An engine answers at ${found.uri} (${found.from}); midwrite uses that one and starts none of its own.`,
    );
    return ExitCode.sound;
  }
  const why = whyNoPrivateEngine();
  if (why !== undefined) throw new Problem('no-engine', `A private engine can't be started here: ${why}.`);
  const endpoint = await startPrivateEngine((line) => console.log(line));
  console.log(`The private engine answers at ${endpoint.uri}. \`npx midwrite engine down\` stops it.`);
  return ExitCode.sound;
}

export async function engineDown(options: { purge?: boolean }): Promise<ExitCode> {
  const done = await stopPrivateEngine({ purge: options.purge === true });
  const images =
    options.purge === true ? ', and its images are deleted' : '; its images are kept (`--purge` deletes them)';
  console.log(
    done === 'stopped' ? `The private engine is stopped${images}.` : `No private engine was running${images}.`,
  );
  return ExitCode.sound;
}
