/** An instruction of a Dockerfile, and the line that it ends on. */
interface Instruction {
  word: string;
  rest: string;
  lastLine: number;
}

/** What a Dockerfile asks of its surroundings. */
export interface DockerfileFacts {
  /** Images that it names in FROM or in COPY --from, each once, as far as that can be read without building. */
  images: string[];
  /** The same file, with a label on each of its stages. */
  labelled: string;
}

/**
 * Reads which images a Dockerfile needs, and labels its stages.
 * @param args build arguments, which a FROM may use
 * @param label as NAME=VALUE
 */
export function readDockerfile(text: string, args: Readonly<Record<string, string>>, label: string): DockerfileFacts {
  const lines = text.split(/\r?\n/);
  const variables = new Map<string, string>();
  const stages = new Set(['scratch']);
  const images = new Set<string>();
  const labelled: string[] = [];
  let next = 0;
  let stage = -1;
  const need = (name: string, known: ReadonlyMap<string, string>) => {
    const image = substitute(name, known);
    if (image !== undefined && image !== '' && !stages.has(image.toLowerCase())) images.add(image);
  };
  for (const { word, rest, lastLine } of instructions(lines)) {
    labelled.push(...lines.slice(next, lastLine + 1));
    next = lastLine + 1;
    if (word === 'ARG' && stage === -1) {
      const [, name = '', value] = /^([A-Za-z_]\w*)(?:=(.*))?$/.exec(rest) ?? [];
      const given = args[name] ?? (value === undefined ? undefined : substitute(unquote(value), variables));
      if (given !== undefined) variables.set(name, given);
    } else if (word === 'FROM') {
      const [image = '', as, name] = rest.split(/\s+/).filter((part) => !part.startsWith('--'));
      need(image, variables);
      stage += 1;
      stages.add(String(stage));
      if (as?.toUpperCase() === 'AS' && name !== undefined) stages.add(name.toLowerCase());
      labelled.push(`LABEL ${label}`);
    } else if (word === 'COPY') {
      const from = /(?:^|\s)--from=(\S+)/.exec(rest)?.[1];
      if (from !== undefined) need(from, new Map());
    }
  }
  labelled.push(...lines.slice(next));
  return { images: [...images], labelled: labelled.join('\n') };
}

function* instructions(lines: readonly string[]): Generator<Instruction> {
  const continues = /^#\s*escape\s*=\s*`\s*$/im.test(lines.slice(0, 3).join('\n')) ? '`' : '\\';
  let so = '';
  for (const [index, line] of lines.entries()) {
    // A comment and an empty line do not end an instruction that goes on.
    if (/^\s*(#|$)/.test(line)) continue;
    const trimmed = line.trimEnd();
    if (trimmed.endsWith(continues) && index < lines.length - 1) {
      so += `${trimmed.slice(0, -1)} `;
      continue;
    }
    const [, word = '', rest = ''] = /^\s*(\S+)\s*(.*)$/s.exec(so + trimmed) ?? [];
    so = '';
    yield { word: word.toUpperCase(), rest: rest.trim(), lastLine: index };
  }
}

/** `$NAME`, `${NAME}`, `${NAME:-DEFAULT}` and `${NAME:+OTHER}`; undefined where that leaves something open. */
function substitute(text: string, variables: ReadonlyMap<string, string>): string | undefined {
  let open = false;
  const filled = text.replaceAll(
    /\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:[-+])([^}]*))?\})/g,
    (_, bare?: string, braced?: string, sign?: string, other: string = '') => {
      const value = variables.get(bare ?? braced ?? '');
      if (sign === ':+') return value === undefined || value === '' ? '' : other;
      if (value !== undefined && (value !== '' || sign === undefined)) return value;
      if (sign === ':-') return other;
      open = true;
      return '';
    },
  );
  return open || filled.includes('$') ? undefined : filled;
}

function unquote(value: string): string {
  return value.replace(/^(["'])(.*)\1$/, '$2');
}
