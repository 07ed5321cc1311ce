import { expect, test } from '@jest/globals';
import { decodeSession, encodeSession, PhpCustom, serialize, unserialize } from '../../../src/codec/index.ts';
import { latin1Bytes } from '../../helpers/latin1.ts';

test('in Node what is written is a Buffer, whatever was given', () => {
  const stored = new Uint8Array(latin1Bytes(`a|i:1;b|R:1;long|s:1200:"${'x'.repeat(1200)}";`));
  const read = decodeSession(stored);
  const copied = encodeSession(read);
  read.a = 2;
  for (const written of [
    copied,
    encodeSession(read),
    encodeSession({}),
    encodeSession({ a: 'é' }),
    encodeSession({ a: 'x'.repeat(100_000) }),
    serialize([1]),
    serialize(new PhpCustom('Foo', latin1Bytes('x')), { classes: ['Foo'] }),
  ]) {
    expect(Buffer.isBuffer(written)).toBe(true);
  }
  expect(Buffer.isBuffer(stored)).toBe(false);
});

test('what only says that it is a Uint8Array is none', () => {
  const fake = Object.assign(Object.create(null), { [Symbol.toStringTag]: 'Uint8Array', length: 1, 0: 0x4e });
  expect(Buffer.from(serialize(fake)).toString()).toBe('a:2:{i:0;i:78;s:6:"length";i:1;}');
  expect(() => unserialize(fake)).toThrow('PHP data are bytes');
});

test('bytes that are read are copies, and no Buffer', () => {
  const data = latin1Bytes('a:2:{i:0;s:2:"\xff\xfe";i:1;C:3:"Foo":2:{xy}}');
  const [value, custom] = unserialize<[Uint8Array, PhpCustom]>(data);
  for (const read of [value, custom.data]) {
    expect([read instanceof Uint8Array, Buffer.isBuffer(read), read.length]).toEqual([true, false, 2]);
    expect(read.buffer.byteLength).toBe(2);
  }
  expect([[...value], [...custom.data]]).toEqual([
    [0xff, 0xfe],
    [0x78, 0x79],
  ]);
});
