// The worst sessions in the format php that are still valid: each shape fills about as many bytes as asked for. They are used by
// test/unit/codec/hostile.test.ts, and by bench/hostile.mjs, which measures whether the time is linear in the size.

/** @param {number} size @param {(index: number) => string} element */
function filled(size, element) {
  const parts = [];
  for (let length = 0, index = 0; length < size; index++) {
    const part = element(index);
    length += part.length;
    parts.push(part);
  }
  return parts;
}

/** @param {number} size @param {(index: number) => string} element with its key */
function array(size, element) {
  const parts = filled(size, element);
  return `a:${parts.length}:{${parts.join('')}}`;
}

/** @param {string} text */
const string = (text) => `s:${text.length}:"${text}";`;

/** @type {Record<string, (size: number) => string>} Name -> text of one character a byte */
export const shapes = {
  'empty arrays': (size) => `a|${array(size, (i) => `i:${i};a:0:{}`)}`,
  'arrays of one element': (size) => `a|${array(size, (i) => `i:${i};a:1:{i:0;i:1;}`)}`,
  'arrays, 4,000 deep': (size) => `a|${array(size, (i) => `i:${i};${'a:1:{i:0;'.repeat(4000)}N;${'}'.repeat(4000)}`)}`,
  'objects, 4,000 deep': (size) =>
    `a|${array(size, (i) => `i:${i};${'O:1:"A":1:{s:1:"p";'.repeat(4000)}N;${'}'.repeat(4000)}`)}`,
  'keys of one array': (size) => `a|${array(size, (i) => `${string(`k${i}`)}N;`)}`,
  'keys of one array, ints backwards': (size) => `a|${array(size, (i) => `i:${9_999_999 - i};N;`)}`,
  'keys of one array, all the same': (size) => `a|${array(size, () => 's:1:"k";N;')}`,
  'keys that are no UTF-8': (size) => `a|${array(size, (i) => `${string(`\xff${i}`)}N;`)}`,
  variables: (size) => filled(size, (i) => `k${i}|i:1;`).join(''),
  'variables, all the same': (size) => filled(size, () => 'key|i:1;').join(''),
  'variables, each with a reference to the first': (size) => `k|i:1;${filled(size, (i) => `k${i}|R:1;`).join('')}`,
  'references to one value': (size) => `x|i:1;a|${array(size, (i) => `i:${i};R:1;`)}`,
  'references to one object': (size) => `x|O:1:"A":0:{}a|${array(size, (i) => `i:${i};r:1;`)}`,
  'references, each to the one before': (size) =>
    `x|O:1:"A":0:{}a|${array(size, (i) => `i:${i};r:${i === 0 ? 1 : i + 2};`)}`,
  'references, each to a value of its own': (size) =>
    `a|${array(size, (i) => `i:${i};a:2:{i:0;N;i:1;R:${2 * i + 3};}`)}`,
  'references to the array around': (size) => `a|${array(size, (i) => `i:${i};R:1;`)}`,
  'keys all the same, each with references': (size) =>
    `a|${array(size, (i) => `i:0;R:1;i:${i};N;`).replace(/^a:(\d+)/, (_all, count) => `a:${2 * count}`)}`,
  'objects of classes of their own': (size) => `a|${array(size, (i) => `i:${i};O:${`C${i}`.length}:"C${i}":0:{}`)}`,
  'enums of their own': (size) => `a|${array(size, (i) => `i:${i};E:${`C${i}:A`.length}:"C${i}:A";`)}`,
  'objects that serialized themselves (C:)': (size) => `a|${array(size, (i) => `i:${i};C:1:"A":1:{x}`)}`,
  'one string of escapes (S:)': (size) =>
    `a|S:${size >> 2}:"${'\\41x'.repeat(size >> 3)}${'\\ff\\00'.repeat(size >> 4)}";`.replace(
      /S:\d+/,
      () => `S:${2 * (size >> 3) + 2 * (size >> 4)}`,
    ),
  'short strings of escapes (S:)': (size) => `a|${array(size, (i) => `i:${i};S:2:"\\41\\c3";`)}`,
  'one string that is no UTF-8': (size) => `a|${string('\xff'.repeat(size))}`,
  'one string, no UTF-8 at its end': (size) => `a|${string(`${'\xc3\xa9'.repeat(size >> 1)}\xff`)}`,
  'short strings that are no UTF-8': (size) => `a|${array(size, (i) => `i:${i};s:1:"\xff";`)}`,
  'one name of two-byte characters': (size) => `${'\xc3\xa9'.repeat(size >> 1)}|i:1;`,
  'one int': (size) => `a|i:${'9'.repeat(size)};`,
  'one float': (size) => `a|d:${'9'.repeat(size >> 1)}.${'9'.repeat(size >> 1)};`,
  'one length': (size) => `a|s:${'0'.repeat(size)}1:"x";`,
  floats: (size) => `a|${array(size, (i) => `i:${i};d:0.1;`)}`,
};
