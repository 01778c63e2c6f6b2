import { expect, test } from 'vitest';
import { command, GateEvent } from './protocol.ts';

test('a command is one line, whatever is in its values', () => {
  expect(command('arm', { id: 'a', path: '/state/a b=c%\n', nth: 2, to: undefined })).toBe(
    'arm id=a path=/state/a%20b%3Dc%25%0A nth=2\n',
  );
  expect(command('drain')).toBe('drain\n');
});

test('an event keeps what the lab does not know, and what is not an event is refused', () => {
  const event = { seq: 1, t: 1.5, mono: 2, ev: 'mark', text: 'x', later: true };
  expect(GateEvent.parse(event)).toEqual(event);
  expect(GateEvent.safeParse({ ...event, ev: 'nonsense' }).success).toBe(false);
  expect(GateEvent.safeParse({ ...event, text: 1 }).success).toBe(false);
});
