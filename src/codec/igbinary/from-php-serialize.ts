import { intKey } from '../formats/framing.ts';
import { writeLimitError } from '../php/errors.ts';
import { asBytes, readKey } from '../php/text.ts';
import { Tokenizer } from '../php/tokenizer.ts';
import type { Limits } from '../rules.ts';
import { keyError } from '../write/errors.ts';
import { CopyFinder } from './copy-finder.ts';
import { GapFinder } from './gap-finder.ts';
import { IgbinaryWriter } from './igbinary-writer.ts';
import { targetsIn } from './reference-targets.ts';
import { tag } from './tags.ts';
import { hasRepeatedStrings } from './to-php-serialize.ts';
import { lonePlace, type Translation } from './translation.ts';
import { writeFloat, writeInt } from './write-plain.ts';

/** What was read, and the bytes that it was read from. */
export interface Original extends Translation {
  readonly bytes: Uint8Array;
}

/** An array or object that is being written. */
interface Frame {
  left: number;
  /** The position of the next element, with those that have no value. */
  position: number;
  /** `undefined` for an array. */
  readonly className: string | undefined;
  /** Positions of properties that have no value. */
  readonly gaps: readonly number[] | undefined;
  /** For an array that may be a copy: where it starts in the text, and where here, and its numbers. For others `textStart` is -1. */
  readonly textStart: number;
  readonly start: number;
  readonly number: number;
  readonly textNumber: number;
  readonly strings: number;
}

/**
 * Translates a session from php_serialize to igbinary. It writes the bytes that PHP writes (igbinary: `PS_SERIALIZER_ENCODE_FUNC(igbinary)`
 * and `igbinary_serialize_zval` in src/php7/igbinary.c). `toPhpSerialize` has the grammar.
 *
 * @param text written by this codec
 * @param original what the session was read from: it tells what php_serialize cannot hold
 * @throws PhpSessionError `ERR_PHP_KEY`, `ERR_PHP_LIMIT`
 */
export function fromPhpSerialize(text: Uint8Array, limits: Limits, original?: Original): Uint8Array {
  try {
    return new Translator(text, limits, original).translate();
  } catch (error) {
    if (error !== needsTargets) throw error;
    return new Translator(text, limits, original, targetsIn(text)).translate();
  }
}

/** Thrown at the first PHP reference: igbinary marks all places of a reference, the first one too. */
const needsTargets: unique symbol = Symbol('needs targets');

class Translator {
  readonly #text: Uint8Array;
  readonly #tokens: Tokenizer;
  readonly #limits: Limits;
  readonly #original: Original | undefined;
  readonly #out: IgbinaryWriter;
  /** Numbers of php_serialize: the first places of PHP references. */
  readonly #targets: ReadonlySet<number> | undefined;
  /** The numbers of the strings so far. */
  readonly #strings: Map<string, number> = new Map();
  readonly #classNames: Set<string> = new Set();
  #stringCount = 0;
  /** Whether repeated strings are written as numbers. `undefined` before the first one. */
  #isCompact: boolean | undefined;
  /** The number of the next array, object or shared scalar. */
  #next = 0;
  /** The number of the first empty array. In PHP all of them are one. */
  #emptyArray = -1;
  /** For each number of php_serialize that of igbinary, and whether it is an object. */
  readonly #numbers: number[] = [0];
  readonly #isObject: boolean[] = [false];
  readonly #open: Frame[] = [];
  /** The last key, if it was an int. */
  #intKey: number | bigint | undefined;
  readonly #copies: CopyFinder | undefined;
  readonly #gaps: GapFinder | undefined;

  constructor(text: Uint8Array, limits: Limits, original?: Original, targets?: ReadonlySet<number>) {
    this.#text = asBytes(text);
    this.#tokens = new Tokenizer(this.#text, 0);
    this.#limits = limits;
    this.#original = original;
    this.#targets = targets;
    if (original !== undefined && original.copies.length > 0) this.#copies = new CopyFinder(original);
    if (original !== undefined && original.gaps.size > 0) this.#gaps = new GapFinder(original, this.#text);
    this.#out = new IgbinaryWriter(text.length + 16, limits.maxBytes);
  }

  translate(): Uint8Array {
    const out = this.#out;
    try {
      out.ascii('\0\0\0\x02');
      // No bytes, and `N;`, are an empty session.
      if (this.#text[0] !== 0x61) {
        out.byte(tag.newArray);
        out.byte(0);
      } else {
        this.#session();
      }
      if (out.at > this.#limits.maxBytes) throw writeLimitError('maxBytes', this.#limits.maxBytes);
      return out.finish();
    } catch (error) {
      out.discard();
      throw error;
    }
  }

  #session(): void {
    const open = this.#open;
    const tokens = this.#tokens;
    this.#array(false);
    for (let frame = open[0]; frame !== undefined; frame = open[open.length - 1]) {
      for (; frame.gaps?.includes(frame.position); frame.position++) this.#out.byte(tag.null);
      if (frame.left === 0) {
        tokens.close();
        open.pop();
        if (frame.textStart >= 0) this.#replaceCopy(frame);
        continue;
      }
      if (tokens.peek() !== 0x69) {
        this.#intKey = undefined;
        this.#string();
      } else {
        const key = tokens.int();
        this.#intKey = key;
        if (open.length === 1) throw keyError('igbinary', key, frame.position, intKey);
        writeInt(this.#out, key);
      }
      frame.left--;
      frame.position++;
      this.#value();
    }
  }

  /** Writes a scalar, or the start of an array or object, which it adds to `#open`. */
  #value(): void {
    const out = this.#out;
    const tokens = this.#tokens;
    const letter = tokens.peek();
    if (letter === 0x52) {
      // R
      if (this.#targets === undefined) throw needsTargets;
      out.byte(tag.reference);
      this.#reference(tokens.reference());
      return;
    }
    const isShared = this.#targets?.has(this.#numbers.length) === true;
    if (isShared) out.byte(tag.reference);
    switch (letter) {
      case 0x61: // a
        this.#array(isShared);
        return;
      case 0x4f: // O
      case 0x43: // C
      case 0x45: // E
        this.#object(letter);
        return;
      case 0x72: {
        // r
        const number = tokens.reference();
        this.#reference(number);
        this.#numbers.push(this.#numbers[number]!);
        this.#isObject.push(true);
        return;
      }
      case 0x69: // i
        writeInt(out, tokens.int());
        break;
      case 0x64: // d
        writeFloat(out, tokens.float());
        break;
      case 0x62: // b
        out.byte(tokens.bool() ? tag.true : tag.false);
        break;
      case 0x4e: // N
        tokens.null();
        out.byte(tag.null);
        break;
      default:
        this.#string();
    }
    this.#number(isShared ? this.#next++ : -1, false);
  }

  #number(number: number, isObject: boolean): void {
    this.#numbers.push(number);
    this.#isObject.push(isObject);
  }

  /** @param number in php_serialize */
  #reference(number: number): void {
    this.#out.sized(this.#isObject[number] ? tag.object : tag.array, this.#numbers[number]!);
  }

  #array(isShared: boolean): void {
    const textStart = this.#tokens.at;
    const left = this.#tokens.array();
    const isSession = this.#open.length === 0;
    const isEmpty = left === 0 && !isShared && !isSession && !this.#isLone();
    if (isEmpty && this.#emptyArray >= 0) {
      this.#tokens.close();
      this.#out.sized(tag.array, this.#emptyArray);
      this.#number(-1, false);
      return;
    }
    const number = this.#next++;
    if (isEmpty) this.#emptyArray = number;
    this.#number(number, false);
    const mayBeCopy = this.#copies !== undefined && left > 0 && !isShared && !isSession;
    this.#open.push({
      left,
      position: 0,
      className: undefined,
      gaps: undefined,
      textStart: mayBeCopy ? textStart : -1,
      start: this.#out.at,
      number,
      textNumber: this.#numbers.length - 1,
      strings: this.#stringCount,
    });
    this.#out.sized(tag.newArray, left);
  }

  /** Whether the array that comes next is one of its own in PHP, though it is empty. */
  #isLone(): boolean {
    const places = this.#original?.loneArrays;
    const { className } = this.#open[this.#open.length - 1]!;
    if (places === undefined || className === undefined || this.#intKey === undefined) return false;
    return places.has(lonePlace(className, this.#intKey));
  }

  /** Writes the number of an equal array instead of an array, if both were one in PHP. */
  #replaceCopy({ textStart, start, number, textNumber, strings }: Frame): void {
    // In a copy there is no first place of a reference.
    for (let inside = textNumber; inside < this.#numbers.length; inside++) if (this.#targets?.has(inside)) return;
    const original = this.#copies!.find(this.#text, textStart, this.#tokens.at, number);
    if (original === number) return;
    this.#out.at = start;
    this.#next = number;
    this.#stringCount = strings;
    this.#out.sized(tag.array, original);
  }

  #object(letter: number): void {
    const tokens = this.#tokens;
    const out = this.#out;
    const textStart = tokens.at;
    const start = this.#contentStart();
    this.#number(this.#next++, true);
    if (letter === 0x45) {
      tokens.enumCase();
      const end = tokens.at - 2;
      const colon = this.#text.indexOf(COLON, start);
      this.#className(this.#text[start] === BACKSLASH ? start + 1 : start, colon);
      out.byte(tag.enumCase);
      this.#writeString(colon + 1, end);
      return;
    }
    if (letter === 0x43) {
      const { dataStart, dataEnd } = tokens.custom();
      this.#className(start, this.#text.indexOf(QUOTE, start));
      this.#out.sized(tag.custom, dataEnd - dataStart);
      out.copy(this.#text, dataStart, dataEnd);
      return;
    }
    const className = tokens.className();
    this.#className(start, tokens.at - 2);
    const left = tokens.objectCount();
    const gaps = this.#gaps?.find(textStart);
    this.#out.sized(tag.newArray, left + (gaps?.length ?? 0));
    this.#open.push({
      left,
      position: 0,
      className,
      gaps,
      textStart: -1,
      start: 0,
      number: 0,
      textNumber: 0,
      strings: 0,
    });
  }

  /** A string, as key or value. */
  #string(): void {
    const tokens = this.#tokens;
    if (tokens.peek() === 0x73) {
      const start = this.#contentStart();
      if (!tokens.skipCommon()) tokens.string();
      this.#writeString(start, tokens.at - 2);
    } else {
      // S: applications may have it in a session in another format. Its bytes become those of a string.
      const value = tokens.string();
      const bytes = asBytes(typeof value === 'string' ? new TextEncoder().encode(value) : value);
      this.#write(bytes, 0, bytes.length);
    }
  }

  /** Where the content starts of a token that has quotes. (It may have an odd size, which means another one.) */
  #contentStart(): number {
    return this.#text.indexOf(QUOTE, this.#tokens.at) + 1;
  }

  #writeString(start: number, end: number): void {
    this.#write(this.#text, start, end);
  }

  #write(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) {
      this.#out.byte(tag.emptyString);
      return;
    }
    if (this.#isCompact !== false) {
      const string = readKey(bytes, start, end);
      const number = this.#strings.get(string);
      if (number !== undefined && this.#shortens()) {
        this.#out.sized(tag.stringId, number);
        return;
      }
      if (number === undefined) this.#strings.set(string, this.#stringCount);
    }
    this.#stringCount++;
    this.#out.sized(tag.newString, end - start);
    this.#out.copy(bytes, start, end);
  }

  /** Whether repeated strings are to be numbers, as `igbinary.compact_strings` says: it is on, unless the session shows that it is off. */
  #shortens(): boolean {
    const original = this.#original;
    this.#isCompact ??= original === undefined || original.usesIds || !hasRepeatedStrings(original.bytes, this.#limits);
    return this.#isCompact;
  }

  /** The name of a class is never repeated, whatever `igbinary.compact_strings` says. */
  #className(start: number, end: number): void {
    const name = readKey(this.#text, start, end);
    const number = this.#strings.get(name);
    if (number !== undefined && (this.#classNames.has(name) || this.#shortens())) {
      this.#out.sized(tag.classId, number);
      return;
    }
    this.#classNames.add(name);
    this.#strings.set(name, this.#stringCount++);
    this.#out.sized(tag.newClass, end - start);
    this.#out.copy(this.#text, start, end);
  }
}

const COLON = 0x3a;
const BACKSLASH = 0x5c;
const QUOTE = 0x22;
