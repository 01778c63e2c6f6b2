import { Failure } from './failure.ts';

/**
 * Reads a V8 heap snapshot while it comes, as text in any parts, and keeps its graph in arrays of numbers: some 20 bytes a node or an edge, where the
 * text takes four times that. The format is that of V8's serializer (v8/src/profiler/heap-snapshot-generator.cc, `HeapSnapshotJSONSerializer`): one JSON
 * object with `snapshot` (which says what fields there are), then the arrays of numbers `nodes` and `edges`, others that nobody needs here, and last
 * `strings`, to which names are indexes. The nodes come in order, each with the number of its edges, and so the edges need no source.
 */
export class HeapSnapshotReader {
  #part: Part = { name: 'header' };
  /** What could not be read yet, as its end has not come. */
  #rest = '';
  #graph: HeapGraph | undefined;
  #isWanted: Uint8Array = new Uint8Array();
  #stringsSeen = 0;
  #isDone = false;

  /** @throws Failure inspector-failed: this is no snapshot; too-large */
  write(text: string): void {
    let at = 0;
    const all = this.#rest === '' ? text : this.#rest + text;
    this.#rest = '';
    while (at < all.length) {
      const next = this.#read(all, at);
      if (next === undefined) {
        this.#rest = all.slice(at);
        if (this.#rest.length > REST_LIMIT_CHARS) throw malformed(`${this.#part.name} has no end`);
        return;
      }
      at = next;
    }
  }

  /** The graph, when all of it has come. */
  end(): HeapGraph {
    if (this.#graph === undefined || !this.#isDone) throw malformed(`it ended in ${this.#part.name}`);
    return this.#graph;
  }

  /** Reads on from `at`; gives where it stopped, or undefined where what begins there has not come to its end. */
  #read(text: string, at: number): number | undefined {
    switch (this.#part.name) {
      case 'header':
        return this.#readHeader(text, at);
      case 'key':
        return this.#readKey(text, at);
      case 'nodes':
      case 'edges':
      case 'skipped':
        return this.#readNumbers(this.#part, text, at);
      case 'strings':
        return this.#readString(text, at);
      default:
        return text.length;
    }
  }

  #readHeader(text: string, at: number): number | undefined {
    const end = text.indexOf(NODES_BEGIN, at);
    if (end === -1) return undefined;
    this.#graph = graphOf(text.slice(at, end));
    this.#part = { name: 'nodes', numbers: 0, value: -1, depth: 1 };
    return end + NODES_BEGIN.length;
  }

  #readKey(text: string, at: number): number | undefined {
    const end = text.indexOf('[', at);
    if (end === -1) {
      if (text.indexOf('}', at) === -1) return undefined;
      this.#part = { name: 'end' };
      return text.length;
    }
    const key = /"(\w+)"/.exec(text.slice(at, end))?.[1];
    if (key === 'strings') {
      this.#isWanted = wantedStrings(this.#need());
      this.#part = { name: 'strings' };
    } else {
      this.#part = { name: key === 'edges' ? 'edges' : 'skipped', numbers: 0, value: -1, depth: 1 };
    }
    return end + 1;
  }

  /** One pass over the characters: this is where nearly all of the text goes through. */
  #readNumbers(part: Numbers, text: string, from: number): number {
    const keep = part.name === 'skipped' ? undefined : this.#need()[part.name];
    let { value, numbers, depth } = part;
    let at = from;
    for (; at < text.length && depth > 0; at += 1) {
      const code = text.charCodeAt(at);
      if (code >= DIGIT_0 && code <= DIGIT_9) {
        value = (value === -1 ? 0 : value * 10) + code - DIGIT_0;
        continue;
      }
      if (value !== -1) {
        keep?.add(numbers, value);
        numbers += 1;
        value = -1;
      }
      if (code === OPEN) depth += 1;
      else if (code === CLOSE) depth -= 1;
    }
    Object.assign(part, { value, numbers, depth });
    if (depth === 0) {
      keep?.complete(numbers);
      this.#part = { name: 'key' };
    }
    return at;
  }

  #readString(text: string, from: number): number | undefined {
    let at = from;
    while (at < text.length && text.charCodeAt(at) !== QUOTE) {
      if (text.charCodeAt(at) === CLOSE) {
        this.#isDone = true;
        this.#part = { name: 'end' };
        return text.length;
      }
      at += 1;
    }
    if (at === text.length) return at;
    const end = closingQuote(text, at + 1);
    if (end === -1) return undefined;
    if (this.#isWanted[this.#stringsSeen] === 1)
      this.#need().strings.set(this.#stringsSeen, JSON.parse(text.slice(at, end + 1)) as string);
    this.#stringsSeen += 1;
    return end + 1;
  }

  #need(): HeapGraph {
    if (this.#graph === undefined) throw malformed('there is no header');
    return this.#graph;
  }
}

type Numbers = { name: 'nodes' | 'edges' | 'skipped'; numbers: number; value: number; depth: number };
type Part = { name: 'header' | 'key' | 'strings' | 'end' } | Numbers;

const NODES_BEGIN = '"nodes":[';
const REST_LIMIT_CHARS = 4 * 1024 * 1024;
/** Some 400 MB of numbers: a heap of gigabytes. */
const LIMIT = { nodes: 8_000_000, edges: 32_000_000 };
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Where a JSON string ends that has begun; -1: not in this text. */
function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at !== -1; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return at;
  }
  return -1;
}

/** Fields of many things of one kind, a typed array each. */
class Table {
  readonly #what: string;
  readonly #width: number;
  readonly #columns: readonly (Uint8Array | Uint32Array | undefined)[];
  readonly count: number;

  constructor(what: string, width: number, count: number, columns: readonly (Uint8Array | Uint32Array | undefined)[]) {
    this.#what = what;
    this.#width = width;
    this.#columns = columns;
    this.count = count;
  }

  add(index: number, value: number): void {
    const column = this.#columns[index % this.#width];
    if (column !== undefined) column[Math.floor(index / this.#width)] = value;
  }

  complete(numbers: number): void {
    if (numbers !== this.count * this.#width)
      throw malformed(`${numbers} numbers of ${this.#what}, and ${this.count} × ${this.#width} were announced`);
  }
}

/** The objects of a heap, and what holds what. Nodes are named by their index, from 0. */
export interface HeapGraph {
  nodes: Table;
  edges: Table;
  /** Of each node: its type, its name (an index of a string), its own size, how many edges go out. */
  node: { type: Uint8Array; name: Uint32Array; selfSize: Uint32Array; edgeCount: Uint32Array };
  /** Of each edge, those of the first node first: its type, its name (an index of a string, or a number: see the format), the node that it goes to times `nodeFields`. */
  edge: { type: Uint8Array; name: Uint32Array; to: Uint32Array };
  nodeFields: number;
  /** What the numbers of the types stand for. */
  nodeTypes: readonly string[];
  edgeTypes: readonly string[];
  /** The strings that name an object, or an edge that is a variable, a property or of V8's own. */
  strings: Map<number, string>;
}

function graphOf(header: string): HeapGraph {
  const { meta, node_count, edge_count } = parseHeader(header);
  if (node_count > LIMIT.nodes || edge_count > LIMIT.edges)
    throw new Failure('too-large', `the heap has ${node_count} objects with ${edge_count} references`);
  const node = {
    type: new Uint8Array(node_count),
    name: new Uint32Array(node_count),
    selfSize: new Uint32Array(node_count),
    edgeCount: new Uint32Array(node_count),
  };
  const edge = {
    type: new Uint8Array(edge_count),
    name: new Uint32Array(edge_count),
    to: new Uint32Array(edge_count),
  };
  const nodeColumns = { type: node.type, name: node.name, self_size: node.selfSize, edge_count: node.edgeCount };
  const edgeColumns = { type: edge.type, name_or_index: edge.name, to_node: edge.to };
  return {
    nodes: table('nodes', node_count, meta.node_fields, nodeColumns),
    edges: table('edges', edge_count, meta.edge_fields, edgeColumns),
    node,
    edge,
    nodeFields: meta.node_fields.length,
    nodeTypes: meta.node_types[0],
    edgeTypes: meta.edge_types[0],
    strings: new Map(),
  };
}

function table(
  what: string,
  count: number,
  fields: readonly string[],
  columns: Readonly<Record<string, Uint8Array | Uint32Array>>,
): Table {
  for (const name of Object.keys(columns)) if (!fields.includes(name)) throw malformed(`its ${what} have no ${name}`);
  return new Table(
    what,
    fields.length,
    count,
    fields.map((name) => columns[name]),
  );
}

interface Header {
  meta: { node_fields: string[]; node_types: [string[]]; edge_fields: string[]; edge_types: [string[]] };
  node_count: number;
  edge_count: number;
}

function parseHeader(text: string): Header {
  try {
    const { snapshot } = JSON.parse(`${text.trimEnd().replace(/,$/, '')}}`) as { snapshot: Header };
    const { meta, node_count, edge_count } = snapshot;
    const isRight =
      [node_count, edge_count].every((count) => Number.isSafeInteger(count) && count >= 0) &&
      [meta.node_fields, meta.edge_fields, meta.node_types[0], meta.edge_types[0]].every(Array.isArray);
    if (isRight) return snapshot;
  } catch {
    // Told below.
  }
  throw malformed(`its header is ${text.slice(0, 200)}`);
}

/** Of millions of strings only names are kept. */
function wantedStrings(graph: HeapGraph): Uint8Array {
  const { node, edge, nodeFields } = graph;
  const wanted = new Uint8Array(graph.nodes.count + graph.edges.count + 1);
  const object = graph.nodeTypes.indexOf('object');
  const [context, property, internal] = ['context', 'property', 'internal'].map((type) =>
    graph.edgeTypes.indexOf(type),
  );
  for (let index = 0; index < graph.nodes.count; index += 1)
    if (node.type[index] === object) wanted[node.name[index] ?? 0] = 1;
  for (let index = 0; index < graph.edges.count; index += 1) {
    const type = edge.type[index];
    const isHolding = type === context || type === property;
    if (type === internal || (isHolding && node.type[(edge.to[index] ?? 0) / nodeFields] === object))
      wanted[edge.name[index] ?? 0] = 1;
  }
  return wanted;
}

function malformed(why: string): Failure {
  return new Failure('inspector-failed', `the inspector gave no heap snapshot that can be read: ${why}`.slice(0, 500));
}
