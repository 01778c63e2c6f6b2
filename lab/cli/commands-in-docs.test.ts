import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import parseArgv from 'string-argv';
import { describe, expect, test } from 'vitest';
import { packageFolder } from '../package-folder.ts';
import { BEGIN, EXAMPLES } from './begin.ts';
import { program } from './program.ts';

const COMMAND = 'npx midwrite ';
/** In a text's code, until its end: of the span, of the line, of what the shell passes on, or of a remark. */
const END = /`|\n|\s[|>&;)]|\s+# |\s{2,}/;

const texts = globSync(['*.md', 'docs/*', 'images/*/README.md', 'examples/**/*.md', '.github/**/*'], {
  cwd: packageFolder,
}).filter((file) => /\.(md|ya?ml)$/.test(file));

function commandsOf(text: string): string[] {
  const joined = text.replaceAll(/\\\n\s*/g, '');
  return joined
    .split(COMMAND)
    .slice(1)
    .map((rest) => rest.slice(0, rest.search(END) === -1 ? undefined : rest.search(END)).trim());
}

/** As the program takes it, without doing it. */
async function parse(line: string): Promise<void> {
  const midwrite = program(() => undefined);
  const inert = (command: Command): void => {
    command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
    for (const one of command.commands) inert(one);
    if (command.commands.length === 0) command.action(() => undefined);
  };
  inert(midwrite);
  await midwrite.parseAsync(parseArgv(line), { from: 'user' });
}

const inTexts = texts.flatMap((file) =>
  commandsOf(readFileSync(path.join(packageFolder, file), 'utf8')).map((line) => [file, line] as const),
);
const inHelp = [...commandsOf(BEGIN), ...Object.values(EXAMPLES).flatMap(commandsOf)].map(
  (line) => ['--help', line] as const,
);

describe('each command that a text shows', () => {
  test.each([...inTexts, ...inHelp])('%s: midwrite %s', async (_, line) => {
    if (!line.startsWith('--help')) await expect(parse(line)).resolves.toBeUndefined();
    const config = /--config (examples\/\S*)/.exec(line)?.[1];
    if (config !== undefined) expect(existsSync(path.join(packageFolder, config))).toBe(true);
  });

  test('there are some, and a command that does not exist is seen', async () => {
    expect(inTexts.length).toBeGreaterThan(50);
    await expect(parse('run --no-such-option')).rejects.toThrow(/unknown option/);
    await expect(parse('nosuch')).rejects.toThrow();
  });
});
