import { expect, test } from 'vitest';
import { readDockerfile } from './dockerfile.ts';

const read = (text: string, args: Record<string, string> = {}) => readDockerfile(text, args, 'a.label=yes');

test('the images are those that no stage of the file makes', () => {
  const text = `# syntax=docker/dockerfile:1
FROM --platform=linux/amd64 golang:1.22 AS build
RUN go build
from build as Test
FROM scratch
COPY --from=build /a /a
COPY --from=0 /b /b
COPY --chown=1:1 --from=busybox:1 /bin/sh /sh
FROM golang:1.22
`;
  expect(read(text).images).toEqual(['golang:1.22', 'busybox:1']);
});

test('build arguments and their defaults are filled in; what stays open is left to the engine', () => {
  const text = `ARG VERSION=1
ARG BASE="debian:$VERSION"
ARG OPEN
FROM \${BASE}
FROM alpine:\${TAG:-3}
FROM \${OPEN}
FROM $OPEN/x
`;
  expect(read(text).images).toEqual(['debian:1', 'alpine:3']);
  expect(read(text, { VERSION: '12', OPEN: 'mine:2' }).images).toEqual(['debian:12', 'alpine:3', 'mine:2', 'mine:2/x']);
});

test('an instruction goes on over comments and empty lines, and another sign may say that it does', () => {
  expect(read('FROM \\\n# which\n\n  a:1 \\\n  AS b\nFROM b\n').images).toEqual(['a:1']);
  expect(read('# escape=`\nFROM `\n  a:1\nRUN dir C:\\\nFROM c:1\n').images).toEqual(['a:1', 'c:1']);
});

test('every stage has the label, behind the whole of its FROM', () => {
  const text = 'ARG A=1\nFROM a \\\n  AS one\nRUN x\r\nFROM b\n';
  expect(read(text).labelled).toBe(
    'ARG A=1\nFROM a \\\n  AS one\nLABEL a.label=yes\nRUN x\nFROM b\nLABEL a.label=yes\n',
  );
});
