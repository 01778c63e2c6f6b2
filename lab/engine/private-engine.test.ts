import { expect, test } from 'vitest';
import { startPrivateEngine } from './private-engine.ts';

test('a folder whose sockets would have too long a path is refused, with the length that it may have', async () => {
  const run = `/run/${'x'.repeat(70)}`;
  const started = startPrivateEngine(() => undefined, { data: '/nonexistent/data', run });
  await expect(started).rejects.toThrow(
    /Linux allows paths of 107 bytes for a socket\. Set MIDWRITE_ENGINE_RUN .* at most 69 bytes/,
  );
});
