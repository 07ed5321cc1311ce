import { expect, test } from '@jest/globals';
import { holdsReference } from '../../../src/codec/php/custom-data.ts';
import { latin1Bytes } from '../../helpers/latin1.ts';

// References in the data of a C: are searched in these bytes alone, and not in the bytes around them.

test('a reference is found wherever it stands in the data', () => {
  for (const data of ['r:1;', 'R:12;', 'x:i:0;r:1;', 'r:1;;m:a:0:{}', 'r:r:1;', 'r:1:R:2;']) {
    expect(holdsReference(latin1Bytes(data), 0, data.length)).toBe(true);
    expect(holdsReference(latin1Bytes(`<<${data}>>`), 2, data.length + 2)).toBe(true);
  }
});

test('what begins before the data, or ends after them, does not belong to them', () => {
  const data = latin1Bytes('aR:12;b');
  for (let start = 0; start <= data.length; start++) {
    for (let end = start; end <= data.length; end++) {
      expect(holdsReference(data, start, end)).toBe(start <= 1 && end >= 6);
    }
  }
  expect(holdsReference(latin1Bytes(':R:1'), 0, 4)).toBe(false);
});
