import { expect, test } from 'vitest';
import { plain } from './plain.ts';

test('colours are left out, and what could move the cursor or set a title is seen', () => {
  expect(plain('\u001b[31mError in settings.json\u001b[0m\n\u001b[1;38;5;9mbad\u001b[m')).toBe(
    'Error in settings.json\nbad',
  );
  expect(plain('\u001b[2Jgone\u0007')).toBe('\\u001b[2Jgone\\u0007');
});
