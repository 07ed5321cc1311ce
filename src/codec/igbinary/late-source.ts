import type { SessionFormat } from '../formats/format.ts';
import { framingOf } from '../formats/index.ts';
import { limitsOf } from '../formats/translate.ts';
import { parseValue } from '../read/parse.ts';
import type { Limits } from '../rules.ts';
import { Source } from '../source/source.ts';

/**
 * A session that is translated when something asks for its bytes: one that is only read never is. The getter is in the class, because a
 * getter for each session, or for all sources, would take longer than the rest of a small session.
 */
export class LateSource extends Source {
  readonly #read: Uint8Array;

  constructor(read: Uint8Array, limits: Limits, format: SessionFormat) {
    super(read, framingOf(format), limits, parseValue);
    this.#read = read;
    this.format = format;
  }

  static {
    Object.defineProperty(LateSource.prototype, 'bytes', {
      get(this: LateSource) {
        const value = (this.format as SessionFormat).toSerialized(this.#read, limitsOf(this.limits));
        Object.defineProperty(this, 'bytes', { value });
        return value;
      },
      set() {}, // the constructor of `Source` sets it
    });
  }
}
