import { build } from './build.ts';
import { type ByteString, fromByteString } from './bytes.ts';
import { Classes } from './classes.ts';
import type { SessionFormat, Variable } from './formats/format.ts';
import { Grammar } from './grammar.ts';
import {
  decodeLimits,
  formatOption,
  phpVersionOption,
  type SessionDecodeOptions,
  type SessionEncodeOptions,
  viewOption,
  type WriteRules,
  writeRules,
} from './options.ts';
import { References } from './references.ts';
import { inputText } from './serialize.ts';
import { createSessionObject, sessionOf } from './session-object.ts';
import { origin, Source, stamp } from './source.ts';
import { isPhpArray, isPlainObject, normalKey, PhpArray, type PhpKey } from './values.ts';
import { needsNumbers, Writer } from './write.ts';

/** The session of an application that has not said what is in it. */
export type SessionData = Record<string, unknown>;

/**
 * Reads a session as PHP's `session_decode()` does. All of it is checked now, so that no error comes out of a value that
 * is read later; values are made when they are first looked at.
 *
 * @returns in the plain view `$_SESSION` as an object that knows what it was read from: give it to `encodeSession`
 *   to write it back. In the exact view a `PhpArray`.
 * @throws PhpSessionError `ERR_PHP_SYNTAX` (with `offset`), `ERR_PHP_LIMIT`, `ERR_PHP_REFERENCE`
 */
export function decodeSession(bytes: Uint8Array, options: SessionDecodeOptions & { view: 'exact' }): PhpArray;
export function decodeSession<T extends object = SessionData>(bytes: Uint8Array, options?: SessionDecodeOptions): T;
export function decodeSession(bytes: Uint8Array, options: SessionDecodeOptions = {}): object {
  const view = viewOption(options);
  const format = formatOption(options);
  const text = inputText(bytes);
  const grammar = new Grammar(text, decodeLimits(options));
  const variables = format.variables(text, grammar, phpVersionOption(options));
  const starts = variables.map(({ start }) => start);
  const references = grammar.hasReferences ? new References(text, variables, format.isArray) : undefined;
  const source = new Source(text, starts, references);
  source.classes = Classes.of(options.classes);
  if (view === 'plain') return createSessionObject(new Session(source, format, variables));
  const entries = variables.map(({ key, start }): [PhpKey, unknown] => [key, build(source, start, view)]);
  const exact = new PhpArray(entries, { literalKeys: !format.isArray });
  stamp(exact, source, -1);
  return exact;
}

/**
 * Writes a session as PHP's `session_encode()` does. One that `decodeSession` read is patched: variables that nobody looked
 * at are copied as they were read, and so is everything in the others that is still the same.
 *
 * @param session from `decodeSession`, or any plain object or `PhpArray`
 * @throws PhpSessionError `ERR_PHP_KEY`, `ERR_PHP_UNREPRESENTABLE`, `ERR_PHP_CLASS`, `ERR_PHP_TYPE_CHANGED`,
 *   `ERR_PHP_REFERENCE`; each with a `path`
 */
export function encodeSession(session: object, options: SessionEncodeOptions = {}): Uint8Array {
  const read = sessionOf(session);
  const rules = writeRules(options, read?.classes ?? origin(session)?.source.classes);
  const format = formatOption(options, read?.format);
  if (read !== undefined) return fromByteString(read.encode(format, rules));
  if (!isPhpArray(session) && !isPlainObject(session)) {
    throw new TypeError('A session is what decodeSession() gave, a plain object, or a PhpArray');
  }
  const entries = [...(isPhpArray(session) ? session : Object.entries(session))].filter(
    ([, value]) => value !== undefined,
  );
  const keys = entries.map(([key]) => (isPhpArray(session) ? key : normalKey(key)));
  const values = entries.map(([, value]) => value);
  const contents = { keys, values, source: origin(session)?.source, tokens: [], kind: 'session' as const };
  const writer = new Writer(rules, contents, { counts: true, isArray: format.isArray });
  const variables = keys.map((key, index) => format.variableHead(key) + writer.write(index));
  return fromByteString(format.session(variables.join(''), keys.length));
}

/** Marks a variable that nobody looked at. */
const unread: unique symbol = Symbol('unread');

/** A session that was read, and what became of it. `session-object.ts` shows it as an object. */
export class Session {
  readonly format: SessionFormat;
  readonly #source: Source;
  readonly #all: readonly Variable[];
  /** What was read, by name; a variable that was deleted is not here any more. */
  readonly #variables: Map<string, Variable> = new Map();
  /** What there is now, in PHP's order. */
  readonly #values: Map<string, unknown> = new Map();
  #touched = false;
  #isBuilt = false;

  constructor(source: Source, format: SessionFormat, variables: readonly Variable[]) {
    this.#source = source;
    this.format = format;
    this.#all = variables;
    for (const variable of variables) {
      const name = String(variable.key);
      // Of two with one name the last counts, at the place of the first, as in PHP.
      this.#variables.set(name, variable);
      this.#values.set(name, unread);
    }
  }

  get classes(): Classes | undefined {
    return this.#source.classes;
  }

  keys(): string[] {
    return [...this.#values.keys()];
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  get(key: string): unknown {
    const value = this.#values.get(key);
    if (value !== unread) return value;
    this.#touched = true;
    if (this.#source.references !== undefined) this.#buildAll();
    else this.#values.set(key, build(this.#source, this.#variables.get(key)!.start, 'plain'));
    return this.#values.get(key);
  }

  set(key: string, value: unknown): void {
    // References reach into other variables, so what they share must have been built before one of them goes.
    if (this.#source.references !== undefined) this.#buildAll();
    this.#touched = true;
    this.#values.set(key, value);
  }

  delete(key: string): void {
    if (this.#source.references !== undefined) this.#buildAll();
    this.#touched = true;
    this.#variables.delete(key);
    this.#values.delete(key);
  }

  encode(format: SessionFormat, rules: WriteRules): ByteString {
    if (!this.#touched && format === this.format) return this.#source.text;
    if (this.#source.references !== undefined) return this.#encodeAll(format, rules);
    try {
      return this.#patch(format, rules);
    } catch (error) {
      if (error !== needsNumbers) throw error;
      return this.#encodeAll(format, rules);
    }
  }

  /** Writes the variables that were looked at, and copies the others: without references no value depends on another. */
  #patch(format: SessionFormat, rules: WriteRules): ByteString {
    const contents = this.#contents();
    const writer = new Writer(rules, contents, { counts: false, isArray: format.isArray });
    let out = '';
    for (let index = 0; index < contents.keys.length; index++) {
      const key = contents.keys[index]!;
      out += this.#head(key, format);
      if (contents.values[index] === unread) {
        const { start, end } = this.#variables.get(key)!;
        out += this.#source.text.slice(start, end);
      } else {
        out += writer.write(index);
      }
    }
    return format.session(out, contents.keys.length);
  }

  /** Writes everything, as references are numbers of values, which change with what comes before. */
  #encodeAll(format: SessionFormat, rules: WriteRules): ByteString {
    this.#buildAll();
    const contents = this.#contents();
    const writer = new Writer(rules, contents, { counts: true, isArray: format.isArray });
    const variables = contents.keys.map((key, index) => this.#head(key, format) + writer.write(index));
    return format.session(variables.join(''), variables.length);
  }

  #contents() {
    const keys: string[] = [];
    const values: unknown[] = [];
    const tokens: number[] = [];
    for (const [key, value] of this.#values) {
      if (value === undefined) continue;
      keys.push(key);
      values.push(value);
      tokens.push(this.#variables.get(key)?.start ?? -1);
    }
    return { keys, values, source: this.#source, tokens, kind: 'session' as const };
  }

  /** Builds what nobody looked at yet, in the order of the text. */
  #buildAll(): void {
    if (this.#isBuilt) return;
    const made = new Map<string, unknown>();
    for (const variable of this.#all) {
      const name = String(variable.key);
      const isCurrent = this.#variables.get(name) === variable && this.#values.get(name) === unread;
      // With references an overwritten variable is built too: others may share what is in it.
      if (!isCurrent && this.#source.references === undefined) continue;
      const value = build(this.#source, variable.start, 'plain');
      if (isCurrent) made.set(name, value);
    }
    // All or nothing, as a mapping of a class may throw.
    this.#isBuilt = true;
    for (const [name, value] of made) this.#values.set(name, value);
  }

  #head(key: string, format: SessionFormat): ByteString {
    const variable = this.#variables.get(key);
    if (variable === undefined) return format.variableHead(normalKey(key));
    if (format !== this.format) return format.variableHead(variable.key);
    return this.#source.text.slice(variable.from, variable.start);
  }
}
