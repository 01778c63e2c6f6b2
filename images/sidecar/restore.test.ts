import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RestoreEntry, restore, Stock } from './restore.ts';

const nameOf = (piece: Buffer) => createHash('sha256').update(piece).digest('base64url');

let root: string;
let stock: Stock;

beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'midwrite-restore-'));
  stock = new Stock();
});
afterEach(() => fs.rmSync(root, { recursive: true, force: true }));

function entry(path: string, type: RestoreEntry['type'], more: Partial<RestoreEntry> = {}): RestoreEntry {
  return { path: join(root, path), type, mode: 0o600, pieces: [], target: undefined, sameAs: undefined, ...more };
}

function stocked(...texts: string[]): string[] {
  const pieces = texts.map((text) => Buffer.from(text));
  for (const piece of pieces) stock.add(piece);
  return pieces.map(nameOf);
}

test('a folder becomes what the entries say, and what was there goes', () => {
  fs.mkdirSync(join(root, 'old/deep'), { recursive: true });
  fs.writeFileSync(join(root, 'old/deep/file'), 'old');
  const pieces = stocked('first ', 'second');
  const entries = [
    entry('d', 'directory', { mode: 0o500 }),
    entry('d/x', 'file', { mode: 0o640, pieces }),
    entry('link', 'symlink', { target: 'd/x' }),
    entry('same', 'file', { mode: 0o640, sameAs: join(root, 'd/x') }),
  ];
  expect(restore(root, entries, stock, 3_600_000)).toBe(4);
  expect(fs.readdirSync(root).sort()).toEqual(['d', 'link', 'same']);
  expect(fs.readFileSync(join(root, 'link'), 'utf8')).toBe('first second');
  expect(fs.statSync(join(root, 'd')).mode & 0o777).toBe(0o500);
  const [file, same] = ['d/x', 'same'].map((name) => fs.statSync(join(root, name)));
  expect(file?.mode).toBe(0o100640);
  expect(same?.ino).toBe(file?.ino);
  const ageMs = Date.now() - (file?.mtimeMs ?? 0);
  expect(ageMs).toBeGreaterThan(3_599_000);
  expect(Date.now() - fs.statSync(join(root, 'd')).mtimeMs).toBeGreaterThan(3_599_000);
  fs.chmodSync(join(root, 'd'), 0o700);
});

test('a piece that is not in stock is told', () => {
  const [piece = ''] = stocked('here');
  stock.empty();
  expect(stock.bytes).toBe(0);
  expect(() => restore(root, [entry('x', 'file', { pieces: [piece] })], stock, 0)).toThrow(/is not in stock/);
});

test('a piece is in stock once', () => {
  stocked('abc', 'abc', 'd');
  expect(stock.bytes).toBe(4);
});

test('what the file system refuses is told with its error', () => {
  const entries = [entry('x', 'file'), entry('x/y', 'file')];
  expect(() => restore(root, entries, stock, 0)).toThrow(/can't restore .*ENOTDIR/);
});
