import { expect, test } from 'vitest';
import { namedCollections } from './collections.ts';
import { type HeapGraph, HeapSnapshotReader } from './heap-snapshot.ts';

const META = {
  node_fields: ['type', 'name', 'id', 'self_size', 'edge_count', 'detachedness'],
  node_types: [['hidden', 'array', 'string', 'object'], 'string', 'number', 'number', 'number', 'number'],
  edge_fields: ['type', 'name_or_index', 'to_node'],
  edge_types: [['context', 'element', 'property', 'internal'], 'string_or_number', 'node'],
};
const STRINGS = ['', 'Context', 'Map', 'table', '26', '29', 'bu"ck\\ets\u00e9', 'a string that names nothing'];

/** A variable that holds a Map of two entries: its table has 8 buckets, so that its first entry is in slot 11. */
const snapshot = ({ nodeCount = 4, nodes = '0,1,1,0,1,0,3,2,3,32,1,0,\n1,0,5,488,2,0\n,2,7,7,20,0,0' } = {}) =>
  `{"snapshot":${JSON.stringify({ meta: META, node_count: nodeCount, edge_count: 4, trace_function_count: 0 })},\n"nodes":[${nodes}],\n` +
  '"edges":[0,6,6,3,3,12\n,3,4,18,3,5,18],\n"trace_function_infos":[],\n"trace_tree":[1,[2,[]]],\n"samples":[],\n"locations":[0,1,2,3],\n' +
  `"strings":${JSON.stringify(STRINGS).replaceAll(',', ',\n')}}`;

function read(parts: Iterable<string>): HeapGraph {
  const reader = new HeapSnapshotReader();
  for (const part of parts) reader.write(part);
  return reader.end();
}

test.each([
  ['at once', (text: string) => [text]],
  ['character by character', (text: string) => text],
  ['in parts of seven', (text: string) => text.match(/[\s\S]{1,7}/g) ?? []],
])('a snapshot %s', (_, parts) => {
  const graph = read(parts(snapshot()));
  expect(graph).toMatchObject({ nodes: { count: 4 }, edges: { count: 4 }, nodeFields: 6 });
  expect([...graph.node.selfSize]).toEqual([0, 32, 488, 20]);
  expect([...graph.edge.to]).toEqual([6, 12, 18, 18]);
  expect(graph.strings.get(6)).toBe(STRINGS[6]);
  expect(graph.strings.has(7)).toBe(false); // of millions of strings only names are kept
  expect(namedCollections(graph)).toEqual([{ kind: 'Map', name: STRINGS[6], collections: 1, entries: 2 }]);
});

test.each([
  ['it breaks off', snapshot().slice(0, -1).slice(0, -40), 'it ended in strings'],
  ['it breaks off in its numbers', snapshot().slice(0, snapshot().indexOf('"edges"') + 20), 'it ended in edges'],
  ['nothing came', '', 'it ended in header'],
  ['its counts are wrong', snapshot({ nodeCount: 5 }), '24 numbers of nodes, and 5 × 6 were announced'],
  ['its header is no JSON', snapshot().replace('"meta"', 'meta'), 'its header is {"snapshot":{meta'],
  ['a field is missing', snapshot().replace('"self_size"', '"size"'), 'its nodes have no self_size'],
])('%s', (_, text, says) => {
  const failure = expect.objectContaining({ code: 'inspector-failed', message: expect.stringContaining(says) });
  expect(() => read([text])).toThrow(failure);
});

test('a heap that is too large for this memory is refused', () => {
  const huge = snapshot({ nodeCount: 9_000_000 });
  expect(() => read([huge])).toThrow(expect.objectContaining({ code: 'too-large' }));
});
