import semver from 'semver';
import type { Index } from '../../lab/system.ts';
import { CONFIG } from './commands.ts';
import { CLI } from './endpoint.ts';
import { withoutPricing } from './without-pricing.ts';

/** 2026.5.28 ends with "Unknown memory embedding provider: none"; tried from 2026.6.5 on. */
export const INDEX_BY_WORDS_SINCE = '2026.6.0';
/** From here on the index is in the agent's own database, and before that in one of its own. */
const IN_THE_AGENTS_DATABASE_SINCE = '2026.7.0';
/** Before it, `agents.defaults.memorySearch`. */
const SEARCH_OF_ITS_OWN_SINCE = '2026.8.0-0';

/** Enough for an index of half a megabyte. */
const NOTES = 3;
const LINES_EACH = 2000;

const WORKSPACE = '/state/.openclaw/workspace';
const note = (number: number): { path: string; content: string } => ({
  path: `${WORKSPACE}/memory/2026-01-0${number}.md`,
  content: `# note ${number}\n${Array.from({ length: LINES_EACH }, (_, line) => `word ${number} fact ${line + 1}\n`).join('')}`,
});

interface Config {
  agents: { defaults: object };
  models: { pricing?: unknown };
}

/** The configuration with the memory index, which needs no provider of embeddings: with `none` it goes by words alone. */
function withMemory(config: unknown, version: string): unknown {
  const own = config as Config;
  const search = { provider: 'none' };
  const plugins = { enabled: true, allow: ['memory-core'], slots: { memory: 'memory-core' } };
  if (semver.gte(version, SEARCH_OF_ITS_OWN_SINCE)) return { ...withoutPricing(own), memory: { search }, plugins };
  const agents = { ...own.agents, defaults: { ...own.agents.defaults, memorySearch: search } };
  return { ...own, agents, plugins };
}

/** The index of what it remembers, over notes that a person may have written. */
export const memoryOf = (version: string, config: unknown): Index => ({
  files: [
    { path: CONFIG, content: JSON.stringify(withMemory(config, version), null, 2) },
    { path: `${WORKSPACE}/MEMORY.md`, content: '# what to remember\n' },
    ...Array.from({ length: NOTES }, (_, index) => note(index + 1)),
  ],
  rebuild: [...CLI, 'memory', 'index', '--force'],
  shows: [...CLI, 'memory', 'status', '--json'],
  entriesIn(printed) {
    const found = /"chunks":\s*(\d+)/.exec(printed)?.[1];
    return found === undefined ? undefined : Number(found);
  },
  file: semver.gte(version, IN_THE_AGENTS_DATABASE_SINCE)
    ? '/state/.openclaw/agents/main/agent/openclaw-agent.sqlite'
    : '/state/.openclaw/memory/main.sqlite',
});
