// The corpus: what every PHP makes of the cases in fixtures/, recorded in fixtures/recorded/ as JSON. fixtures/README.md says more.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** In their order. */
export const versions = /** @type {const} */ (['7.2', '7.3', '7.4', '8.0', '8.1', '8.2', '8.3', '8.4', '8.5']);

/** @typedef {(typeof versions)[number]} Version */

/**
 * What PHP did, other than to write bytes. `refused`: it does not read the input; `unserialize()` says at which offset.
 * `throws`: the class of an exception. `bytes`: null where it reads the input and writes nothing.
 *
 * @typedef {{ refused?: number | boolean, throws?: string, bytes?: null }} Other
 */

/**
 * One case. Bytes are text of one character a byte. In `write`, a result has one of them for each session format.
 *
 * @template R
 * @typedef {{ name: string, input?: string, results: Map<Version, R> }} Case
 */

/** @typedef {{ php: string | Other, php_binary: string | Other, php_serialize: string | Other, json?: string }} Written */

/**
 * What is recorded, by file: `write/floats`, `read/value-strings`, and so on.
 *
 * @param {string} fixtures the directory
 * @returns {Map<string, Case<any>[]>}
 */
export function loadCorpus(fixtures) {
  const corpus = new Map();
  for (const directory of ['write', 'read']) {
    for (const file of readdirSync(join(fixtures, 'recorded', directory)).sort()) {
      const text = readFileSync(join(fixtures, 'recorded', directory, file), 'utf8');
      const cases = Object.entries(JSON.parse(text)).map(([name, { input, ...results }]) => ({
        name,
        input,
        results: new Map(
          Object.entries(results).flatMap(([names, result]) => expand(names).map((one) => [one, result])),
        ),
      }));
      corpus.set(`${directory}/${file.replace(/\.json$/, '')}`, cases);
    }
  }
  return corpus;
}

/**
 * Writes all of it, instead of what was there: one line for each result, versions with equal results together.
 *
 * @param {string} fixtures the directory
 * @param {Map<string, Case<any>[]>} corpus
 */
export function saveCorpus(fixtures, corpus) {
  rmSync(join(fixtures, 'recorded'), { recursive: true, force: true });
  for (const [file, cases] of corpus) {
    const path = join(fixtures, 'recorded', `${file}.json`);
    mkdirSync(dirname(path), { recursive: true });
    const blocks = cases.map(({ name, input, results }) => {
      const lines = group(results).map(([names, result]) => `    ${ascii(names)}: ${formatResult(result)}`);
      if (input !== undefined) lines.unshift(`    "input": ${ascii(input)}`);
      return `  ${ascii(name)}: {\n${lines.join(',\n')}\n  }`;
    });
    writeFileSync(path, `{\n${blocks.join(',\n')}\n}\n`);
  }
}

/**
 * What one run of record.php printed, by file.
 *
 * @param {Record<string, Record<string, any>>} cases
 * @returns {Map<string, Map<string, { input?: string, result: unknown }>>}
 */
export function recordedCases(cases) {
  const files = Object.entries(cases).map(([file, results]) => {
    const read = file.startsWith('read/');
    const entries = Object.entries(results).map(([name, result]) => [name, read ? result : { result }]);
    return /** @type {const} */ ([file, new Map(/** @type {any} */ (entries))]);
  });
  return new Map(files);
}

/**
 * Stored bytes of a session, and the variable to unset when PHP has read them.
 *
 * @typedef {[format: string, bytes: string, unset: string | null]} Stored
 */

/**
 * What this PHP wrote, changed by the codec so that the numbers of references move: with a variable in front of all (exact
 * view) or after all (plain view), and without the first one. PHP makes the same change, and must write the same for all
 * sessions of a job; the first is its own.
 *
 * @param {Map<string, Case<any>[]>} corpus
 * @param {Version} version
 * @param {typeof import('../src/codec/index.ts')} codec
 * @returns {{ jobs: { name: string, sessions: Stored[] }[], refused: number }} `refused`: how many changes the codec refuses, as
 *   references come after a `C:`, or are in one
 */
export function changedSessions(corpus, version, codec) {
  const formats = /** @type {const} */ (['php', 'php_binary', 'php_serialize']);
  const jobs = [];
  let refused = 0;
  for (const [file, cases] of corpus) {
    if (!file.startsWith('write/')) continue;
    for (const { name, results } of cases) {
      for (const format of formats) {
        const own = results.get(version)?.[format];
        if (typeof own !== 'string') continue;
        const title = `${file}, ${name}, ${format}`;
        const changed = (/** @type {typeof withFirst} */ change) => {
          try {
            return change(format, own, codec);
          } catch (error) {
            if (!(error instanceof codec.PhpSessionError) || error.code !== 'ERR_PHP_REFERENCE') throw error;
            refused++;
            return [];
          }
        };
        const extended = [...changed(withFirst), ...changed(withLast)];
        if (extended.length > 0) jobs.push({ name: title, sessions: [[format, own, null], ...extended] });
        // PHP 7.2 makes a reference of an r: whose target is one.
        if (version === '7.2' && own.includes('R:') && own.includes('r:')) continue;
        const shorter = changed(withoutFirst);
        if (shorter.length > 0) jobs.push({ name: `${title}, without its first variable`, sessions: shorter });
      }
    }
  }
  return { jobs, refused };
}

/** @typedef {import('../src/codec/index.ts').SessionFormatName} Format */

/** @param {Format} format @param {string} own @param {typeof import('../src/codec/index.ts')} codec @returns {Stored[]} */
function withFirst(format, own, { decodeSession, encodeSession }) {
  const exact = decodeSession(Buffer.from(own, 'latin1'), { format, view: 'exact' });
  const entries = [...exact];
  for (const [key] of entries) exact.delete(key);
  exact.set('added', added);
  for (const [key, old] of entries) exact.set(key, old);
  return [[format, latin1(encodeSession(exact, { format })), 'added']];
}

/** @param {Format} format @param {string} own @param {typeof import('../src/codec/index.ts')} codec @returns {Stored[]} */
function withLast(format, own, { decodeSession, encodeSession }) {
  const plain = decodeSession(Buffer.from(own, 'latin1'), { format });
  Object.values(plain);
  plain.added = added;
  return [[format, latin1(encodeSession(plain)), 'added']];
}

const added = [1, { x: 2.5 }];

/** @param {Format} format @param {string} own @param {typeof import('../src/codec/index.ts')} codec @returns {Stored[]} PHP's own, and the codec's */
function withoutFirst(format, own, { decodeSession, encodeSession }) {
  const plain = decodeSession(Buffer.from(own, 'latin1'), { format });
  const [first, second] = Object.keys(plain);
  if (second === undefined || !/^[a-z]+$/i.test(/** @type {string} */ (first))) return [];
  delete plain[/** @type {string} */ (first)];
  return [
    [format, own, /** @type {string} */ (first)],
    [format, latin1(encodeSession(plain)), null],
  ];
}

/** @param {Uint8Array} bytes */
function latin1(bytes) {
  return Buffer.from(bytes).toString('latin1');
}

/** @param {Map<Version, unknown>} results @returns {[names: string, result: unknown][]} */
function group(results) {
  /** @type {Map<string, Version[]>} */
  const groups = new Map();
  for (const [version, result] of results) {
    const key = JSON.stringify(result);
    groups.set(key, [...(groups.get(key) ?? []), version]);
  }
  return [...groups].map(([key, all]) => [collapse(all), JSON.parse(key)]);
}

/** Formats of one session stand below each other. @param {unknown} result */
function formatResult(result) {
  const entries = Object.entries(/** @type {object} */ (result));
  if (typeof result === 'string' || entries.length === 1) return ascii(result);
  return `{\n${entries.map(([key, value]) => `      ${ascii(key)}: ${ascii(value)}`).join(',\n')}\n    }`;
}

/** `7.2-8.0, 8.2`. @param {Version[]} all in their order */
function collapse(all) {
  /** @type {Version[][]} */
  const runs = [];
  for (const version of all) {
    const last = runs.at(-1)?.at(-1);
    if (last !== undefined && versions.indexOf(version) === versions.indexOf(last) + 1) runs.at(-1)?.push(version);
    else runs.push([version]);
  }
  return runs.map((run) => (run.length > 1 ? `${run[0]}-${run.at(-1)}` : run[0])).join(', ');
}

/** @param {string} names @returns {Version[]} */
function expand(names) {
  return names.split(', ').flatMap((run) => {
    const [first, last = first] = /** @type {Version[]} */ (run.split('-'));
    return versions.slice(
      versions.indexOf(/** @type {Version} */ (first)),
      versions.indexOf(/** @type {Version} */ (last)) + 1,
    );
  });
}

/** JSON in ASCII: bytes that are no ASCII can be read, and no editor changes them. @param {unknown} value */
function ascii(value) {
  const escaped = (/** @type {string} */ c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value).replace(/[\x7f-\uffff]/g, escaped);
}
