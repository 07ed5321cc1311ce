import { PhpSessionError } from '../../errors.ts';
import { limitError, syntaxError } from '../php/errors.ts';
import { floatText } from '../php/float-text.ts';
import { isCaseName, isClassName } from '../php/names.ts';
import { readKey } from '../php/text.ts';
import type { Limits, ReadRules } from '../rules.ts';
import { IgbinaryReader } from './igbinary-reader.ts';
import { IgbinaryWriter } from './igbinary-writer.ts';
import { isArray, isInt, isObject, isReference, tag } from './tags.ts';
import { lonePlace, type Span, type Translation } from './translation.ts';

/** An array or object that is being read. */
interface Frame {
  readonly number: number;
  /** `undefined` for an array. */
  readonly className: string | undefined;
  /** In the text: where it starts, and where the digits of its size end. */
  readonly start: number;
  readonly sizeEnd: number;
  readonly size: number;
  left: number;
  /** Positions of properties without a value. */
  gaps: number[] | undefined;
  /** Where to go on after it. `undefined` if it is read for the first time. */
  readonly back: Place | undefined;
}

/** In igbinary: an offset, and the number of the next value there. */
interface Place {
  readonly at: number;
  readonly next: number;
  /** How many references and repeated objects were written before. */
  readonly known: number;
}

/** So many copies of arrays are remembered. After a change of the session all others are written in full. */
const mostCopies = 64;

/**
 * Translates a session from igbinary to php_serialize (igbinary: `PS_SERIALIZER_DECODE_FUNC(igbinary)` and `igbinary_unserialize_zval` in
 * src/php7/igbinary.c).
 *
 *     session   = 00 00 00 (01 | 02) array
 *     value     = 00 | 04 | 05 | int | 0c float | string | array | object | reference | 25 value
 *     array     = (14 | 15 | 16) size *((int | string) value | 00)
 *     object    = ((17 | 18 | 19) size name | (1a | 1b | 1c) number) (array | (1d | 1e | 1f) size bytes | 27 string)
 *     string    = 0d | (0e | 0f | 10) number | (11 | 12 | 13 | 26) size bytes
 *     reference = (01 | 02 | 03 | 22 | 23 | 24) number
 *
 * New strings and names of classes are numbered from 0. Arrays, objects, and scalars after a 25 are so too, in another sequence;
 * php_serialize numbers all values. A 25 makes the place a PHP reference. Without it, the number of an array means a copy: then that array
 * is read again.
 *
 * @throws PhpSessionError `ERR_PHP_SYNTAX`, `ERR_PHP_LIMIT`, `ERR_PHP_REFERENCE`
 */
export function toPhpSerialize(bytes: Uint8Array, limits: Limits): Translation {
  return new Translator(bytes, limits).translate();
}

/** Translates what `igbinary_serialize()` has written of one value, to what `serialize()` writes of it. @throws as `toPhpSerialize` */
export function valueToPhpSerialize(bytes: Uint8Array, limits: Limits): Uint8Array {
  return new Translator(bytes, limits, undefined, false).translate().text;
}

class Translator {
  readonly #isSession: boolean;
  readonly #bytes: Uint8Array;
  readonly #in: IgbinaryReader;
  readonly #rules: ReadRules;
  readonly #out: IgbinaryWriter;
  #elements = 0;
  /** Where the values with a number start. */
  readonly #tokens: number[];
  /** What comes after them, once they are complete. */
  readonly #after: (Place | undefined)[];
  /** How many places are references to them, but for those of variables that are left out. */
  readonly #places: number[];
  /** The number of the next value. */
  #next = 0;
  /** Numbers in php_serialize, or 0: of an object, and of the first place that is a reference to the value. */
  readonly #objects: number[];
  readonly #sets: number[];
  /** The last number in php_serialize. */
  #last = 0;
  #firstCustom = Number.POSITIVE_INFINITY;
  /** How many references and repeated objects were written. */
  #known = 0;
  readonly #open: Frame[] = [];
  readonly #copies: Span[] = [];
  #isSplit = false;
  /** Whether these bytes were read before. */
  readonly #isKnown: boolean;
  /** Whether that is needed, as something of a copy comes after it. */
  #isIncomplete = false;
  /** How many of the open arrays and objects are read again. */
  #again = 0;
  readonly #gaps: Map<number, number[]> = new Map();
  /** The last key, if it was an int. */
  #intKey: number | bigint | undefined;
  /** Empty arrays under such a key of an object: those that are no number of another one, and places of those that are one. */
  readonly #loneArrays: Map<number, string> = new Map();
  readonly #sharedArrays: Set<string> = new Set();
  /** In a variable that is left out: the values that got a number in php_serialize. */
  #leftOut: number[] | undefined;
  /** Where references are that are not among `#places`. They are, once what holds them is found in a variable that is kept. */
  readonly #uncounted: Set<number> = new Set();

  /** @param known has read these bytes before, so that it is known where all of them end */
  constructor(bytes: Uint8Array, limits: Limits, known?: Translator, isSession: boolean = true) {
    this.#isSession = isSession;
    this.#bytes = bytes;
    this.#in = new IgbinaryReader(bytes, known === undefined ? undefined : known.#in);
    this.#rules = { ...limits, ignoresRest: false };
    this.#out = new IgbinaryWriter(bytes.length * 2);
    this.#tokens = known === undefined ? [] : known.#tokens;
    this.#after = known === undefined ? [] : known.#after;
    this.#places = known === undefined ? [] : known.#places;
    this.#isKnown = known !== undefined;
    this.#objects = this.#tokens.map(() => 0);
    this.#sets = this.#tokens.map(() => 0);
  }

  translate(): Translation {
    const out = this.#out;
    try {
      if (this.#isSession) this.#session();
      else this.#single();
      if (out.at > this.#rules.maxBytes) throw limitError('maxBytes', this.#rules, this.#in.at);
    } catch (error) {
      out.discard();
      throw error;
    }
    if (this.#isIncomplete) {
      out.discard();
      return new Translator(this.#bytes, this.#rules, this, this.#isSession).translate();
    }
    const loneArrays = new Set(this.#loneArrays.values());
    for (const place of this.#sharedArrays) loneArrays.delete(place);
    return {
      text: out.finish(),
      usesIds: this.#in.usesIds,
      copies: this.#copies,
      loneArrays,
      isSplit: this.#isSplit,
      gaps: this.#gaps,
    };
  }

  /** The strings of the session that are not the number of an earlier one. */
  strings(): string[] {
    this.translate();
    return this.#in.strings();
  }

  #header(): void {
    const [a, b, c, version] = this.#bytes;
    if (a !== 0 || b !== 0 || c !== 0 || (version !== 1 && version !== 2)) throw syntaxError(0);
  }

  #single(): void {
    this.#header();
    this.#value();
    this.#complete(0);
    if (this.#in.at < this.#bytes.length) throw syntaxError(this.#in.at);
  }

  #session(): void {
    const bytes = this.#bytes;
    const root = bytes[4];
    this.#header();
    // PHP would take an object for a session too, but never writes one.
    if (root === undefined || !isArray(root)) throw syntaxError(4);
    this.#value();
    const out = this.#out;
    const session = this.#open[0]!;
    let variables = session.size;
    while (session.left > 0) {
      const start = out.at;
      const last = this.#last;
      // PHP writes a variable with an int as key, and leaves it out when it reads. But other variables may share its value.
      const isLeftOut = isInt(bytes[this.#in.at]!);
      if (isLeftOut) this.#leftOut = [];
      if (this.#key(session)) {
        this.#value();
        this.#complete(1);
      } else {
        variables--;
      }
      if (isLeftOut) {
        variables--;
        out.at = start;
        this.#forget(last);
      }
    }
    setSize(out, session, variables);
    out.byte(CLOSE);
  }

  /** Forgets the numbers in php_serialize after this one. */
  #forget(last: number): void {
    for (const number of this.#leftOut!) {
      if (this.#objects[number]! > last) this.#objects[number] = 0;
      if (this.#sets[number]! > last) this.#sets[number] = 0;
    }
    this.#leftOut = undefined;
    this.#last = last;
    if (this.#firstCustom > last) this.#firstCustom = Number.POSITIVE_INFINITY;
  }

  /** Reads on until so many arrays and objects are open. */
  #complete(levels: number): void {
    const open = this.#open;
    while (open.length > levels) {
      const frame = open[open.length - 1]!;
      if (frame.left === 0) this.#close(frame);
      else if (this.#key(frame)) this.#value();
    }
  }

  /** The key of the next element. False for the place of a property that has no value. */
  #key(frame: Frame): boolean {
    const { maxElements, maxBytes } = this.#rules;
    const start = this.#in.at;
    if (++this.#elements > maxElements) throw limitError('maxElements', this.#rules, start);
    if (this.#out.at > maxBytes) throw limitError('maxBytes', this.#rules, start);
    frame.left--;
    const token = this.#bytes[this.#in.at++]!;
    this.#intKey = undefined;
    if (this.#in.readString(token, start)) {
      this.#writeString();
    } else if (isInt(token)) {
      this.#intKey = this.#in.int(token, start);
      this.#out.int(this.#intKey);
    } else if (token === tag.null) {
      frame.gaps ??= [];
      frame.gaps.push(frame.size - frame.left - 1);
      return false;
    } else {
      throw syntaxError(start);
    }
    return true;
  }

  /**
   * Reads a scalar, or the start of an array or object, which it adds to `#open`.
   *
   * @param back where to go on after it, if it is read again
   * @param isCopyShared whether the place of what is read again is a PHP reference
   */
  #value(back?: Place, isCopyShared: boolean = false): void {
    const out = this.#out;
    const bytes = this.#bytes;
    let isShared = isCopyShared;
    while (bytes[this.#in.at] === tag.reference) {
      isShared = true;
      this.#in.at++;
    }
    const start = this.#in.at++;
    const token = bytes[start]!;
    if (isReference(token)) {
      this.#reference(this.#in.number(token, start), start, isShared);
      return;
    }
    const number = this.#next;
    const isNumbered = isShared;
    if (isShared && back === undefined) this.#countPlace(number, start);
    // In a copy, references and objects are those of the original. But PHP copies what only one place refers to.
    if (isShared && this.#again > 0) {
      if (!this.#isKnown) this.#isIncomplete = true;
      else if (this.#places[number] === 1) isShared = false;
    }
    if (number < this.#tokens.length && this.#writeKnown(number, isObject(token), isShared, start)) {
      this.#goTo(this.#after[number]!);
      return;
    }
    this.#last++;
    if (isArray(token)) {
      this.#begin(start, isShared);
      this.#openArray(token, start, number, isShared, back);
      return;
    }
    if (isObject(token)) {
      this.#begin(start, isShared);
      this.#objects[number] = this.#last;
      this.#leftOut?.push(number);
      this.#object(token, start, number, back);
      return;
    }
    if (this.#in.readString(token, start)) this.#writeString();
    else if (isInt(token)) out.int(this.#in.int(token, start));
    else if (token === tag.null) out.ascii('N;');
    else if (token === tag.true) out.ascii('b:1;');
    else if (token === tag.false) out.ascii('b:0;');
    else if (token === tag.float) out.float(floatText(this.#in.float(start), -1));
    else throw syntaxError(start);
    if (isNumbered) {
      this.#begin(start, isShared);
      this.#finish(number, undefined);
    }
    if (back !== undefined) this.#goTo(back);
  }

  /** Gives the next number to a value, unless it is read again. */
  #begin(start: number, isShared: boolean): void {
    const number = this.#next++;
    if (number === this.#tokens.length) {
      this.#tokens.push(start);
      this.#after.push(undefined);
      this.#objects.push(0);
      this.#sets.push(0);
      this.#places[number] ??= 0;
    }
    if (isShared) this.#share(number);
  }

  /** Counts this place as a reference to a value, once. */
  #countPlace(number: number, start: number): void {
    if (this.#isKnown) return;
    if (this.#leftOut === undefined) {
      if (this.#again === 0 || this.#uncounted.delete(start)) this.#places[number] = (this.#places[number] ?? 0) + 1;
    } else if (this.#again === 0) {
      this.#uncounted.add(start);
    }
  }

  /** The last place is the first one that is a reference to this value. */
  #share(number: number): void {
    this.#sets[number] = this.#last;
    this.#leftOut?.push(number);
  }

  #finish(number: number, back: Place | undefined): void {
    this.#after[number] ??= { at: this.#in.at, next: this.#next, known: 0 };
    if (back !== undefined) this.#goTo(back);
  }

  #goTo({ at, next }: Pick<Place, 'at' | 'next'>): void {
    this.#in.at = at;
    this.#next = next;
  }

  #openArray(token: number, start: number, number: number, isShared: boolean, back: Place | undefined): void {
    const out = this.#out;
    const textStart = out.at;
    const size = this.#elementCount(token, start);
    out.openArray(size);
    if (size === 0) this.#emptyArray(number, isShared, back !== undefined);
    this.#push(number, undefined, textStart, size, back, start);
  }

  #emptyArray(number: number, isShared: boolean, isNumber: boolean): void {
    if (isNumber) this.#loneArrays.delete(number);
    const { className } = this.#open[this.#open.length - 1] ?? {};
    if (className === undefined || this.#intKey === undefined || isShared) return;
    const place = lonePlace(className, this.#intKey);
    if (isNumber) this.#sharedArrays.add(place);
    else this.#loneArrays.set(number, place);
  }

  /** The size of an array or object. Each element takes a byte or more, so larger ones are damage. */
  #elementCount(token: number, start: number): number {
    const size = this.#in.sized(token - tag.newArray, start);
    if (size > this.#bytes.length - this.#in.at) throw syntaxError(start);
    return size;
  }

  /** @param at where it starts */
  #push(
    number: number,
    className: string | undefined,
    start: number,
    size: number,
    back: Place | undefined,
    at: number,
  ): void {
    const { length } = this.#open;
    // As in php_serialize, an empty array is no level.
    if (length > 0 && length >= this.#rules.maxDepth && (className !== undefined || size > 0)) {
      throw limitError('maxDepth', this.#rules, at);
    }
    const sizeEnd = this.#out.at - 2;
    this.#open.push({ number, className, start, sizeEnd, size, left: size, gaps: undefined, back });
    if (back !== undefined) this.#again++;
  }

  #close(frame: Frame): void {
    const out = this.#out;
    const { number, className, start, size, gaps, back } = frame;
    if (gaps !== undefined) {
      setSize(out, frame, size - gaps.length);
      if (className !== undefined && this.#leftOut === undefined) this.#gaps.set(start, gaps);
    }
    out.byte(CLOSE);
    this.#open.pop();
    if (back !== undefined) this.#again--;
    const isCopy = back !== undefined && className === undefined && size > 0 && back.known === this.#known;
    const isKept = this.#leftOut === undefined; // what comes next takes the place of what is left out
    if (isCopy && isKept && this.#copies.length < mostCopies) this.#copies.push({ start, end: out.at });
    this.#finish(number, back);
  }

  #object(token: number, start: number, number: number, back: Place | undefined): void {
    const out = this.#out;
    const textStart = out.at;
    if (token < tag.classId) this.#in.newString(token - tag.newClass, start);
    else this.#in.stringAt(this.#in.sized(token - tag.classId, start), start);
    const [nameStart, nameEnd] = [this.#in.start, this.#in.end];
    const className = readKey(this.#bytes, nameStart, nameEnd);
    if (!isClassName(className)) throw syntaxError(start);
    const body = this.#bytes[this.#in.at++]!;
    if (isArray(body)) {
      const size = this.#elementCount(body, this.#in.at - 1);
      this.#writeName('O', nameStart, nameEnd);
      out.ascii(`:${size}:{`);
      this.#push(number, className, textStart, size, back, start);
      return;
    }
    if (body === tag.enumCase) {
      const at = this.#in.at++;
      if (!this.#in.readString(this.#bytes[at]!, at)) throw syntaxError(at);
      if (!isCaseName(readKey(this.#bytes, this.#in.start, this.#in.end))) throw syntaxError(at);
      out.ascii(`E:${nameEnd - nameStart + 1 + this.#in.end - this.#in.start}:"`);
      out.copy(this.#bytes, nameStart, nameEnd);
      out.byte(COLON);
      out.copy(this.#bytes, this.#in.start, this.#in.end);
      out.ascii('";');
    } else if (body >= tag.custom && body < tag.custom + 3) {
      const end = this.#in.contentEnd(body - tag.custom, this.#in.at - 1);
      this.#writeName('C', nameStart, nameEnd);
      out.ascii(`:${end - this.#in.at}:{`);
      out.copy(this.#bytes, this.#in.at, end);
      out.byte(CLOSE);
      this.#in.at = end;
      this.#firstCustom = Math.min(this.#firstCustom, this.#last);
    } else {
      throw syntaxError(this.#in.at - 1);
    }
    this.#finish(number, back);
  }

  #writeName(letter: string, start: number, end: number): void {
    this.#out.ascii(`${letter}:${end - start}:"`);
    this.#out.copy(this.#bytes, start, end);
    this.#out.byte(QUOTE);
  }

  #reference(number: number, start: number, isShared: boolean): void {
    const original = this.#tokens[number];
    // PHP does not write references to the session itself.
    if (original === undefined || number === 0) throw syntaxError(start);
    if (isShared) this.#countPlace(number, start);
    // As in #value: the first place may be none, as for an object, or be in a variable that is left out.
    let isSet = isShared;
    if (isShared && this.#again > 0) {
      if (!this.#isKnown) this.#isIncomplete = true;
      else if (this.#places[number] === 1) isSet = false;
    }
    if (this.#writeKnown(number, isObject(this.#bytes[original]!), isSet, start)) return;
    if (this.#after[number] === undefined) {
      // The array is also in an object that it contains. PHP's own formats lose such an array (`php_var_serialize_nested_data`).
      this.#isIncomplete = true;
      this.#last++;
      return;
    }
    const back = { at: this.#in.at, next: this.#next, known: this.#known };
    this.#goTo({ at: original, next: number });
    this.#value(back, isSet);
  }

  /** Writes the number of a reference or object that came before. False if it did not. */
  #writeKnown(number: number, isObject: boolean, isShared: boolean, start: number): boolean {
    const set = this.#sets[number]!;
    const object = isObject ? this.#objects[number]! : 0;
    if (isShared && set > 0) {
      this.#writeNumber('R', set, start);
      return true;
    }
    if (object === 0) return false;
    this.#last++;
    this.#writeNumber('r', object, start);
    if (isShared) {
      this.#share(number);
      this.#isSplit = true;
    }
    return true;
  }

  #writeNumber(letter: string, number: number, start: number): void {
    if (number > this.#firstCustom) {
      throw new PhpSessionError(
        'ERR_PHP_REFERENCE',
        `The reference at byte ${start} comes after an object that serialized itself (Serializable), so it cannot be kept`,
        { offset: start },
      );
    }
    this.#known++;
    this.#out.ascii(`${letter}:${number};`);
  }

  #writeString(): void {
    this.#out.stringOf(this.#bytes, this.#in.start, this.#in.end);
  }
}

const CLOSE = 0x7d;
const COLON = 0x3a;
const QUOTE = 0x22;

/** Writes another size, with as many digits: PHP's grammar allows zeros before it. */
function setSize(out: IgbinaryWriter, { size, sizeEnd }: Frame, actual: number): void {
  if (actual === size) return;
  const digits = String(actual).padStart(String(size).length, '0');
  for (let index = 0; index < digits.length; index++)
    out.set(sizeEnd - digits.length + index, digits.charCodeAt(index));
}

/** Whether a string stands there twice in full, as with `igbinary.compact_strings = 0`. */
export function hasRepeatedStrings(bytes: Uint8Array, limits: Limits): boolean {
  const strings = new Translator(bytes, limits).strings();
  return new Set(strings).size < strings.length;
}
