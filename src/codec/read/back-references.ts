import { PhpEnum, PhpObject } from '../values.ts';

/** Thrown if values can be built only after all references of the source are known. */
export const needsReferences: unique symbol = Symbol('needs references');

/**
 * The values that were built so far, by the numbers that PHP gives them (its `var_hash`). With them one pass can check, build and follow
 * references. That works if a number means one value from first to last. If it does not, or if a reference is wrong, this class throws
 * `needsReferences`, and `References` does all of it again.
 */
export class BackReferences {
  /** The values that `R:` shares, by their token. */
  readonly shared: Map<number, unknown> = new Map();
  readonly #tokens: number[] = [];
  readonly #values: unknown[] = [];

  /** Returns the number of the next value. All values but `R:` have one. An array or object comes before its elements. */
  add(at: number, value: unknown): number {
    this.#tokens.push(at);
    return this.#values.push(value);
  }

  /** The object that an `r:` means. */
  objectAt(number: number): unknown {
    const value = this.#values[number - 1];
    if (!(value instanceof PhpObject || value instanceof PhpEnum)) throw needsReferences;
    return value;
  }

  /** The value that an `R:` shares. */
  shareAt(number: number): unknown {
    const value = this.#values[number - 1];
    if (value === undefined) throw needsReferences;
    this.shared.set(this.#tokens[number - 1]!, value);
    return value;
  }

  /** For a list that turns out to be a map. If a reference already shares the list, this is too late. */
  replace(number: number, value: unknown): void {
    if (this.shared.has(this.#tokens[number - 1]!)) throw needsReferences;
    this.#values[number - 1] = value;
  }
}
