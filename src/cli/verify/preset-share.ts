import { decodeSession } from '../../codec/index.ts';
import { PhpSessionError } from '../../errors.ts';
import type { Preset } from '../../presets/index.ts';
import { unpack } from '../../stores/encoding.ts';
import { loadPresets } from '../load-presets.ts';

/** Rows that are looked at from the beginning, and how many rows then have one that is. */
const FIRST = 500;
const ONE_OF = 500;

/** Of how many rows, and how many of them each preset would read, by its name. */
export interface Share {
  looked: number;
  readonly reads: Record<string, number>;
}

/** Of no application: with it a preset that reads cookies can be made. Rows need none. */
const KEY = `base64:${Buffer.alloc(32).toString('base64')}`;

/** The options without which a preset cannot be made, by what it is called in the answer. Others need none. */
const options: Record<string, readonly [preset: string, options: object]> = {
  laravel: ['laravel', { key: KEY }],
  'laravel (json)': ['laravel', { key: KEY, serialization: 'json' }],
  matomo: ['matomo', { salt: KEY }],
  mediaWiki: ['mediaWiki', { dbname: 'wiki' }],
  roundcube: ['roundcube', { version: '1.6' }],
  typo3: ['typo3', { encryptionKey: KEY, scope: 'any' }],
};

/** Which share of the rows each preset would read. It looks at some of them only, as it reads them in several ways. */
export class PresetShare {
  readonly share: Share;
  readonly #ways: ReadonlyMap<string, Way>;
  #rows = 0;

  private constructor(ways: ReadonlyMap<string, Way>, share: Share) {
    this.#ways = ways;
    this.share = share;
  }

  static async load(share: Share = { looked: 0, reads: {} }): Promise<PresetShare> {
    const makers = await loadPresets();
    const named = [...makers.keys()].map((name) => [name, [name, {}]] as const);
    const all = Object.entries({ ...Object.fromEntries(named), ...options });
    const ways = new Map(all.map(([name, [preset, given]]) => [name, wayOf(makers.get(preset)!(given))]));
    return new PresetShare(ways, share);
  }

  look(stored: Uint8Array): void {
    if (stored.length === 0 || (this.#rows++ >= FIRST && this.#rows % ONE_OF !== 0)) return;
    this.share.looked++;
    // Most presets read rows in the same way.
    const known = new Map<string, boolean>();
    for (const [name, way] of this.#ways) {
      let reads = known.get(way.name);
      if (reads === undefined) {
        reads = way.reads(stored);
        known.set(way.name, reads);
      }
      if (reads) this.share.reads[name] = (this.share.reads[name] ?? 0) + 1;
    }
  }
}

interface Way {
  /** The packing and the format. */
  readonly name: string;
  reads(stored: Uint8Array): boolean;
}

function wayOf({ store, session }: Preset): Way {
  const { encoding } = store;
  const format = session.serializeHandler ?? 'php';
  const name = `${encoding?.name ?? ''} ${typeof format === 'string' ? format : format.name}`;
  const reads = (stored: Uint8Array): boolean => {
    try {
      const { data, unreadable } = encoding === undefined ? { data: stored } : unpack(encoding, stored);
      if (unreadable !== undefined) return false;
      decodeSession(data, { format });
      return true;
    } catch (error) {
      if (error instanceof PhpSessionError) return false;
      throw error;
    }
  };
  return { name, reads };
}
