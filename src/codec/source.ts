import { shared } from '../shared.ts';
import { type ByteString, decodeKey } from './bytes.ts';
import type { Classes } from './classes.ts';
import type { References } from './references.ts';
import { Tokens } from './tokens.ts';
import type { PhpKey } from './values.ts';

/** What stood at a token of an array or object. */
export class Node {
  /** Keys of arrays are strings here, as in the plain view; those of objects are as in `PhpObject.properties`. */
  readonly keys: PhpKey[] = [];
  /** For each key the token of its value. */
  readonly tokens: number[] = [];
  isList = true;
  #index: Map<PhpKey, number> | undefined;

  /** Tokens by key. Of a key that comes twice the last counts, at the place of the first. */
  get index(): ReadonlyMap<PhpKey, number> {
    this.#index ??= new Map(this.keys.map((key, at) => [key, this.tokens[at]!]));
    return this.#index;
  }
}

/** Text that was read and checked. Values of the plain view remember which source, and which token of it, they come from. */
export class Source {
  readonly text: ByteString;
  /** Only where there are any. */
  readonly references: References | undefined;
  /** What was built for tokens that references share. */
  readonly built: Map<number, unknown> = new Map();
  /** What the application registered for what is in it. */
  classes: Classes | undefined;
  readonly #starts: readonly number[];
  readonly #nodes: Map<number, Node> = new Map();
  #classNames: Set<string> | undefined;

  /** @param starts where top-level values start */
  constructor(text: ByteString, starts: readonly number[], references: References | undefined) {
    this.text = text;
    this.references = references;
    this.#starts = starts;
  }

  /** The token of the value that is at `at`: another one, if a reference is there. */
  resolve(at: number): number {
    if (this.references === undefined) return at;
    let token = at;
    for (let next: number | undefined = token; next !== undefined; next = this.references.targets.get(token))
      token = next;
    return token;
  }

  /** The array or object whose token is at `at`. */
  node(at: number): Node {
    if (!this.#nodes.has(at)) walk(this.text, at, this.#nodes, new Set());
    return this.#nodes.get(at)!;
  }

  /** Whether a class or enum of this name stands in the text. */
  hasClass(name: string): boolean {
    if (this.#classNames === undefined) {
      this.#classNames = new Set();
      for (const start of this.#starts) walk(this.text, start, new Map(), this.#classNames);
    }
    return this.#classNames.has(name);
  }
}

interface OpenNode {
  readonly node: Node;
  readonly at: number;
  readonly isArray: boolean;
  left: number;
}

/** Goes once over a value and everything in it, so that no part of it has to be skipped again and again. */
function walk(text: ByteString, start: number, nodes: Map<number, Node>, classNames: Set<string>): void {
  const tokens = new Tokens(text, start);
  const open: OpenNode[] = [];
  for (;;) {
    const at = tokens.at;
    const token = tokens.peek();
    if (token === 0x61) {
      open.push({ node: new Node(), at, isArray: true, left: tokens.arrayCount() });
    } else if (token === 0x4f) {
      classNames.add(decodeKey(tokens.className()));
      open.push({ node: new Node(), at, isArray: false, left: tokens.braceCount() });
    } else if (token === 0x43) {
      classNames.add(decodeKey(tokens.className()));
      tokens.skip(tokens.braceCount() + 1);
    } else if (token === 0x45) {
      classNames.add(enumName(tokens.enumCase()).className);
    } else {
      tokens.skipScalar();
    }

    let inner = open.at(-1);
    while (inner?.left === 0) {
      tokens.skip(1);
      nodes.set(inner.at, inner.node);
      open.pop();
      inner = open.at(-1);
    }
    if (inner === undefined) return;
    inner.left--;
    const { node } = inner;
    const key = tokens.key();
    if (key !== node.keys.length) node.isList = false;
    node.keys.push(typeof key === 'string' ? decodeKey(key) : inner.isArray ? String(key) : key);
    node.tokens.push(tokens.at);
  }
}

/** What `E:` holds, in two. */
export function enumName(bytes: ByteString): { className: string; caseName: string } {
  const colon = bytes.indexOf(':');
  return { className: decodeKey(bytes.slice(0, colon)), caseName: decodeKey(bytes.slice(colon + 1)) };
}

interface Stamps {
  stamp(value: object, source: Source, at: number): void;
  origin(value: object): Origin | undefined;
  isFrom(value: object, source: Source, at: number): boolean;
}

export interface Origin {
  readonly source: Source;
  /** The token that the value was made from; -1 where only the class name is to be remembered. */
  readonly at: number;
}

/**
 * Marks a value with where it comes from, in private fields: they cannot be seen, copied, spread or cloned, and cost a
 * seventh of a WeakMap. The class only serves to put them on objects that others made.
 */
const stamps: Stamps = shared('stamps', () => {
  class Any {
    constructor(value: object) {
      // biome-ignore lint/correctness/noConstructorReturn: this is how private fields get onto an existing object
      return value;
    }
  }
  class Stamp extends Any {
    #source: Source;
    #at: number;
    constructor(value: object, source: Source, at: number) {
      super(value);
      this.#source = source;
      this.#at = at;
    }
    static of(value: object): Origin | undefined {
      return #source in value ? { source: value.#source, at: value.#at } : undefined;
    }
    static isFrom(value: object, source: Source, at: number): boolean {
      return #source in value && value.#at === at && value.#source === source;
    }
  }
  return {
    stamp: (value, source, at) => void new Stamp(value, source, at),
    origin: (value) => Stamp.of(value),
    isFrom: (value, source, at) => Stamp.isFrom(value, source, at),
  };
});

/** Marks a value that was made from the token at `at`, or at -1 where only its class name is to be remembered. */
export const stamp: Stamps['stamp'] = stamps.stamp;

/** Where a value comes from, if it was read. */
export const origin: Stamps['origin'] = stamps.origin;

/** Whether a value was made from this token of this source. */
export const isFrom: Stamps['isFrom'] = stamps.isFrom;
