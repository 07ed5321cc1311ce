import { Tokenizer } from '../php/tokenizer.ts';
import { type PhpKey, propertyKey } from '../values.ts';

/** The keys and values of an array or object in the bytes, or of the session. */
export class SourceNode {
  /** Keys of arrays are strings, as in the plain view. Keys of objects are as in `PhpObject.properties`. */
  readonly keys: PhpKey[] = [];
  /** For each key the token of its value. */
  readonly tokens: number[] = [];
  isList = true;
  #index: Map<PhpKey, number> | undefined;

  /** Tokens by key. Of a key that comes twice the last wins, at the position of the first. */
  get index(): ReadonlyMap<PhpKey, number> {
    if (this.#index === undefined) {
      this.#index = new Map();
      for (const [at, key] of this.keys.entries()) this.#index.set(propertyKey(this.#index, key), this.tokens[at]!);
    }
    return this.#index;
  }
}

interface OpenNode {
  readonly node: SourceNode;
  readonly at: number;
  readonly isArray: boolean;
  left: number;
}

/**
 * Finds all arrays and objects of a checked value in one pass, so that no part is skipped again and again.
 *
 * @param nodes gets them by their tokens
 * @param classNames gets the names of classes and enums
 */
export function indexNodes(
  bytes: Uint8Array,
  start: number,
  nodes: Map<number, SourceNode>,
  classNames: Set<string>,
): void {
  const tokens = new Tokenizer(bytes, start);
  const open: OpenNode[] = [];
  for (;;) {
    const at = tokens.at;
    const token = tokens.peek();
    if (token === 0x61) {
      open.push({ node: new SourceNode(), at, isArray: true, left: tokens.array() });
    } else if (token === 0x4f) {
      classNames.add(tokens.className());
      open.push({ node: new SourceNode(), at, isArray: false, left: tokens.objectCount() });
    } else if (token === 0x43) {
      classNames.add(tokens.custom().className);
    } else if (token === 0x45) {
      classNames.add(tokens.enumCase().className);
    } else if (!tokens.skipCommon()) {
      tokens.scalar();
    }

    let inner = open.at(-1);
    while (inner?.left === 0) {
      tokens.close();
      nodes.set(inner.at, inner.node);
      open.pop();
      inner = open.at(-1);
    }
    if (inner === undefined) return;
    inner.left--;
    const { node } = inner;
    const key = tokens.key();
    if (key !== node.keys.length) node.isList = false;
    node.keys.push(inner.isArray ? String(key) : key);
    node.tokens.push(tokens.at);
  }
}
