import { type HeapGraph, HeapSnapshotReader } from './heap-snapshot.ts';
import { Inspector } from './inspector.ts';

/** All collections that a variable or a property of one name holds. */
export interface NamedCollection {
  /** `Map`, `Set`, `Array` or `Object` (its properties). */
  readonly kind: string;
  /** The variable, or `holder.property`, where the holder is its class or, of a plain object, what holds that. */
  readonly name: string;
  readonly collections: number;
  /** In all of them together. */
  readonly entries: number;
}

/** What a heap consists of, by the names of what holds it. */
export interface Collections {
  readonly named: readonly NamedCollection[];
  readonly objects: number;
  readonly snapshotBytes: number;
  readonly lookCpuMs: number;
  readonly tookMs: number;
}

/**
 * Takes a heap snapshot of a gateway and counts what is in its collections: in every Map and every Set, and in the arrays and objects of a name that have
 * `atLeast` so many entries together. Fails as `Inspector.open` does, and as `HeapSnapshotReader`.
 */
export async function collections(
  port: number,
  atLeast: number,
  limitMs: number,
  cancel: AbortSignal,
): Promise<Collections> {
  const startedMs = performance.now();
  await using inspector = await Inspector.open(port, limitMs, cancel);
  const reader = new HeapSnapshotReader();
  let snapshotBytes = 0;
  inspector.listen((method, { chunk }) => {
    if (method !== 'HeapProfiler.addHeapSnapshotChunk' || typeof chunk !== 'string') return;
    snapshotBytes += chunk.length;
    reader.write(chunk);
  });
  const before = await inspector.cpuMs();
  // V8 collects garbage itself before it takes a snapshot.
  await inspector.call('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  const lookCpuMs = (await inspector.cpuMs()) - before;
  const graph = reader.end();
  return {
    named: namedCollections(graph).filter(({ kind, entries }) => kind in ENTRY_SLOTS || entries >= atLeast),
    objects: graph.nodes.count,
    snapshotBytes,
    lookCpuMs,
    tookMs: performance.now() - startedMs,
  };
}

/** Every collection that something with a name holds, those of one name together, the largest first. */
export function namedCollections(graph: HeapGraph): NamedCollection[] {
  const heap = new HeapWalk(graph);
  const byName = new Map<string, { kind: string; name: string; collections: number; entries: number }>();
  for (let index = 0; index < graph.nodes.count; index += 1) {
    const found = heap.collection(index);
    const name = found === undefined ? undefined : heap.nameOf(index);
    if (found === undefined || name === undefined) continue;
    const key = `${found.kind} ${name}`;
    const sum = byName.get(key) ?? { kind: found.kind, name, collections: 0, entries: 0 };
    sum.collections += 1;
    sum.entries += found.entries;
    byName.set(key, sum);
  }
  return [...byName.values()].sort((a, b) => b.entries - a.entries || (a.name < b.name ? -1 : 1));
}

/** Names that hold no state of a program: what a class is made of. */
const NOT_A_HOLDER = new Set(['__proto__', 'prototype', 'constructor']);
const NAME_LIMIT_CHARS = 120;

/** Finds in a graph what is a collection, and what holds it. */
class HeapWalk {
  readonly #graph: HeapGraph;
  readonly #object: number;
  readonly #array: number;
  readonly #hidden: number;
  readonly #edgeType: Readonly<Record<'context' | 'element' | 'property' | 'internal', number>>;
  /** Of each node, where its edges begin. */
  readonly #begin: Uint32Array;
  /** Of each node, the edge that names it best and the node which that comes from; 0: none, else one more. */
  readonly #holdingEdge: Uint32Array;
  readonly #holder: Uint32Array;

  constructor(graph: HeapGraph) {
    this.#graph = graph;
    this.#object = graph.nodeTypes.indexOf('object');
    this.#array = graph.nodeTypes.indexOf('array');
    this.#hidden = graph.nodeTypes.indexOf('hidden');
    const typeOf = (name: string) => graph.edgeTypes.indexOf(name);
    this.#edgeType = {
      context: typeOf('context'),
      element: typeOf('element'),
      property: typeOf('property'),
      internal: typeOf('internal'),
    };
    this.#begin = new Uint32Array(graph.nodes.count + 1);
    this.#holdingEdge = new Uint32Array(graph.nodes.count);
    this.#holder = new Uint32Array(graph.nodes.count);
    for (let node = 0, edge = 0; node < graph.nodes.count; node += 1) {
      edge += graph.node.edgeCount[node] ?? 0;
      this.#begin[node + 1] = edge;
    }
    for (let node = 0; node < graph.nodes.count; node += 1) this.#noteWhatItHolds(node);
  }

  /** Of what holds an object, always the same names it: a later snapshot has its objects in another order. */
  #noteWhatItHolds(node: number): void {
    const { context, property } = this.#edgeType;
    for (const edge of this.#edgesOf(node)) {
      const type = this.#graph.edge.type[edge];
      if (type !== context && type !== property) continue;
      const to = this.#target(edge);
      if (this.#graph.node.type[to] !== this.#object || NOT_A_HOLDER.has(this.#edgeName(edge))) continue;
      if ((this.#holdingEdge[to] ?? 0) !== 0 && !this.#isBetterName(edge, node, to)) continue;
      this.#holdingEdge[to] = edge + 1;
      this.#holder[to] = node + 1;
    }
  }

  /** A variable names better than a property; of two of a kind it is the first by the alphabet, and then by its holder. */
  #isBetterName(edge: number, node: number, of: number): boolean {
    const known = (this.#holdingEdge[of] ?? 0) - 1;
    const isVariable = this.#graph.edge.type[edge] === this.#edgeType.context;
    const wasVariable = this.#graph.edge.type[known] === this.#edgeType.context;
    if (isVariable !== wasVariable) return isVariable;
    const [name, knownName] = [this.#edgeName(edge), this.#edgeName(known)];
    if (name !== knownName) return name < knownName;
    return this.#nodeName(node) < this.#nodeName((this.#holder[of] ?? 0) - 1);
  }

  /** What kind of collection a node is, and how much is in it; undefined: it is none. */
  collection(node: number): { kind: string; entries: number } | undefined {
    if (this.#graph.node.type[node] !== this.#object) return undefined;
    const table = this.#tableOf(node);
    if (table !== undefined) return tableEntries(this.#lengthOf(table), this.#slotsOf(table));
    const name = this.#nodeName(node);
    const { element, property } = this.#edgeType;
    if (name === 'Array') return { kind: 'Array', entries: this.#countEdges(node, element) };
    if (name === 'Object') return { kind: 'Object', entries: this.#countEdges(node, property) - 1 }; // but its __proto__
    return undefined;
  }

  nameOf(node: number): string | undefined {
    const edge = (this.#holdingEdge[node] ?? 0) - 1;
    if (edge < 0) return undefined;
    const name = this.#edgeName(edge);
    if (this.#graph.edge.type[edge] === this.#edgeType.context) return name.slice(0, NAME_LIMIT_CHARS);
    return `${this.#holderName((this.#holder[node] ?? 0) - 1)}.${name}`.slice(0, NAME_LIMIT_CHARS);
  }

  /** A class, or what a plain object is called by its own holder. */
  #holderName(node: number): string {
    const name = this.#nodeName(node);
    const edge = (this.#holdingEdge[node] ?? 0) - 1;
    return name === 'Object' && edge >= 0 ? this.#edgeName(edge) : name;
  }

  /** The hash table of a Map or a Set, whatever their class. */
  #tableOf(node: number): number | undefined {
    for (const edge of this.#edgesOf(node)) {
      if (this.#graph.edge.type[edge] !== this.#edgeType.internal || this.#edgeName(edge) !== 'table') continue;
      const to = this.#target(edge);
      if (this.#graph.node.type[to] === this.#array) return to;
    }
    return undefined;
  }

  /** The slots of a table that hold an object. Small numbers are in no snapshot; what was deleted is V8's own mark, of a hidden type. */
  *#slotsOf(table: number): Generator<number> {
    for (const edge of this.#edgesOf(table)) {
      if (this.#graph.edge.type[edge] !== this.#edgeType.internal) continue;
      if (this.#graph.node.type[this.#target(edge)] === this.#hidden) continue;
      const slot = Number(this.#edgeName(edge));
      if (Number.isInteger(slot)) yield slot;
    }
  }

  #lengthOf(table: number): number {
    return ((this.#graph.node.selfSize[table] ?? 0) - ARRAY_HEADER_BYTES) / SLOT_BYTES;
  }

  *#edgesOf(node: number): Generator<number> {
    const end = this.#begin[node + 1] ?? 0;
    for (let edge = this.#begin[node] ?? 0; edge < end; edge += 1) yield edge;
  }

  #countEdges(node: number, type: number): number {
    let count = 0;
    for (const edge of this.#edgesOf(node)) if (this.#graph.edge.type[edge] === type) count += 1;
    return count;
  }

  #target(edge: number): number {
    return (this.#graph.edge.to[edge] ?? 0) / this.#graph.nodeFields;
  }

  #edgeName(edge: number): string {
    return this.#graph.strings.get(this.#graph.edge.name[edge] ?? -1) ?? '';
  }

  #nodeName(node: number): string {
    return this.#graph.strings.get(this.#graph.node.name[node] ?? -1) ?? '';
  }
}

/** On 64 bits and without pointer compression, as Node is built: a map and a length, then the slots. */
const ARRAY_HEADER_BYTES = 16;
const SLOT_BYTES = 8;
/** Of V8's OrderedHashMap and OrderedHashSet (v8/src/objects/ordered-hash-table.h): three numbers, the buckets, then the entries, two to a bucket. */
const TABLE_PREFIX_SLOTS = 3;
const ENTRIES_PER_BUCKET = 2;
/** Key, value and chain; key and chain. */
const ENTRY_SLOTS = { Map: 3, Set: 2 };

/**
 * How much is in the hash table of a Map or a Set, by the slots in use. An entry counts once, whichever of its key and value is an object; one of two small
 * numbers can't be seen. Undefined: it is the table of something else, such as a WeakMap.
 */
export function tableEntries(slots: number, used: Iterable<number>): { kind: string; entries: number } | undefined {
  for (const [kind, entrySlots] of Object.entries(ENTRY_SLOTS)) {
    const buckets = (slots - TABLE_PREFIX_SLOTS) / (1 + ENTRIES_PER_BUCKET * entrySlots);
    if (!Number.isInteger(Math.log2(buckets))) continue;
    const begin = TABLE_PREFIX_SLOTS + buckets;
    const entries = new Set<number>();
    for (const slot of used) if (slot >= begin) entries.add(Math.floor((slot - begin) / entrySlots));
    return { kind, entries: entries.size };
  }
  return undefined;
}
