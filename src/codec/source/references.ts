import { PhpSessionError } from '../../errors.ts';
import { syntaxError } from '../php/errors.ts';
import { Tokenizer } from '../php/tokenizer.ts';
import type { SourceNode } from './nodes.ts';
import { noToken, sessionToken } from './origins.ts';

/** An array or object during the pass, or the session. */
interface Step {
  readonly node: SourceNode;
  next: number;
  /** The places of its keys, if one comes twice. */
  readonly places: Map<string, number> | undefined;
}

/**
 * The targets of the `r:` and `R:` of a session. PHP numbers all values of a session in one sequence, from 1 (php-src: `var_push` in
 * var_unserializer.re). Every value takes a number except `R:`; keys take none. A number means a place, and so the value that the place
 * holds when the reference is read.
 *
 * It exists only for sessions with references. A token is the offset of its first byte.
 */
export class References {
  /** For each `R:` the token of the value that it shares. For each `r:` the token of its object. */
  readonly targets: Map<number, number> = new Map();
  /** The tokens that some `r:` or `R:` means. */
  readonly shared: Set<number> = new Set();
  /** The tokens whose value some `R:` shares. Then their own places are PHP references too. */
  readonly inSets: Set<number> = new Set();

  /**
   * @param isArray whether the variables are elements of an array in the text
   * @param nodeAt gives the array or object of a token, or the session
   * @param isTranslation whether the text was made from another format, in which a number means a value and not a place
   * @throws PhpSessionError `ERR_PHP_SYNTAX` for a target that does not exist or is no object. `ERR_PHP_REFERENCE` for a target after
   *   a `C:`: only the class knows how many numbers its data take; and for a key that comes twice in a translation
   */
  constructor(bytes: Uint8Array, isArray: boolean, nodeAt: (at: number) => SourceNode, isTranslation: boolean = false) {
    const { targets } = this;
    /** For each place the token of its value. An `R:` makes two places hold the same token. A duplicate key fills its place again. */
    const held: number[] = [];
    /** For each number, minus 1, its place. */
    const slots: number[] = [];
    // The array around all variables has the number 1. No reference may mean it, because it would contain itself.
    if (isArray) slots.push(held.push(noToken) - 1);
    let firstCustom = Number.POSITIVE_INFINITY;
    const tokens = new Tokenizer(bytes, 0);

    // Without an array around them, each variable has a place of its own, even if its name comes twice (`php_set_session_var`).
    const open: Step[] = [stepInto(nodeAt(sessionToken), isArray)];
    for (let step = open[0]; step !== undefined; step = open.at(-1)) {
      const { node, places } = step;
      const index = step.next++;
      const at = node.tokens[index];
      if (at === undefined) {
        open.pop();
        continue;
      }
      let place = held.length;
      if (places !== undefined) {
        const key = String(node.keys[index]);
        const earlier = places.get(key);
        if (earlier !== undefined && isTranslation) throw twice(at);
        place = earlier ?? place;
        places.set(key, place);
      }
      const letter = bytes[at];
      if (letter === 0x52 || letter === 0x72) {
        tokens.at = at;
        const number = tokens.reference();
        const target = slots[number - 1];
        if (number > firstCustom) throw unknowable(at);
        if (isArray && number === 1) throw toRoot(at);
        if (target === undefined || target === place) throw syntaxError(at);
        let meant = held[target]!;
        if (letter === 0x52) {
          held[place] = meant;
          this.inSets.add(meant);
        } else {
          if (bytes[meant] === 0x72) meant = targets.get(meant)!;
          if (!isObject(bytes[meant])) throw syntaxError(at);
          held[place] = at;
          slots.push(place);
        }
        targets.set(at, meant);
        this.shared.add(meant);
      } else {
        held[place] = at;
        slots.push(place);
        if (letter === 0x61 || letter === 0x4f) open.push(stepInto(nodeAt(at), true));
        else if (letter === 0x43) firstCustom = Math.min(firstCustom, slots.length);
      }
    }
  }
}

/** @param isContainer whether a key that comes twice is one place */
function stepInto(node: SourceNode, isContainer: boolean): Step {
  const hasDuplicates = isContainer && !node.isList && node.index.size < node.keys.length;
  return { node, next: 0, places: hasDuplicates ? new Map() : undefined };
}

function isObject(letter: number | undefined): boolean {
  return letter === 0x4f || letter === 0x43 || letter === 0x45;
}

const toRoot = (at: number) =>
  refused(at, 'The reference', 'is to the session itself, which PHP could not write again');
const twice = (at: number) => refused(at, 'The key of the value', 'comes twice, beside references');
const unknowable = (at: number) =>
  refused(at, 'The reference', 'comes after an object that serialized itself (C:), so its target cannot be known');

function refused(at: number, what: string, why: string): PhpSessionError {
  return new PhpSessionError('ERR_PHP_REFERENCE', `${what} at byte ${at} ${why}`, { offset: at });
}
