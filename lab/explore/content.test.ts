import { expect, test } from 'vitest';
import { sha256Of } from './compare.ts';
import { Content } from './content.ts';

const bytesOf = (content: Content) => content.slice(0, content.size);

test('writes, gaps and cuts give what pwrite and truncate give, on either side of a piece', () => {
  let model = Buffer.alloc(0);
  let content = Content.empty;
  const write = (offset: number, bytes: Buffer) => {
    const grown = Buffer.alloc(Math.max(model.length, offset + bytes.length));
    model.copy(grown);
    bytes.copy(grown, offset);
    model = grown;
    content = content.write(offset, bytes);
  };
  const truncate = (size: number) => {
    const cut = Buffer.alloc(size);
    model.copy(cut, 0, 0, Math.min(size, model.length));
    model = cut;
    content = content.truncate(size);
  };
  write(0, Buffer.from('abc'));
  write(65_530, Buffer.alloc(20, 'x'));
  write(200_000, Buffer.from('far'));
  expect(bytesOf(content)).toEqual(model);
  truncate(131_072);
  expect(bytesOf(content)).toEqual(model);
  truncate(131_073);
  write(65_536, Buffer.alloc(65_536, 'y'));
  truncate(2);
  truncate(9);
  expect(bytesOf(content)).toEqual(model);
});

test('equal bytes have equal digests, however they came to be, and share their pieces', () => {
  const one = Content.of(Buffer.alloc(300_000, 'a'));
  const other = Content.empty.write(100_000, Buffer.alloc(200_000, 'a')).write(0, Buffer.alloc(100_000, 'a'));
  expect(other.digest).toBe(one.digest);
  const changed = one.write(250_000, Buffer.from('b'));
  expect(changed.digest).not.toBe(one.digest);
  expect(changed.chunks.filter((chunk, index) => chunk === one.chunks[index])).toHaveLength(4);
  expect(Content.of(Buffer.alloc(1)).digest).not.toBe(Content.of(Buffer.alloc(2)).digest);
});

test('the hash of a content is that of its bytes', () => {
  // printf abc | sha256sum
  expect(sha256Of(Content.of(Buffer.from('abc')))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});

test('a text is found on either side of a piece and across it, and is read as it was written', () => {
  const content = Content.of(Buffer.from(`${'ä'.repeat(32_767)}ö!needle${'x'.repeat(70_000)}`));
  expect(content.text()).toBe(content.slice(0, content.size).toString('utf8'));
  expect(['ö!needle', 'eedlex', 'ä', 'x'.repeat(66_000)].every((text) => content.includes(text))).toBe(true);
  expect(['needles', 'xn'].some((text) => content.includes(text))).toBe(false);
});

test('what is taken from another content is shared where it is a whole piece', () => {
  const other = Content.of(Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251)));
  const taken = Content.of(Buffer.alloc(150_000)).take(other, 4096, 200_000);
  expect(bytesOf(taken)).toEqual(Buffer.concat([Buffer.alloc(4096), other.slice(4096, 200_000)]));
  expect(taken.chunks.filter((chunk, index) => chunk === other.chunks[index])).toHaveLength(3);
});

test('equal bytes are equal trees at each height, however long the file was before', () => {
  for (const size of [0, 1, 4096, 4097, 65_536, 65_537, 1_048_576, 1_048_577, 1_200_000]) {
    const bytes = Buffer.alloc(size, 'abcdefg');
    const { digest } = Content.of(bytes);
    const shrunk = Content.of(Buffer.concat([bytes, Buffer.alloc(3_000_000, 'x')])).truncate(size);
    const filled = Content.empty.truncate(size).write(0, bytes);
    const mended = Content.of(Buffer.alloc(size)).take(Content.of(bytes), 0, size);
    expect([shrunk, filled, mended].map((one) => one.digest)).toEqual([digest, digest, digest]);
    expect([shrunk, filled, mended].every((one) => bytesOf(one).equals(bytes))).toBe(true);
  }
});

test('of a file with another page nothing but that page is read to name it', () => {
  const bytes = Buffer.alloc(2_000_000, 'abcdefg');
  const reads: number[] = [];
  const content = Content.empty.write(0, {
    length: bytes.length,
    read(from, to) {
      reads.push(from);
      return bytes.subarray(from, to);
    },
  });
  expect(reads).toEqual([]);
  const { digest } = content;
  expect(reads).toHaveLength(Math.ceil(bytes.length / 4096));
  const other = content.write(409_600, Buffer.alloc(4096, 'x'));
  expect(other.digest).not.toBe(digest);
  expect(other.truncate(409_600).size).toBe(409_600);
  expect(reads).toHaveLength(Math.ceil(bytes.length / 4096));
  expect(other.write(409_600, bytes.subarray(409_600, 413_696)).digest).toBe(digest);
});
