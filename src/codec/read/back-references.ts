import { PhpEnum, PhpObject } from '../values.ts';

/** Thrown where values cannot be built before all references of the source are known. */
export const needsReferences: unique symbol = Symbol('needs references');

/**
 * The values that were built so far, by the numbers that PHP gives them (its `var_hash`): so references can be followed in the
 * same pass that builds and checks. For sessions in which a number means one value from first to last. Where it is not that
 * simple, or a reference is wrong, `needsReferences` is thrown, and all is left to `References`.
 */
export class BackReferences {
  /** What `R:` shares, by the token. */
  readonly shared: Map<number, unknown> = new Map();
  readonly #tokens: number[] = [];
  readonly #values: unknown[] = [];

  /** Gives a value its number, which is returned. All values have one but `R:`, and an array or object before what is in it. */
  add(at: number, value: unknown): number {
    this.#tokens.push(at);
    return this.#values.push(value);
  }

  /** What `r:` means. */
  objectAt(number: number): unknown {
    const value = this.#values[number - 1];
    if (!(value instanceof PhpObject || value instanceof PhpEnum)) throw needsReferences;
    return value;
  }

  /** What `R:` means. */
  shareAt(number: number): unknown {
    const value = this.#values[number - 1];
    if (value === undefined) throw needsReferences;
    this.shared.set(this.#tokens[number - 1]!, value);
    return value;
  }

  /** For a list that turns out to be a map. Others may have got the list already. */
  replace(number: number, value: unknown): void {
    if (this.shared.has(this.#tokens[number - 1]!)) throw needsReferences;
    this.#values[number - 1] = value;
  }
}
