/** Serialized data at random, with many references, and damage done to them: what the differential tests feed to PHP and us. */
export class RandomPhp {
  #state: number;
  #slots = 0;
  #objects: number[] = [];

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Mulberry32. */
  #random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  /** One value, as `serialize()` might have written it. */
  serialized(): Buffer {
    this.#slots = 0;
    this.#objects = [];
    return Buffer.from(this.#value(0), 'latin1');
  }

  session(format: 'php' | 'php_binary' | 'php_serialize' = 'php'): Buffer {
    // The array of php_serialize has the number 1.
    this.#slots = format === 'php_serialize' ? 1 : 0;
    this.#objects = [];
    let text = '';
    const count = this.below(5);
    for (let left = count; left > 0; left--) {
      const name = this.pick(['a', 'b', 'c', '', '!x', '12', 'né', 'a b', '\xff', '__proto__', 'toJSON']);
      const bytes = Buffer.from(name).toString('latin1');
      if (format === 'php') text += `${bytes}|`;
      else if (format === 'php_binary') text += this.#length(bytes.length) + bytes;
      else text += this.#key();
      text += this.#value(0);
    }
    return Buffer.from(format === 'php_serialize' ? `a:${count}:{${text}}` : text, 'latin1');
  }

  /** The same bytes with a few of them changed, or tokens exchanged. */
  damaged(bytes: Buffer): Buffer {
    let text = bytes.toString('latin1');
    for (let left = 1 + this.below(3); left > 0; left--) {
      const at = this.below(text.length + 1);
      const rest = text.slice(at);
      switch (this.below(6)) {
        case 0:
          text = text.slice(0, at) + rest.slice(1);
          break;
        case 1:
          text = text.slice(0, at) + this.pick([...';:{}"|0123456789NbidsSaOCEeRr+-.\\ \n\0']) + rest;
          break;
        case 2:
          text = text.slice(0, at) + this.pick([...';:{}"|019idsSaOrR+-.\\']) + rest.slice(1);
          break;
        case 3:
          text = text.slice(0, at);
          break;
        case 4:
          text = text.slice(0, at) + rest.replace(/\d+/, (digits) => String(Number(digits) + this.pick([-1, 1])));
          break;
        default:
          text = text.slice(0, at) + rest.replace(/[idsN](:[^;]*)?;/, () => this.#scalar());
      }
    }
    return Buffer.from(text, 'latin1');
  }

  #value(depth: number): string {
    const kind = this.below(depth > 4 ? 8 : 12);
    if (kind === 0 && this.#slots > 0) return `R:${1 + this.below(this.#slots)};`;
    if (kind === 1 && this.#objects.length > 0) {
      this.#slots++;
      return `r:${this.pick(this.#objects)};`;
    }
    this.#slots++;
    if (kind < 8) return this.#scalar();
    const count = this.below(4);
    let text = '';
    if (kind < 10) {
      const isList = this.below(2) === 0;
      for (let i = 0; i < count; i++) text += (isList ? `i:${i};` : this.#key()) + this.#value(depth + 1);
      return `a:${count}:{${text}}`;
    }
    this.#objects.push(this.#slots);
    for (let i = 0; i < count; i++)
      text += this.#string(this.pick(['p', 'q', '\0*\0p', '\0Foo\0q', '5'])) + this.#value(depth + 1);
    const name = this.pick(['stdClass', 'Foo', 'App\\Übung', 'foo']);
    return `O:${Buffer.byteLength(name)}:"${Buffer.from(name).toString('latin1')}":${count}:{${text}}`;
  }

  #scalar(): string {
    switch (this.below(6)) {
      case 0:
        return this.below(3) === 0 ? this.#odd() : 'N;';
      case 1:
        return `b:${this.below(2)};`;
      case 2:
        return `i:${this.pick(['0', '1', '-1', '42', '9007199254740993', '-9223372036854775808', '9223372036854775807'])};`;
      case 3:
        return `d:${this.pick(['1', '0.1', '-0', '1.0E+25', 'NAN', 'INF', '-INF', '1.5E-7', '5.0E-324', '100000'])};`;
      default:
        return this.#string(this.pick(['', 'x', 'x|y', '";}', 'é', '\0', '\xff\xfe', '__proto__', 'i:1;', '日本']));
    }
  }

  /** A spelling that PHP reads and does not write. */
  #odd(): string {
    const numbers = ['i:+5;', 'i:-0;', 'i:007;', 'i:9223372036854775808;', 'd:.5;', 'd:5.;', 'd:+1.E2;', 'd:1e999;'];
    const strings = ['S:1:"\\41";', 'S:3:"a\\c3\\A9";', 's:03:"abc";', 's:18446744073709551617:"a";', 'S:00:"";'];
    return this.pick([...numbers, ...strings]);
  }

  /** The byte before a name; its highest bit says nothing. */
  #length(length: number): string {
    return String.fromCharCode(length | (this.below(8) === 0 ? 0x80 : 0));
  }

  #key(): string {
    return this.below(3) === 0
      ? `i:${this.pick([0, 1, 2, 7, -3])};`
      : this.#string(this.pick(['a', 'b', '5', '05', '-0', '', '__proto__', 'é', '\xe9', 'length']));
  }

  #string(text: string): string {
    const bytes = /^[\0-\xff]*$/.test(text) && this.below(2) === 0 ? text : Buffer.from(text).toString('latin1');
    return `s:${bytes.length}:"${bytes}";`;
  }
}
