import { fc, test } from '@fast-check/jest';
import { describe, expect } from '@jest/globals';
import {
  decodeSession,
  encodeSession,
  PhpSessionError,
  type SessionData,
  serialize,
  unserialize,
} from '../../src/codec/index.ts';
import { merge } from '../../src/session/merge.ts';
import { className, plainSessions, sessions, values } from '../helpers/arbitraries.ts';
import { RandomPhp } from '../helpers/random-php.ts';

// What is written can be read: under the same limits, one succeeds exactly when the other does.

const classes = [className];
const unlimited = { maxBytes: Infinity, maxDepth: Infinity, maxElements: Infinity };
const formats = fc.constantFrom('php' as const, 'php_binary' as const, 'php_serialize' as const);
const limits = fc.record(
  {
    maxBytes: fc.oneof({ weight: 2, arbitrary: fc.constant(Infinity) }, fc.integer({ min: 0, max: 200 })),
    maxDepth: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant(2.5), fc.constant(Infinity)),
    maxElements: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constant(Infinity)),
  },
  { requiredKeys: [] },
);

/** The bytes, or the code of the error. */
function outcome(run: () => unknown): string {
  try {
    const result = run();
    return result instanceof Uint8Array ? Buffer.from(result).toString('latin1') : 'read';
  } catch (error) {
    if (!(error instanceof PhpSessionError)) throw error;
    return error.code;
  }
}

const isBytes = (result: string) => !result.startsWith('ERR_');

/** What is written within limits is what is written without them, if that could be read within them. */
function expectEqual(write: (limits: object) => Uint8Array, read: (bytes: Uint8Array) => unknown, within: object) {
  const all = outcome(() => write(unlimited));
  const written = outcome(() => write(within));
  if (!isBytes(all)) {
    expect(isBytes(written)).toBe(false);
    return;
  }
  const isRead = outcome(() => read(Buffer.from(all, 'latin1')));
  expect(written).toBe(isRead === 'read' ? all : isRead);
}

describe('what is written can be read within the same limits, and nothing else is refused', () => {
  test.prop([sessions, formats, limits])('a new session', (session, format, within) => {
    expectEqual(
      (given) => encodeSession(session, { classes, format, ...given }),
      (bytes) => decodeSession(bytes, { format, ...within }),
      within,
    );
  });

  test.prop([values, limits])('a value', (value, within) => {
    expectEqual(
      (given) => serialize(value, { classes, ...given }),
      (bytes) => [unserialize(bytes, within)],
      within,
    );
  });

  test.prop([sessions, sessions, formats, formats, limits, fc.boolean(), fc.nat()])(
    'a session that was read and changed, in this format or another one',
    (session, more, from, to, within, isLookedAt, pick) => {
      const bytes = encodeSession(session, { classes, format: from });
      const write = (given: object) => {
        const read = decodeSession(bytes, { format: from, ...unlimited });
        if (isLookedAt) Object.values(read);
        const keys = Object.keys(read);
        const moved = keys[pick % (keys.length + 1)];
        Object.assign(read, more, moved !== undefined && { moved: { deeper: [read[moved]] } });
        return encodeSession(read, { classes, format: to, ...given });
      };
      expectEqual(write, (written) => decodeSession(written, { format: to, ...within }), within);
    },
  );

  test.prop([fc.integer(), formats, formats, limits, fc.boolean()])(
    'one with references, objects and what else PHP has',
    (seed, from, to, within, isChanged) => {
      const data = new RandomPhp(seed).session(from);
      fc.pre(isBytes(outcome(() => decodeSession(data, { format: from }))));
      const write = (given: object) => {
        const read = decodeSession(data, { format: from, ...unlimited });
        if (isChanged) read.changed = [Object.values(read)[0] ?? 1];
        return encodeSession(read, { format: to, ...given });
      };
      expectEqual(write, (written) => decodeSession(written, { format: to, ...within }), within);
    },
  );

  test.prop([fc.integer(), formats, limits])('the exact view', (seed, format, within) => {
    const data = new RandomPhp(seed).session(format);
    fc.pre(isBytes(outcome(() => decodeSession(data, { format }))));
    expectEqual(
      (given) => encodeSession(decodeSession(data, { format, view: 'exact', ...unlimited }), { format, ...given }),
      (written) => decodeSession(written, { format, ...within }),
      within,
    );
  });

  test.prop([sessions, limits])('without options, the limits are those that it was read within', (session, within) => {
    const bytes = encodeSession(session, { classes });
    fc.pre(isBytes(outcome(() => decodeSession(bytes, within))));
    const write = (given: object) => {
      const read = decodeSession(bytes, within);
      read.more = { a: [1, 2, 3] };
      return encodeSession(read, given);
    };
    const all = outcome(() => write(unlimited));
    const isRead = outcome(() => decodeSession(Buffer.from(all, 'latin1'), within));
    expect(outcome(() => write({}))).toBe(isRead === 'read' ? all : isRead);
  });

  test.prop([plainSessions, plainSessions, plainSessions, limits])('what a merge makes of two sessions', (...given) => {
    const [base, mine, theirs, within] = given;
    const bytes = [base, mine, theirs].map((session: SessionData) => encodeSession(session));
    fc.pre(bytes.every((part) => isBytes(outcome(() => decodeSession(part, within)))));
    const [b, m, t] = bytes as [Uint8Array, Uint8Array, Uint8Array];
    expectEqual(
      (options) => merge(b, m, t, 'mine', options).data,
      (written) => decodeSession(written, within),
      within,
    );
  });
});
