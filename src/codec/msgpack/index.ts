import type { SessionFormat } from '../formats/format.ts';
import { sessionFormat } from '../formats/translate.ts';
import type { Limits } from '../rules.ts';
import { isObject } from '../values.ts';
import { Layouts, type ObjectLayout } from './marks.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

export type { SessionFormat } from '../formats/format.ts';
export type { ObjectLayout } from './marks.ts';

export interface MsgpackOptions {
  /**
   * The version of PHP's extension on all servers that share the sessions. Only 3.0 reads the enums that it writes, and 2.2 would take
   * them for arrays. Default: not known, so a session with an enum is neither read nor written.
   */
  version?: '2.2' | '3.0';
  /**
   * How PHP's extension writes the objects of a class, by the name of the class. A session that was read shows it for its classes. So
   * this is for classes of new objects, and for sessions of another format. `stdClass` is known. Default none.
   */
  layouts?: Readonly<Record<string, ObjectLayout>>;
}

/**
 * `session.serialize_handler = msgpack`, of PHP's extension of that name (PECL). It is a format for all options that take one.
 *
 * See docs/msgpack.md.
 *
 * @throws TypeError for an option that is none
 */
export function msgpack(options: MsgpackOptions = {}): SessionFormat {
  const { version } = options;
  if (version !== undefined && version !== '2.2' && version !== '3.0')
    throw new TypeError("version must be '2.2' or '3.0'");
  const hasEnums = version === '3.0';
  const told = layoutsOption(options.layouts);
  return sessionFormat({
    name: 'msgpack',
    recognize: isSession,
    decode: (bytes, limits) => new Reader(bytes, limits, hasEnums).read(),
    encode(session, { read }) {
      let seen: Layouts | undefined;
      const layoutOf = (className: string) => {
        seen ??= layoutsIn(read, hasEnums);
        return seen.get(className) ?? told.get(className);
      };
      return new Writer(hasEnums, layoutOf).write(session);
    },
  });
}

/** The first byte of a list without elements, or of a map whose first pair says that it is in a reference: so begins what PHP writes. */
function isSession(bytes: Uint8Array): boolean {
  const [first = 0] = bytes;
  if (first === 0x90) return bytes.length === 1;
  const pair = first > 0x80 && first < 0x90 ? 1 : first === 0xde ? 3 : first === 0xdf ? 5 : bytes.length;
  return bytes[pair] === 0xc0 && bytes[pair + 1] === 0x01;
}

const layouts: readonly unknown[] = ['properties', '__serialize', 'Serializable'] satisfies ObjectLayout[];

function layoutsOption(option: MsgpackOptions['layouts'] = {}): Layouts {
  if (!isObject(option)) throw new TypeError('layouts must be an object with names of PHP classes as keys');
  const told = new Layouts();
  for (const [className, layout] of Object.entries(option)) {
    if (!layouts.includes(layout)) {
      throw new TypeError("layouts must be 'properties', '__serialize' or 'Serializable' for each class");
    }
    told.set(className, layout);
  }
  return told;
}

const unlimited: Limits = { maxBytes: Infinity, maxDepth: Infinity, maxElements: Infinity };

/** The layouts of the classes in bytes that were read before. */
function layoutsIn(read: Uint8Array | undefined, hasEnums: boolean): Layouts {
  if (read === undefined || read.length === 0) return new Layouts();
  const reader = new Reader(read, unlimited, hasEnums);
  reader.read();
  return reader.layouts;
}
