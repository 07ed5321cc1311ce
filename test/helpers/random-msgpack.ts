import { PhpArray, PhpCustom, PhpEnum, PhpFloat, type PhpKey, PhpObject, PhpReference } from '../../src/codec/index.ts';
import type { ObjectLayout } from '../../src/codec/msgpack/index.ts';
import { RandomPhp } from './random-php.ts';

/** The classes of random sessions, and how PHP's extension writes their objects. PHP does not know `Ghost`. */
export const layouts: Record<string, ObjectLayout> = {
  Point: 'properties',
  Ghost: 'properties',
  Bag: '__serialize',
  Old: 'Serializable',
};

/** Their code. As most such classes, `Old` does not mind the byte that PHP's extension adds to its data. */
export const classesInPhp = `
  class Point { public $x; protected $y; private $z; }
  class Bag {
    private $data = [];
    public function __serialize(): array { return $this->data; }
    public function __unserialize(array $data): void { $this->data = $data; }
  }
  class Old implements Serializable {
    private $data = '';
    public function serialize() { return $this->data; }
    public function unserialize($data) { $this->data = rtrim($data, "\\0"); }
  }
  if (PHP_VERSION_ID >= 80100) eval('enum Suit: string { case Hearts = "H"; case Spades = "S"; }');
`;

const ints = [0, 1, -1, 127, 128, -32, -33, -128, -129, 255, 256, 65_535, 65_536, -32_768, -32_769, 2 ** 31, 2 ** 32];
const texts = [
  '',
  'x',
  'é',
  '日本',
  '\0',
  'x'.repeat(31),
  'y'.repeat(32),
  'é'.repeat(20),
  'z'.repeat(300),
  '🙂',
  'nil',
];
const names = ['a', 'b', 'c', 'né', 'a b', '__proto__', 'toJSON', 'constructor', '', 'k'.repeat(40), '-0', '05'];

/** Sessions of the exact view at random, with shared objects and references. */
export class RandomSession {
  readonly #random: RandomPhp;
  readonly #hasEnums: boolean;
  /** Whether objects and references come again. */
  readonly #sharing: boolean;
  #objects: object[] = [];
  #references: PhpReference[] = [];

  constructor(seed: number, hasEnums: boolean) {
    this.#random = new RandomPhp(seed);
    this.#hasEnums = hasEnums && this.#random.below(2) === 0;
    this.#sharing = this.#random.below(2) === 0;
  }

  session(): PhpArray {
    const session = new PhpArray();
    for (let left = this.#random.below(this.#random.below(8) === 0 ? 20 : 6); left > 0; left--) {
      const name = this.#random.below(3) === 0 ? this.#random.pick(names) : `v${this.#random.below(40)}`;
      if (!session.has(name)) session.set(name, this.#value(0));
    }
    return session;
  }

  #value(depth: number): unknown {
    const random = this.#random;
    const kind = random.below(depth > 4 ? 8 : 16);
    if (kind < 8) return this.#scalar();
    if (this.#sharing) {
      if (kind === 8 && this.#objects.length > 0) return random.pick(this.#objects);
      if (kind === 9) return this.#reference(depth);
    }
    return kind < 13 ? this.#array(depth) : this.#object(depth);
  }

  #reference(depth: number): PhpReference {
    const random = this.#random;
    if (this.#references.length > 0 && random.below(2) === 0) return random.pick(this.#references);
    const reference = new PhpReference(null);
    this.#references.push(reference);
    const kind = random.below(8);
    if (kind === 0) reference.value = this.#scalar();
    else if (kind === 1 && this.#objects.length > 0) reference.value = random.pick(this.#objects);
    else reference.value = kind < 4 ? this.#object(depth) : this.#array(depth);
    return reference;
  }

  #array(depth: number): PhpArray {
    const random = this.#random;
    const array = new PhpArray();
    const isList = random.below(2) === 0;
    for (let left = this.#size(); left > 0; left--) {
      const key = isList ? array.size : this.#key();
      if (!array.has(key)) array.set(key, this.#value(depth + 1));
    }
    return array;
  }

  #object(depth: number): object {
    const random = this.#random;
    switch (random.below(this.#hasEnums ? 8 : 7)) {
      case 0:
        // In PHP's own format references after such an object are not followed, nor is an enum that comes again.
        if (this.#sharing || this.#hasEnums) break;
        return this.#keep(new PhpCustom('Old', Buffer.from(random.pick(['abc', '', 'x:1', '\xff']), 'latin1')));
      case 1: {
        const point = new PhpObject('Point');
        this.#keep(point);
        for (const name of ['x', '\0*\0y', '\0Point\0z']) point.properties.set(name, this.#value(depth + 1));
        return point;
      }
      case 7:
        return this.#keep(new PhpEnum('Suit', random.pick(['Hearts', 'Spades'])));
    }
    const name = random.pick(['stdClass', 'stdClass', 'Ghost', 'Bag']);
    const object = new PhpObject(name);
    this.#keep(object);
    // PHP's extension needs a class for a larger object.
    for (let left = name === 'Ghost' ? random.below(7) : this.#size(); left > 0; left--) {
      const key = name === 'Bag' ? this.#key() : `p${random.below(30)}`;
      if (!object.properties.has(key)) object.properties.set(key, this.#value(depth + 1));
    }
    return object;
  }

  #keep<T extends object>(object: T): T {
    this.#objects.push(object);
    return object;
  }

  #size(): number {
    return this.#random.below(this.#random.below(6) === 0 ? 14 : 4);
  }

  #key(): PhpKey {
    const random = this.#random;
    if (random.below(3) === 0) return random.pick([0, 1, 2, 7, -3, 200, 70_000, 2 ** 40, 9_007_199_254_740_993n]);
    return random.below(2) === 0 ? random.pick(names) : `k${random.below(30)}`;
  }

  #scalar(): unknown {
    const random = this.#random;
    switch (random.below(6)) {
      case 0:
        return random.pick([null, true, false]);
      case 1:
        return random.pick([...ints, 2 ** 53 - 1, -(2 ** 40), 2n ** 63n - 1n, -(2n ** 63n), 9_007_199_254_740_993n]);
      case 2:
        return new PhpFloat(random.pick([0, -0, 1, 0.1, 1.5e-7, 1e25, Number.NaN, Infinity, -Infinity, 5e-324]));
      case 3:
        return Buffer.from(random.pick(['\xff', '\xff\xfe\0', 'a\x80'.repeat(30)]), 'latin1');
      default:
        return random.pick(texts);
    }
  }
}
