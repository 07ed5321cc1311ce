import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  decodeSession,
  encodeSession,
  isPhpObject,
  type PhpArray,
  PhpSessionError,
  type SessionData,
  type SessionFormatName,
  serialize,
  unserialize,
} from '../../../src/codec/index.ts';
import { type Case, loadCorpus, type Other, type Version, type Written } from '../../../tools/corpus.mjs';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { differences } from './fixtures-differences.ts';

// The codec over the corpus: what PHP 7.2 to 8.5 wrote, and what they made of odd and damaged data (fixtures/README.md).
const corpus = loadCorpus(join(__dirname, '../../../fixtures'));
const formats: readonly SessionFormatName[] = ['php', 'php_binary', 'php_serialize'];
const known = new Map(differences.flatMap(({ gives, cases }) => cases.map((name) => [name, [gives].flat()])));

for (const [file, cases] of corpus) {
  describe(file, () => {
    for (const one of cases) {
      test(one.name, () => {
        const found = file.startsWith('write/') ? written(one, file) : read(one, file);
        expect(found).toEqual(known.get(`${file}: ${one.name}`) ?? []);
      });
    }
  });
}

test('every case that is listed as a difference is there', () => {
  const all = new Set([...corpus].flatMap(([file, cases]) => cases.map(({ name }) => `${file}: ${name}`)));
  expect([...known.keys()].filter((name) => !all.has(name))).toEqual([]);
});

test('there are as many cases as there should be', () => {
  const count = [...corpus].map(([file, cases]) => [file, cases.length] as const);
  expect(count.reduce((sum, [, cases]) => sum + cases, 0)).toBeGreaterThan(900);
});

/**
 * A session that PHP wrote comes back as the same bytes: untouched, with every key of the plain view looked at, and from the
 * exact view. Into another format it gives what PHP wrote in that one. The plain view has what PHP's JSON has. A variable
 * more, and gone again, changes nothing else.
 *
 * @returns what is otherwise
 */
function written({ results }: Case<Written>, file: string): string[] {
  const found = new Set<string>();
  for (const result of new Set(results.values())) {
    const recorded = formats.flatMap((format) => {
      const data = result[format];
      return typeof data === 'string' ? [{ format, data }] : [];
    });
    for (const from of recorded) {
      if (isIncomplete(from, result)) continue;
      for (const { format, data } of recorded) {
        const options = { format, serializePrecision: file === 'write/floats-17' ? 17 : -1 } as const;
        const outcomes = [
          outcomeOf(() => encodeSession(plain(from), options)),
          outcomeOf(() => encodeSession(touched(plain(from)), options)),
          outcomeOf(() => encodeSession(exact(from), options)),
        ];
        for (const outcome of outcomes) if (outcome !== data) found.add(`${from.format} to ${format}: ${outcome}`);
      }
      if (![...found].some((difference) => difference.startsWith(`${from.format} to ${from.format}`))) {
        const more = changed(from, (session) => {
          session.new = 1;
        });
        expect(more).toBe(withNew(from));
        expect(changed({ ...from, data: more }, (session) => delete session.new)).toBe(from.data);
      }
    }
    if (result.json !== undefined) {
      // A list of variables is an array to json_encode().
      const expected: object = { ...JSON.parse(result.json) };
      expect(asJson(plain({ format: 'php_serialize', data: result.php_serialize as string }))).toEqual(expected);
    }
  }
  return [...found];
}

/** The value that `JSON.parse` would give for this, minus zero included. */
function asJson(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(asJson);
  const properties = isPhpObject(value) ? (value.toJSON() as object) : value;
  return Object.fromEntries(Object.entries(properties).map(([key, inner]) => [key, asJson(inner)]));
}

/**
 * What PHP reads from odd data is read, and gives the bytes that PHP makes of it; what it refuses is refused. Values are
 * judged as PHP 8.2 and later do, sessions as each version does (`phpVersion`). What any PHP makes of it comes back as it
 * is, if it is no damage to later ones.
 *
 * @returns what is otherwise: the bytes that the codec makes of it, `kept` if they are the input, or a code
 */
function read({ input: data, results }: Case<string | Other>, file: string): string[] {
  const found = new Set<string>();
  const isValue = file.startsWith('read/value');
  const format = isValue ? 'php' : (file.slice('read/'.length).split('-')[0] as SessionFormatName);
  const isRefused = (result: string | Other | undefined) => typeof result === 'object' && result.refused !== undefined;
  for (const [version, result] of results) {
    // A value is read as such, and as a variable of a session.
    const from = { format, data: isValue ? `v|${data}` : data!, phpVersion: version };
    const ways = [
      () =>
        isValue
          ? serialize(unserialize(latin1Bytes(data!), { view: 'exact' }))
          : encodeSession(exact(from), { format }),
      () => {
        const session = encodeSession(exact({ ...from, data: latin1Text(encodeSession(touched(plain(from)))) }), {
          format,
        });
        return isValue ? session.subarray(2) : session;
      },
    ];
    if (version >= '8.2' || file.startsWith('read/php')) {
      for (const way of ways) {
        const outcome = outcomeOf(way);
        if (isRefused(result) ? !outcome.startsWith('ERR_') : outcome !== result)
          found.add(outcome === data ? 'kept' : outcome);
      }
    }
    if (typeof result === 'string' && !isRefused(results.get('8.5'))) {
      const again = { format, data: isValue ? `v|${result}` : result };
      expect(outcomeOf(() => encodeSession(exact(again), { format }))).toBe(again.data);
      expect(outcomeOf(() => encodeSession(touched(plain(again))))).toBe(again.data);
    }
  }
  return [...found];
}

interface Session {
  readonly format: SessionFormatName;
  readonly data: string;
  readonly phpVersion?: Version;
}

function plain({ data, ...options }: Session): SessionData {
  return decodeSession(latin1Bytes(data), options);
}

function exact({ data, ...options }: Session): PhpArray {
  return decodeSession(latin1Bytes(data), { ...options, view: 'exact' });
}

/** Looks at everything, so that nothing is copied only because it was not read, or because it is empty. */
function touched(session: SessionData): SessionData {
  session.touched = true;
  delete session.touched;
  Object.values(session);
  return session;
}

function changed(session: Session, change: (read: SessionData) => void): string {
  const read = plain(session);
  change(read);
  return latin1Text(encodeSession(read));
}

/** The session with `$_SESSION['new'] = 1`. */
function withNew({ format, data }: Session): string {
  if (format === 'php') return `${data}new|i:1;`;
  if (format === 'php_binary') return `${data}\x03newi:1;`;
  return `a:${Number.parseInt(data.slice(2), 10) + 1}${data.slice(data.indexOf(':{'), -1)}s:3:"new";i:1;}`;
}

/** Whether PHP dropped variables as it wrote this. */
function isIncomplete(session: Session, { php_serialize: all }: Written): boolean {
  try {
    return typeof all === 'string' && exact(session).size < exact({ data: all, format: 'php_serialize' }).size;
  } catch {
    return false; // it cannot be read, which is found all the same
  }
}

/** The bytes that this makes, or the code of its error. An error of the grammar says at which byte it is. */
function outcomeOf(run: () => Uint8Array): string {
  try {
    return latin1Text(run());
  } catch (error) {
    if (!(error instanceof PhpSessionError)) throw error;
    if (error.code === 'ERR_PHP_SYNTAX') expect(error.offset).toBeGreaterThanOrEqual(0);
    return error.code;
  }
}
