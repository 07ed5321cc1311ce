import { Tokenizer } from '../php/tokenizer.ts';
import { indexNodes, type SourceNode } from '../source/nodes.ts';
import type { Translation } from './translation.ts';

/**
 * Finds where PHP would count properties that have no value: typed ones that were never set, or that `unset()` removed. Where they are
 * depends on the class, and on which other properties are there.
 */
export class GapFinder {
  readonly #text: Uint8Array;
  readonly #known: Map<string, readonly number[]> = new Map();
  #nodes: Map<number, SourceNode> | undefined;

  constructor({ text, gaps }: Translation, now: Uint8Array) {
    this.#text = now;
    const nodes = nodesOf(text);
    for (const [start, positions] of gaps) this.#known.set(shape(text, start, nodes), positions);
  }

  /** Their positions in an object of the text. */
  find(start: number): readonly number[] | undefined {
    this.#nodes ??= nodesOf(this.#text);
    return this.#known.get(shape(this.#text, start, this.#nodes));
  }
}

function nodesOf(text: Uint8Array): Map<number, SourceNode> {
  const nodes = new Map<number, SourceNode>();
  indexNodes(text, 0, nodes, new Set());
  return nodes;
}

/** The class of an object, and the names of its properties in their order. */
function shape(text: Uint8Array, start: number, nodes: ReadonlyMap<number, SourceNode>): string {
  return JSON.stringify([new Tokenizer(text, start).className(), ...nodes.get(start)!.keys.map(String)]);
}
