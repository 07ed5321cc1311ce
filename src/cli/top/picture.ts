/** A transaction that has locked something, or waits for a lock. */
export interface Transaction {
  /** The connection's number on its server, for `KILL`. */
  readonly connection: number;
  /** Which process it is, as far as its connection tells. */
  readonly who: string;
  readonly does: 'holds' | 'waits';
  /** For how long it holds or waits, in seconds. */
  readonly seconds: number;
  /** The session's handle; null where the server does not show which row it is. */
  readonly session: string | null;
  /** The kind of the statement that runs. */
  readonly statement: string;
  /** The connections that it waits for. */
  readonly waitsFor: readonly number[];
}

/** Since the picture before, each in a second. */
export interface Rates {
  readonly statements: number;
  readonly commits: number;
  readonly lockWaits: number;
}

/** What is known of one server at one time. */
export interface ServerPicture {
  /** `'127.0.0.1:3306'` */
  readonly server: string;
  readonly version: string;
  /** Connections by whose they are; null where the server does not tell. */
  readonly connections: {
    readonly all: number;
    readonly most: number;
    readonly node: number | null;
    readonly php: number | null;
  } | null;
  /** The session table: rows as the server estimates them, and bytes with indexes. */
  readonly table: { readonly rows: number; readonly bytes: number } | null;
  readonly rates: Rates | null;
  /** The longest first. */
  readonly transactions: readonly Transaction[];
  /** What cannot be seen, and why. */
  readonly unseen: readonly string[];
}
