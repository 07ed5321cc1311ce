import { Classes } from '../classes.ts';
import type { SessionFormat } from '../formats/format.ts';
import type { Framing, SessionFormatName, Variable } from '../formats/framing.ts';
import { Tokenizer } from '../php/tokenizer.ts';
import type { Limits, View } from '../rules.ts';
import { indexNodes, SourceNode } from './nodes.ts';
import { type OriginIn, originIn, sessionToken } from './origins.ts';
import { References } from './references.ts';

/** `parseValue`, which this file may not import. */
export type ParseValue = (source: Source, tokens: Tokenizer, view: View) => unknown;

/** Bytes that were read and checked. Values remember their source, and their token in it. */
export class Source {
  /** Set in the constructor alone, so that a subclass may have an accessor. */
  declare readonly bytes: Uint8Array;
  readonly framing: Framing;
  /** The limits within which it was read. */
  readonly limits: Limits;
  readonly #parse: ParseValue;
  /** In the order of the text, and with duplicates. */
  readonly variables: Variable[] = [];
  /** Whether there is any `r:` or `R:`. */
  hasReferences = false;
  /** The format of a session. If it is not one of PHP's own, `bytes` are a translation. */
  format: SessionFormatName | SessionFormat | undefined;
  /** The option `classes` of the read. */
  classes: Classes = Classes.none;
  /** Variables that the application did not read yet: their properties are still accessors. */
  unread: Map<string, Variable> | undefined;
  /** Whether the application read any of these variables. */
  wasAccessed = false;
  #references: References | undefined;
  #built: Map<number, unknown> | undefined;
  #values: Map<string, unknown> | undefined;
  #nodes: Map<number, SourceNode> | undefined;
  #classNames: Set<string> | undefined;

  constructor(bytes: Uint8Array, framing: Framing, limits: Limits, parse: ParseValue) {
    this.bytes = bytes;
    this.framing = framing;
    this.limits = limits;
    this.#parse = parse;
  }

  /** The targets of `r:` and `R:`, if there are any. Most sessions that are only read never need them. */
  get references(): References | undefined {
    return this.hasReferences ? this.findReferences() : undefined;
  }

  /**
   * For a source with references: finds out what they mean.
   *
   * @throws PhpSessionError `ERR_PHP_SYNTAX`, `ERR_PHP_REFERENCE`
   */
  findReferences(): References {
    this.hasReferences = true;
    const isTranslation = typeof this.format === 'object';
    this.#references ??= new References(this.bytes, this.framing.isArray, (at) => this.nodeAt(at), isTranslation);
    return this.#references;
  }

  /** The values that references share, by token. */
  get shared(): Map<number, unknown> {
    this.#built ??= new Map();
    return this.#built;
  }

  /** For a source with references, whose values were built in the same pass that checked it. */
  setParsed(values: Map<string, unknown>, shared: Map<number, unknown>): void {
    this.hasReferences = true;
    this.#values = values;
    this.#built = shared;
  }

  parse(at: number, view: View = 'plain'): unknown {
    return this.#parse(this, new Tokenizer(this.bytes, at), view);
  }

  /** Whether it is the token of a scalar that no reference means. Such a value depends on no other, and no other on it. */
  isStandaloneScalar(at: number): boolean {
    switch (this.bytes[at]) {
      case 0x69: // i
      case 0x73: // s
      case 0x53: // S
      case 0x62: // b
      case 0x64: // d
      case 0x4e: // N
        return !(this.#references?.shared.has(at) ?? this.#built?.has(at) ?? false);
      default:
        return false;
    }
  }

  /** Builds a variable when the application reads it. With references it builds all variables, in the order of the text. */
  readVariable(key: string): unknown {
    this.wasAccessed = true;
    this.#values ??= new Map();
    if (!this.#values.has(key)) {
      const asked = this.unread?.get(key);
      // The application put an accessor of another session into this one.
      if (asked === undefined) throw new TypeError('The session has no such variable');
      const built = this.hasReferences ? this.variables : [asked];
      // All or none, because a mapping of a class may throw.
      const values = built.map((variable) => [String(variable.key), this.parse(variable.start)] as const);
      for (const [name, value] of values) this.#values.set(name, value);
    }
    this.unread!.delete(key);
    return this.#values.get(key);
  }

  /** The value of a variable that is already built, or depends on no other. The variable stays unread. */
  peekVariable({ key, start }: Variable): unknown {
    return this.#values === undefined ? this.parse(start) : this.#values.get(String(key));
  }

  /** The variable with the value that starts at a token. */
  variableAt(at: number): Variable | undefined {
    if (at < 0) return undefined;
    let low = 0;
    for (let high = this.variables.length; high - low > 1; ) {
      const middle = (low + high) >> 1;
      if (this.variables[middle]!.start <= at) low = middle;
      else high = middle;
    }
    return this.variables[low];
  }

  /** The token of the value at `at`. If a reference is there, the token of its target. */
  resolve(at: number): number {
    if (!this.hasReferences) return at;
    let token = at;
    while (this.bytes[token] === 0x52 || this.bytes[token] === 0x72) token = this.references!.targets.get(token)!;
    return token;
  }

  /** The letter of the value at `at`. */
  letterAt(at: number): number {
    return this.bytes[this.resolve(at)]!;
  }

  /** The array or object at `at`, or the session. */
  nodeAt(at: number): SourceNode {
    this.#nodes ??= new Map();
    if (!this.#nodes.has(at)) {
      if (at === sessionToken) this.#nodes.set(at, this.#sessionNode());
      else indexNodes(this.bytes, at, this.#nodes, new Set());
    }
    return this.#nodes.get(at)!;
  }

  #sessionNode(): SourceNode {
    const node = new SourceNode();
    node.isList = false;
    for (const { key, start } of this.variables) {
      node.keys.push(String(key));
      node.tokens.push(start);
    }
    return node;
  }

  /** Whether the bytes contain a class or enum of this name. */
  hasClass(name: string): boolean {
    if (this.#classNames === undefined) {
      this.#classNames = new Set();
      for (const { start } of this.variables) indexNodes(this.bytes, start, new Map(), this.#classNames);
    }
    return this.#classNames.has(name);
  }
}

/** Where a value comes from. */
export type Origin = OriginIn<Source>;

/** Where a value comes from, if it was read. */
export const originOf = originIn as (value: object) => Origin | undefined;
