import { jest } from '@jest/globals';
import type * as codec from '../../../src/codec/index.ts';

/** Runs a function while `Buffer` is another one, or there is none, as in a browser. */
export function withBuffer<T>(other: unknown, run: () => T): T {
  const { Buffer } = globalThis;
  Reflect.deleteProperty(globalThis, 'Buffer');
  if (other !== undefined) Object.assign(globalThis, { Buffer: other });
  try {
    return run();
  } finally {
    globalThis.Buffer = Buffer;
  }
}

/** Another copy of the codec, which was loaded like that. It is to be used like that too. */
export function loadWith(other: unknown): typeof codec {
  let copy: typeof codec | undefined;
  withBuffer(other, () =>
    jest.isolateModules(() => {
      copy = require('../../../src/codec/index.ts') as typeof codec;
    }),
  );
  return copy!;
}
