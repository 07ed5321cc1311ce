import type { PhpSessionError, PhpSessionErrorCode } from '../../errors.ts';
import { intKey } from '../formats/framing.ts';
import {
  isBytes,
  isList,
  isObject,
  isPhpArray,
  isPhpCustom,
  isPhpEnum,
  isPhpFloat,
  isPhpObject,
  isPhpReference,
  normalKey,
  type PhpArray,
  type PhpCustom,
  type PhpEnum,
  type PhpKey,
  type PhpObject,
  type PhpReference,
} from '../values.ts';
import type { Entries } from '../write/entries.ts';
import { keyError, unrepresentable, writeError } from '../write/errors.ts';
import { deepest, isPlain, mark, type ObjectLayout } from './marks.ts';
import { Packer } from './packer.ts';

/** An array or object during writing. */
interface Frame {
  /** `undefined` for those of a list. */
  readonly keys: readonly PhpKey[] | undefined;
  readonly values: readonly unknown[];
  readonly kind: Entries['kind'];
  isObject: boolean;
  next: number;
  /** How many levels it is for PHP's extension. */
  levels: number;
  /** PHP's extension finds an object in it again as long as it has no more elements than this. */
  room: number;
  /** The number of an array that `__serialize()` gave, which PHP drops after it has read it. */
  dropped: number | undefined;
}

/** An object, or an array in a reference, that may stand in another place too. */
interface Target {
  readonly number: number;
  /** The reference in which it is. */
  readonly reference: PhpReference | undefined;
  /** The array or object that it is in, and where. */
  readonly frame: Frame;
  readonly index: number;
  wasDropped: boolean;
}

const roomInMap = 8;
const mostRoom = 65_536;

/**
 * Writes a session as PHP's extension does (msgpack-php: `PS_SERIALIZER_ENCODE_FUNC(msgpack)`, `msgpack_serialize_zval`,
 * `msgpack_var_add`). What PHP's extension would write, and not find again when it reads, is an error.
 */
export class Writer {
  readonly #out: Packer = new Packer();
  readonly #hasEnums: boolean;
  readonly #layoutOf: (className: string) => ObjectLayout | undefined;
  /** The arrays and objects around the next value. */
  readonly #open: Frame[] = [];
  #levels = 0;
  /** How many numbers were given. */
  #numbered = 0;
  /** The pairs of the last map. */
  #pairs = 0;
  /** By the object, the reference to an array, or the name of an enum. In the order of their numbers. */
  readonly #targets: Map<unknown, Target> = new Map();
  /** Those that are not dropped. */
  readonly #kept: Target[] = [];
  /** The last number before the first reference that came again. See `Reader.#again`. */
  #lastSure = Number.POSITIVE_INFINITY;

  /** @param hasEnums whether PHP's extension reads enums @param layoutOf gives `undefined` for a class that is not known */
  constructor(hasEnums: boolean, layoutOf: (className: string) => ObjectLayout | undefined) {
    this.#hasEnums = hasEnums;
    this.#layoutOf = layoutOf;
  }

  /**
   * @param session of the exact view
   * @throws PhpSessionError `ERR_PHP_KEY`, `ERR_PHP_UNREPRESENTABLE`, `ERR_PHP_REFERENCE`, `ERR_PHP_CLASS`, `ERR_PHP_LIMIT`
   */
  write(session: PhpArray): Uint8Array {
    const out = this.#out;
    this.#numbered++;
    if (session.size === 0) out.list(0);
    else {
      this.#map(session.size + 1);
      this.#pair(mark.reference);
      const keys = [...session.keys()];
      const index = keys.findIndex((key) => typeof key !== 'string');
      if (index >= 0) throw keyError('msgpack', keys[index]!, index, intKey);
      this.#push(keys, [...session.values()], 'session', roomInMap);
    }
    for (let frame = this.#open.at(-1); frame !== undefined; frame = this.#open.at(-1)) this.#step(frame);
    return out.finish();
  }

  /** Writes the next element of an array or object, or ends it. */
  #step(frame: Frame): void {
    const { keys, values } = frame;
    const index = frame.next++;
    if (index === 1 && !frame.isObject) frame.room = Math.max(frame.room, Math.min(this.#pairs, mostRoom));
    if (index < values.length) {
      if (keys !== undefined) this.#key(keys[index]!);
      this.#value(values[index]);
      return;
    }
    this.#open.pop();
    this.#levels -= frame.levels;
    if (frame.dropped === undefined) return;
    for (let last = this.#kept.at(-1); last !== undefined && last.number > frame.dropped; last = this.#kept.at(-1)) {
      last.wasDropped = true;
      this.#kept.pop();
    }
  }

  #value(value: unknown): void {
    const out = this.#out;
    if (typeof value === 'string') out.text(value);
    else if (typeof value === 'number' || typeof value === 'bigint') out.int(value);
    else if (typeof value === 'boolean') out.bool(value);
    else if (!isObject(value)) out.nil();
    else if (isBytes(value)) out.bytes(value);
    else if (isPhpFloat(value)) out.float(value.value);
    else this.#arrayOrObject(value);
  }

  #arrayOrObject(value: object): void {
    this.#mustFit(0);
    if (isPhpReference(value)) this.#reference(value);
    else if (isPhpArray(value)) this.#array(value, false);
    else if (this.#isAgain(isPhpEnum(value) ? nameOf(value) : value, undefined, mark.sameObject)) return;
    else if (isPhpEnum(value)) this.#enum(value);
    else if (isPhpCustom(value)) this.#custom(value);
    else this.#object(value as PhpObject, false);
  }

  /** As in PHP, an array without elements looks as if it were in no reference. So do scalars, and objects that are no plain ones. */
  #reference(reference: PhpReference): void {
    const { value } = reference;
    if (isObject(value) && isPhpArray(value) && value.size > 0) {
      if (!this.#isAgain(reference, reference, mark.sameArray)) this.#array(value, true);
    } else if (isObject(value) && isPhpObject(value) && this.#layout(value) === 'properties') {
      if (!this.#isAgain(value, reference, mark.sameReference)) this.#object(value, true);
    } else {
      throw this.#error(
        'ERR_PHP_REFERENCE',
        'A PHP reference that is neither to an object nor to an array with elements',
      );
    }
  }

  #array(array: PhpArray, isReference: boolean): void {
    if (!isReference) this.#numbered++;
    this.#elements([...array.keys()], [...array.values()], isReference);
  }

  /** Writes the start of an array, and adds it to `#open`. In a reference even a list is a map. */
  #elements(keys: readonly PhpKey[], values: readonly unknown[], isReference: boolean): Frame {
    if (isReference) {
      this.#map(keys.length + 1);
      this.#pair(mark.reference);
    } else if (isList(keys)) {
      this.#out.list(keys.length);
      return this.#push(undefined, values, 'list', mostRoom);
    } else {
      this.#map(keys.length);
    }
    return this.#push(keys, values, 'map', roomInMap);
  }

  #object(object: PhpObject, isReference: boolean): void {
    const { className, properties } = object;
    const keys = [...properties.keys()];
    const values = [...properties.values()];
    if (this.#layout(object) === '__serialize') {
      this.#map(2);
      this.#pair(className);
      this.#out.nil();
      this.#mustFit(1);
      this.#numbered++;
      const data = this.#elements(keys.map(normalKey), values, false);
      data.dropped = this.#numbered;
      data.levels = 2;
      this.#levels++;
      return;
    }
    this.#map(keys.length + (isReference ? 2 : 1));
    if (isReference) this.#pair(mark.reference);
    this.#pair(className);
    const room = isPlain(className) ? roomInMap : Number.POSITIVE_INFINITY;
    this.#push(keys.map(String), values, 'map', room).isObject = true;
  }

  #custom({ className, data }: PhpCustom): void {
    if (this.#layoutOf(className) !== 'Serializable') throw this.#error('ERR_PHP_CLASS', noLayout);
    this.#map(2);
    this.#pair(mark.custom);
    this.#out.text(className);
    this.#out.bytes(data);
  }

  #enum(value: PhpEnum): void {
    if (!this.#hasEnums) throw this.#error(unrepresentable, noEnums);
    const [className, caseName] = nameOf(value).split(':') as [string, string];
    this.#map(2);
    this.#pair(mark.enum);
    this.#out.text(className);
    this.#out.text(caseName);
  }

  #layout({ className }: PhpObject): ObjectLayout {
    const layout = isPlain(className) ? 'properties' : this.#layoutOf(className);
    if (layout === undefined || layout === 'Serializable') throw this.#error('ERR_PHP_CLASS', noLayout);
    return layout;
  }

  /**
   * Writes that a value stands here too. If this is its first place, it gives it a number, and returns false.
   *
   * @param key what identifies it: the object, the reference to an array, or the name of an enum
   */
  #isAgain(key: unknown, reference: PhpReference | undefined, kind: number): boolean {
    const target = this.#targets.get(key);
    if (target === undefined) {
      this.#numbered++;
      const frame = this.#open.at(-1)!;
      const first = { number: this.#numbered, reference, frame, index: frame.next - 1, wasDropped: false };
      this.#targets.set(key, first);
      this.#kept.push(first);
      return false;
    }
    if (target.reference !== reference) throw this.#error('ERR_PHP_REFERENCE', mixed);
    if (target.number > this.#lastSure || target.wasDropped || hasMoved(target)) {
      throw this.#error('ERR_PHP_REFERENCE', notFoundAgain);
    }
    if (reference === undefined) this.#numbered++;
    else this.#lastSure = Math.min(this.#lastSure, this.#numbered);
    this.#map(2);
    this.#pair(kind);
    this.#out.int(0);
    this.#out.int(target.number);
    return true;
  }

  #map(pairs: number): void {
    this.#pairs = pairs;
    this.#out.map(pairs);
  }

  #pair(value: number | string): void {
    this.#out.nil();
    this.#key(value);
  }

  #key(key: PhpKey): void {
    if (typeof key === 'string') this.#out.text(key);
    else this.#out.int(key);
  }

  #push(keys: Frame['keys'], values: Frame['values'], kind: Frame['kind'], room: number): Frame {
    const frame = { keys, values, kind, isObject: false, next: 0, levels: 1, room, dropped: undefined };
    this.#open.push(frame);
    this.#levels++;
    return frame;
  }

  /** @param more levels between the array or object and those that are open */
  #mustFit(more: number): void {
    if (this.#levels + more < deepest) return;
    const what = `More than ${deepest} arrays and objects inside each other, which PHP's extension msgpack could not read again,`;
    throw this.#error('ERR_PHP_LIMIT', what);
  }

  #error(code: PhpSessionErrorCode, what: string): PhpSessionError {
    const places = this.#open.map(({ keys, values, kind, isObject, next }) => {
      return { entries: { keys, values, kind, source: undefined, tokens: [] }, isObject, index: next - 1 };
    });
    return writeError(
      code,
      `${what} cannot be written to a session of PHP's extension msgpack; nothing was written`,
      places,
    );
  }
}

/** Whether PHP's extension would look for an object where it is no more. It finds references anywhere. */
function hasMoved({ reference, frame, index }: Target): boolean {
  const complete = frame.next - 1;
  return reference === undefined && complete > index && complete > frame.room;
}

/** PHP allows a backslash before the class of an enum, and writes none. */
function nameOf({ className, caseName }: PhpEnum): string {
  return `${className.replace(/^\\/, '')}:${caseName}`;
}

const noEnums = 'An enum, which needs version 3.0 on all sides (the option version of msgpack()),';
const noLayout = 'An object of a class that msgpack() does not know (its option layouts)';
const mixed = 'An object that stands in two PHP references, or in one and elsewhere,';
const notFoundAgain = 'A value in several places that PHP would not find again';
