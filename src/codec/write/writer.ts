import type { PhpSessionError, PhpSessionErrorCode } from '../../errors.ts';
import type { Framing } from '../formats/framing.ts';
import type { ByteWriter } from '../php/byte-writer.ts';
import { holdsReference } from '../php/custom-data.ts';
import { floatText } from '../php/float-text.ts';
import { isCaseName, isClassName } from '../php/names.ts';
import type { WriteRules } from '../rules.ts';
import { InstanceWriter, originalObject } from '../source/instances.ts';
import { isPlainObject } from '../source/origins.ts';
import { type Origin, originOf, type Source } from '../source/source.ts';
import {
  isBytes,
  isCommon,
  isInt64,
  isIntKey,
  isObject,
  isPhpCustom,
  isPhpEnum,
  isPhpFloat,
  isPhpObject,
  isPhpReference,
  type PhpKey,
} from '../values.ts';
import { type Entries, entriesOf, keyAt, tokenAt } from './entries.ts';
import { describeValue, unrepresentable, writeError } from './errors.ts';
import { writeJsonLike } from './json-like.ts';
import { matchSource } from './match-source.ts';
import { dereference, identity, ReferenceSets } from './reference-sets.ts';
import { copyUnchanged, writeInt, writeNumber } from './scalars.ts';
import { escalate, type WriteStrategy } from './strategy.ts';
import { faultOf } from './strays.ts';

/** An array or object during writing. */
interface Frame {
  readonly container: object;
  readonly entries: Entries;
  readonly isObject: boolean;
  /** The number of elements as it was written: a getter, or `toPhp`, may change a list during writing. */
  readonly size: number;
  next: number;
}

/**
 * Writes values as PHP's `serialize()` does (php-src: `php_var_serialize_intern` in ext/standard/var.c). They may be of the plain view, of
 * the exact view, or both mixed.
 */
export class Writer {
  readonly #out: ByteWriter;
  readonly #rules: WriteRules;
  /** The values to write. Classes that their source contains may be written. */
  readonly #top: Entries;
  readonly #counts: boolean;
  readonly #instances: InstanceWriter | undefined;
  readonly #sets: ReferenceSets | undefined;
  readonly #framing: Framing;
  /** Where the first variable starts. */
  readonly #start: number;
  /** How many values have a number so far: all but `R:` (`php_add_var_hash`). */
  #numbered: number;
  /** The numbers of values that are written once: objects, enums (by name) and references. */
  #seen: Map<unknown, number> | undefined;
  /** Tokens of objects that were written or copied, for `patch`, which has no numbers. */
  #used: Set<number> | undefined;
  /** The number of the first `C:`. Only its class knows how many numbers it takes, so later numbers are unknown. */
  #firstCustom = Number.POSITIVE_INFINITY;
  #variable = 0;
  /** The containers around the next value. */
  readonly #open: Frame[] = [];
  /** The deep ones of `#open`, to find a cycle quickly. */
  #inside: Set<object> | undefined;

  /** @param framing of the values. If they are elements of an array, the caller has written its start */
  constructor(out: ByteWriter, rules: WriteRules, top: Entries, strategy: WriteStrategy, framing: Framing) {
    this.#out = out;
    this.#rules = rules;
    this.#top = top;
    this.#counts = strategy !== 'patch';
    if (rules.classes.hasMappings) this.#instances = new InstanceWriter(rules.classes);
    this.#sets = strategy === 'references' ? new ReferenceSets(top, this.#instances, framing.isArray) : undefined;
    this.#framing = framing;
    this.#start = out.at;
    this.#numbered = framing.isArray ? 1 : 0;
  }

  /**
   * @param index of the value in `top`
   * @throws PhpSessionError `ERR_PHP_UNREPRESENTABLE`, `ERR_PHP_KEY`, `ERR_PHP_CLASS`, `ERR_PHP_TYPE_CHANGED`,
   *   `ERR_PHP_REFERENCE`, `ERR_PHP_LIMIT`
   */
  write(index: number): void {
    const open = this.#open;
    this.#variable = index;
    this.#element(this.#top, index);
    while (open.length > 0) {
      const frame = open[open.length - 1]!;
      const { entries, isObject, size, next } = frame;
      if (next < size) {
        frame.next++;
        if (isObject) this.#checkProperty(entries, next);
        this.#key(keyAt(entries, next), isObject);
        this.#element(entries, next);
      } else {
        this.#out.byte(0x7d);
        open.pop();
        this.#inside?.delete(frame.container);
      }
    }
  }

  #element(entries: Entries, index: number): void {
    const list = entries.kind === 'list' ? entries : undefined;
    if (this.#sets === undefined) {
      this.#value(entries.values[index], entries.source, tokenAt(entries, index), list);
      return;
    }
    const set = this.#sets.find(entries, index);
    for (let next: unknown = set; isObject(next) && isPhpReference(next); next = next.value) this.#mustBeWhole(next);
    const value = dereference(set === undefined ? entries.values[index] : this.#sets.value(set));
    const token = typeof set === 'number' ? set : tokenAt(entries, index);
    if (set !== undefined && this.#sets.isWritten(set, entries)) {
      // An object and a reference to it have one number.
      const object = isObject(value) ? this.#instances?.object(value) : undefined;
      const number = this.#seen?.get(set) ?? this.#seen?.get(identity(object ?? value));
      if (number !== undefined) {
        this.#out.ascii(`R:${this.#target(number)};`);
        return;
      }
      this.#see(set, this.#numbered + 1);
    }
    this.#value(value, entries.source, token, list);
  }

  /**
   * Writes a scalar, or the start of an array or object, which it then adds to `#open`.
   *
   * @param token what stood at its place in `source`, or -1
   * @param list the list that contains it, if a list does
   */
  #value(value: unknown, source: Source | undefined, token: number, list: Entries | undefined): void {
    const out = this.#out;
    this.#numbered++;
    switch (typeof value) {
      case 'string':
        if (token >= 0 && source!.bytes[token] === 0x53 && copyUnchanged(out, value, source!, token)) return;
        if (!out.string(value)) throw this.#error(unrepresentable, 'A string with half of a surrogate pair');
        return;
      case 'number':
        writeNumber(out, value, this.#rules.precision, source, token, list);
        return;
      case 'boolean':
        out.ascii(value ? 'b:1;' : 'b:0;');
        return;
      case 'bigint':
        if (!isInt64(value)) throw this.#error(unrepresentable, 'A bigint beyond 64 bits');
        writeInt(out, value, source, token);
        return;
      case 'object':
        if (value === null) out.ascii('N;');
        else this.#object(value, source, token, list !== undefined);
        return;
      default:
        throw this.#error(unrepresentable, `A value of type ${typeof value}`);
    }
  }

  #object(given: object, source: Source | undefined, token: number, inList: boolean): void {
    const value = this.#instances?.object(given) ?? given;
    // The application may have kept the object that an instance was made from, and changed it.
    if (value !== given && isPhpObject(originalObject(given))) this.#mustBeWhole(originalObject(given));
    // Only at the first levels, because each try goes over the whole value.
    if (token >= 0 && !this.#counts && this.#open.length < 4) {
      const objects: number[] = [];
      const end = matchSource(source!, token, value, this.#rules.maxDepth - this.#around, objects);
      // Not with objects of another session: they have no number here, and this session may not know their classes.
      if (end >= 0 && (objects.length === 0 || source === this.#top.source)) {
        for (const at of objects) this.#use({ source: source!, at });
        this.#out.copy(source!.bytes, token, end);
        return;
      }
    }
    const common = isCommon(value);
    if (common && token < 0 && this.#jsonLike(value)) return;
    if (!common) {
      this.#mustBeWhole(value);
      if (this.#special(value)) return;
    }
    if (!inList && isReplacedObject(value, source, token)) throw this.#error('ERR_PHP_TYPE_CHANGED', typeChanged);
    const sets = this.#sets;
    const entries = sets === undefined ? entriesOf(value, source, token) : sets.entriesOf(value, source, token);
    if (entries === undefined) throw this.#error(unrepresentable, describeValue(value));
    const isObject = !common && isPhpObject(value);
    const size = entries.values.length;
    this.#checkPlace(value, isObject || size > 0);
    const out = this.#out;
    if (isObject) {
      out.ascii('O:');
      this.#checkClass(value.className, value);
      this.#name(value.className);
      out.ascii(`:${size}:{`);
    } else {
      out.openArray(size);
    }
    this.#open.push({ container: value, entries, isObject, size, next: 0 });
  }

  /** How many arrays and objects are around the next value. */
  get #around(): number {
    return this.#open.length + (this.#framing.isArray ? 1 : 0);
  }

  /** Writes a new value that is like JSON. For any other it writes nothing and returns false. */
  #jsonLike(value: object): boolean {
    // Only at the first levels, because each try goes over the whole value.
    if (this.#sets !== undefined || this.#open.length > 3) return false;
    const start = this.#out.at;
    const count = writeJsonLike(this.#out, value, this.#rules, this.#around);
    if (count < 0) {
      this.#out.at = start;
      return false;
    }
    this.#numbered += count - 1;
    return true;
  }

  #mustBeWhole(value: object): void {
    const fault = faultOf(value);
    if (fault !== undefined) throw this.#error(fault.code, fault.what, fault.key);
  }

  /** A value may not contain itself, and may not be too deep. */
  #checkPlace(value: object, isLevel: boolean): void {
    const open = this.#open;
    const depth = open.length;
    let isInside = this.#inside?.has(value) ?? false;
    for (let index = 0; index < depth && index <= nearby; index++)
      if (open[index]!.container === value) isInside = true;
    if (isInside) throw this.#error(unrepresentable, 'A value that contains itself');
    const { maxDepth } = this.#rules;
    if (isLevel && this.#around >= maxDepth) {
      throw this.#error('ERR_PHP_LIMIT', `More than ${maxDepth} arrays and objects inside each other (maxDepth)`);
    }
    if (depth > nearby) {
      this.#inside ??= new Set();
      this.#inside.add(value);
    }
  }

  /** Writes one of PHP's own values that contains no others, or the `r:` of an object. False for anything else. */
  #special(value: object): boolean {
    const out = this.#out;
    // Only the next strategies know which places share its value.
    if (isPhpReference(value)) throw escalate;
    const key = identity(value);
    if (key !== undefined) {
      const number = this.#seen?.get(key);
      if (number !== undefined) {
        out.ascii(`r:${this.#target(number)};`);
        return true;
      }
      if (!this.#counts) this.#use(originOf(value));
      this.#see(key, this.#numbered);
    }
    if (isPhpFloat(value)) {
      if (typeof value.value !== 'number') throw this.#error(unrepresentable, 'A PhpFloat that holds no number');
      out.float(floatText(value.value, this.#rules.precision));
    } else if (isBytes(value)) {
      this.#bytes('s:', value, '"', '";');
    } else if (isPhpEnum(value)) {
      this.#enum(value.className, value.caseName, value);
    } else if (isPhpCustom(value)) {
      if (!isObject(value.data) || !isBytes(value.data))
        throw this.#error(unrepresentable, 'A PhpCustom that holds no bytes');
      this.#firstCustom = Math.min(this.#firstCustom, this.#numbered);
      out.ascii('C:');
      this.#checkClass(value.className, value);
      this.#name(value.className);
      this.#bytes(':', value.data, '{', '}');
      if (holdsReference(value.data, 0, value.data.length) && !this.#isUnchanged()) {
        throw this.#error('ERR_PHP_REFERENCE', hiddenReference);
      }
    } else {
      return false;
    }
    return true;
  }

  /** Whether all bytes so far are those that were read, so that each number means the value that it meant. */
  #isUnchanged(): boolean {
    const { source } = this.#top;
    if (source?.framing !== this.#framing) return false;
    return this.#out.isSame(this.#start, source.bytes, source.variables[0]?.from ?? 0);
  }

  #enum(className: string, caseName: string, value: object): void {
    if (!this.#rules.allowsEnums) throw this.#error(unrepresentable, 'An enum, which PHP has since 8.1,');
    const isNew = originOf(value) === undefined;
    // The copied parts may contain the same case. In PHP both are one object.
    if (isNew && !this.#counts && this.#top.source?.hasClass(className)) throw escalate;
    if (isNew && !isCaseName(caseName)) throw this.#error('ERR_PHP_CLASS', 'A case name that PHP does not allow');
    this.#checkClass(className, value);
    this.#out.ascii('E:');
    this.#name(`${className}:${caseName}`);
    this.#out.byte(0x3b);
  }

  #bytes(start: string, bytes: Uint8Array, open: string, end: string): void {
    const out = this.#out;
    out.ascii(`${start}${bytes.length}:${open}`);
    out.copy(bytes, 0, bytes.length);
    out.ascii(end);
  }

  /** A property name with NUL at its start must be a mangled name. PHP refuses a session with any other. */
  #checkProperty(entries: Entries, index: number): void {
    const key = keyAt(entries, index);
    const isBad = typeof key === 'string' && key.startsWith('\0') && !/^\0[^\0]+\0/.test(key);
    if (isBad && tokenAt(entries, index) < 0 && entries.kind !== 'exact') {
      throw this.#error('ERR_PHP_KEY', 'A name of a property that begins with NUL');
    }
  }

  #key(key: PhpKey, ofObject: boolean): void {
    const out = this.#out;
    if (typeof key !== 'string') {
      const isExact = typeof key === 'bigint' ? isInt64(key) : Number.isSafeInteger(key);
      if (!isExact) throw this.#error('ERR_PHP_KEY', 'A number as key that is no 64-bit integer');
      out.int(key);
    } else if (!ofObject && isIntKey(key)) {
      out.ascii(`i:${key};`);
    } else if (!out.key(key)) {
      throw this.#error('ERR_PHP_KEY', 'A key with half of a surrogate pair');
    }
  }

  #name(name: string): void {
    if (!this.#out.name(name)) throw this.#error('ERR_PHP_CLASS', 'A name with half of a surrogate pair');
  }

  /** PHP instantiates what it reads, so the session must have had this name, or the application must allow it. */
  #checkClass(name: string, value: object): void {
    const { source } = this.#top;
    const wasRead = source !== undefined && (originOf(value)?.source === source || source.hasClass(name));
    if (!wasRead && !this.#rules.classes.has(name)) {
      throw this.#error('ERR_PHP_CLASS', 'A PHP class that was neither read nor registered by the option `classes`');
    }
    // Only enums may have been read with a backslash before their name.
    if (!isClassName(name) && !isPhpEnum(value))
      throw this.#error('ERR_PHP_CLASS', 'A name that no PHP class can have');
  }

  /** Each object that was read may be in one place. In a second place it would be an `r:`, which needs numbers. */
  #use(from: Origin | undefined): void {
    if (from === undefined || from.at < 0 || from.source !== this.#top.source) return;
    this.#used ??= new Set();
    if (this.#used.has(from.at)) throw escalate;
    this.#used.add(from.at);
  }

  #see(what: unknown, number: number): void {
    this.#seen ??= new Map();
    this.#seen.set(what, number);
  }

  #target(number: number): number {
    if (!this.#counts) throw escalate;
    if (number > this.#firstCustom) {
      throw this.#error('ERR_PHP_REFERENCE', 'A reference to a value after an object that serialized itself (C:)');
    }
    return number;
  }

  /** @param property the wrong property of the value, if it is one */
  #error(code: PhpSessionErrorCode, what: string, property?: string): PhpSessionError {
    const places = this.#open.map(({ entries, isObject, next }) => ({ entries, isObject, index: next - 1 }));
    if (this.#top.kind === 'session') places.unshift({ entries: this.#top, isObject: false, index: this.#variable });
    return writeError(code, `${what} cannot be written to a PHP session; nothing was written`, places, property);
  }
}

/** Up to so many containers around a value are checked one by one. Few values are deeper, and a Set is slower. */
const nearby = 32;

/** Whether an application put a plain object where an object of a PHP class stood. */
function isReplacedObject(value: object, source: Source | undefined, token: number): boolean {
  if (token < 0 || !isPlainObject(value) || originOf(value) !== undefined) return false;
  return source!.letterAt(token) === 0x4f;
}

const typeChanged =
  'A plain object where an object of a PHP class stood (change that with set(), or give a PhpArray if it is meant)';
const hiddenReference =
  'An object that serialized itself (C:), with references, after a change of the session (add new values after it)';
