import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { json } from '../../src/codec/formats/json.ts';
import { decodeSession, encodeSession, type SessionFormat } from '../../src/codec/index.ts';
import { msgpack } from '../../src/codec/msgpack/index.ts';
import { igbinary } from '../../src/igbinary.ts';
import { Shell } from './cli-helpers.ts';
import { emptyDatabase } from './empty-database.ts';
import type { Witness } from './mysql-store-helpers.ts';
import { readCases } from './recognize-cases.ts';

const database = `cli_bytes_${process.pid}`;
let witness: Witness;
emptyDatabase(database, (made) => {
  witness = made;
});
const shell = new Shell(database);
const file = (name: string) => join(shell.directory, name);
let files = 0;
/** A new file with these bytes, by its name. */
function put(bytes: Uint8Array | string): string {
  const name = `bytes-${++files}`;
  writeFileSync(file(name), bytes);
  return name;
}

describe('explain', () => {
  const explain = async (bytes: Uint8Array | string, ...args: string[]) =>
    JSON.parse((await shell.run(['explain', '--file', put(bytes), '--json', ...args])).out);
  const whole = 'a|i:1;user|a:1:{s:4:"name";s:5:"alice";}';

  test('a session, piece by piece', async () => {
    expect(await explain(whole)).toEqual({
      ...{ size: 40, layers: [], format: 'php', others: [], note: null, broken: null, error: null, rest: 0 },
      variables: [
        { name: 'key 1', offset: 0, length: 6, type: 'int' },
        { name: 'key 2', offset: 6, length: 34, type: 'array', size: 1 },
      ],
      php: 'reads 2 variables',
    });
    const [first] = (await explain(whole, '--reveal')).variables;
    expect(first).toEqual({ name: 'a', offset: 0, length: 6, type: 'int', value: 1 });
    const { out, code } = await shell.run(['explain', '--file', '-'], { input: whole });
    expect(out).toBe(
      [
        ...['40 bytes', 'Format: php', '', 'variable  offset  bytes  value', 'key 1          0      6  int'],
        ...['key 2          6     34  array, 1 element', '', 'PHP: reads 2 variables', ''],
      ].join('\n'),
    );
    expect(code).toBe(0);
  });

  test.each([
    ['a|i:1;text|s:9:"cut', 22 - 3, '9 bytes and the end of a string, of which 3 bytes are there', 1],
    ['a|i:1;text|s:2:"long";', 18, 'the end of a string: " after its 2 bytes', 1],
    ['a|i:1;rest', 6, 'a variable: its name, and its value', 1],
    ['a|i:1;b|a:2:{i:0;i:1;', 21, 'more: the bytes end here', 1],
    ['a:2:{s:1:"a";i:1;s:1:"b";i:', 27, 'the rest of a value: the bytes end in it', 1],
    ['a|i:x;', 2, 'a key, a value, or the } of an array', 0],
  ])('%j breaks', async (bytes, offset, expected, variables) => {
    const found = await explain(bytes);
    expect(found.broken).toEqual({ offset, expected });
    expect(found.variables).toHaveLength(variables);
    expect((await shell.run(['explain', '--file', put(bytes)])).code).toBe(1);
  });

  test('what is around a session', async () => {
    const base64 = Buffer.from(whole).toString('base64');
    expect(await explain(base64)).toMatchObject({ layers: [{ name: 'base64', size: 56 }], format: 'php' });
    const zipped = Buffer.from(gzipSync(whole)).toString('base64');
    expect((await explain(zipped)).layers.map(({ name }: { name: string }) => name)).toEqual(['base64', 'gzip']);
    const cut = await explain(base64.slice(0, 50));
    expect(cut).toMatchObject({
      layers: [{ damage: 'its end is missing' }],
      format: 'php',
      variables: [{ type: 'int' }],
    });
    const bomb = await explain(gzipSync(Buffer.alloc(2 ** 27)));
    expect(bomb).toMatchObject({ layers: [], format: null });
  });

  test.each([
    ['igbinary', igbinary],
    ['msgpack', msgpack()],
    ['json', json],
  ] as [string, SessionFormat][])('%s, whole and cut', async (name, format) => {
    const bytes = encodeSession({ a: 1, text: 'alice' }, { format });
    expect(await explain(bytes)).toMatchObject({
      format: name,
      broken: null,
      variables: [{ type: 'int' }, { size: 5 }],
    });
    expect(await explain(bytes.subarray(0, -3))).toMatchObject({ format: name, variables: [] });
  });

  describe('what PHP makes of it', () => {
    /** What is in $_SESSION, and whether the row was deleted. */
    const code = `
      final class Row implements SessionHandlerInterface {
        public $isDeleted = false;
        function open($path, $name): bool { return true; }
        function close(): bool { return true; }
        function read($id): string { return base64_decode(getenv('DATA')); }
        function write($id, $data): bool { return true; }
        function destroy($id): bool { $this->isDeleted = true; return true; }
        function gc($age): int { return 0; }
      }
      $row = new Row;
      session_set_save_handler($row, false);
      session_id('abc');
      @session_start();
      echo json_encode([count($_SESSION), $row->isDeleted]);`;
    const settings = ['session.use_cookies=0', 'session.cache_limiter=', 'display_errors=0'].flatMap((one) => [
      '-d',
      one,
    ]);

    const igbinaryBytes = Buffer.from(encodeSession({ a: 1, text: 'alice' }, { format: igbinary }));
    test.each([
      ['php', Buffer.from(whole)],
      ['php', Buffer.from('a|i:1;b|i:')],
      ['php', Buffer.from('a|i:1;rest')],
      ['php_serialize', Buffer.from('a:1:{s:1:"a";i:1;}rest')],
      ['php_serialize', Buffer.from('a:2:{s:1:"a";i:1;s:1:"b";')],
      ['php_binary', Buffer.from('\x01ai:1;\x01bi:2;')],
      ['php_binary', Buffer.from('\x01ai:1;\x01bi:')],
      ['igbinary', igbinaryBytes],
      ['igbinary', igbinaryBytes.subarray(0, -2)],
    ])('%s %j', async (format, bytes) => {
      const args = [...settings, '-d', `session.serialize_handler=${format}`, '-r', code];
      const answer = execFileSync('php', args, { env: { ...process.env, DATA: bytes.toString('base64') } });
      const [count, isDeleted] = JSON.parse(String(answer)) as [number, boolean];
      const found = await explain(bytes, '--format', format);
      expect(isDeleted).toBe(/^keeps nothing: session_start\(\) warns/.test(found.php));
      if (!isDeleted) expect(found.php).toMatch(new RegExp(`^reads ${count} variable`));
    });
  });

  test.each([
    ['php', 'a|i:1;b|a:1:{i:0;s:1:"x";}c|s:9:"cut', { a: 1, b: ['x'] }],
    ['php_serialize', 'a:3:{s:1:"a";i:1;s:1:"b";a:1:{i:0;s:1:"x";}s:1:"c";s:9:"cut', { a: 1, b: ['x'] }],
    ['php_binary', '\x01ai:1;\x01bR:1;\x01cs:9:"cut', { a: 1, b: 1 }],
  ] as const)('what is whole of a cut row is saved: %s', async (format, bytes, expected) => {
    const name = put(bytes);
    const { code, err } = await shell.run([
      'explain',
      '--file',
      name,
      '--format',
      format,
      '--salvage',
      `${name}.saved`,
    ]);
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(new RegExp(`\\d+ bytes were saved, in the format ${format}`)),
    ]);
    expect(statSync(file(`${name}.saved`)).mode & 0o777).toBe(0o600);
    expect({ ...decodeSession(readFileSync(file(`${name}.saved`)), { format }) }).toEqual(expected);
    expect(readFileSync(file(name), 'latin1')).toBe(bytes);
    const again = await shell.run(['explain', '--file', name, '--format', format, '--salvage', `${name}.saved`]);
    expect([again.code, again.err]).toEqual([3, expect.stringMatching(/there is one of this name already/)]);
  });

  test('nothing can be saved of some', async () => {
    const { code } = await shell.run(['explain', '--file', put('a|s:9:"cut'), '--salvage', 'saved']);
    expect(code).toBe(3);
  });

  test('bytes that are anything end in no other error', async () => {
    for (let seed = 1; seed < 40; seed++) {
      const bytes = Buffer.from(Array.from({ length: seed }, (_, i) => (seed * 7919 * (i + 1) * (i + 3)) & 0xff));
      expect([0, 1]).toContain((await shell.run(['explain', '--file', put(bytes)])).code);
      const damaged = Buffer.from(whole);
      damaged[seed % damaged.length] = seed;
      expect([0, 1]).toContain((await shell.run(['explain', '--file', put(damaged)])).code);
    }
  });
});

describe('convert', () => {
  const session = { n: 1, f: 1.5, list: [1, 'é'], map: { a: null, b: true } };
  const formats = ['php', 'php_serialize', 'php_binary', igbinary, msgpack(), json] as const;
  const nameOf = (format: (typeof formats)[number]) => (typeof format === 'string' ? format : format.name);

  test('from each format to each', async () => {
    for (const from of formats) {
      for (const to of formats) {
        const out = `out-${nameOf(from)}-${nameOf(to)}`;
        const args = ['convert', put(encodeSession(session, { format: from })), '--to', nameOf(to), '--out', out];
        const { code, err } = await shell.run([...args, '--from', nameOf(from)]);
        expect([out, code, err]).toEqual([out, 0, '']);
        expect([out, readFileSync(file(out))]).toEqual([out, Buffer.from(encodeSession(session, { format: to }))]);
        expect(statSync(file(out)).mode & 0o777).toBe(0o600);
      }
    }
  });

  test('standard input to standard output, in a format that the bytes show', async () => {
    const { out } = await shell.run(['convert', '--to', 'json'], { input: 'a|d:1;b|a:0:{}' });
    expect(out).toBe('{"a":1.0,"b":[]}');
  });

  test.each([
    ['o|O:6:"secret":0:{}', 'json', /ERR_PHP_UNREPRESENTABLE/],
    ['a:1:{i:5;s:6:"secret";}', 'php', /ERR_PHP_KEY|ERR_PHP_UNREPRESENTABLE/],
    ['secret|s:1:"\xff";', 'json', /ERR_PHP_UNREPRESENTABLE/],
    ['secret|i:', 'json', /do not show which format/],
    ['secret|i:1;', 'secret', /--to must be one of php,/],
  ])('%j cannot be %s', async (bytes, to, message) => {
    const { out, err, code } = await shell.run(['convert', put(Buffer.from(bytes, 'latin1')), '--to', to]);
    expect([out, err]).toEqual(['', expect.stringMatching(message)]);
    expect(err).not.toContain('secret');
    expect(code).toBeGreaterThan(1);
  });

  test('a file that is there already stays', async () => {
    const name = put('a|i:1;');
    expect((await shell.run(['convert', name, '--to', 'json', '--out', name])).code).toBe(3);
    expect(readFileSync(file(name), 'utf8')).toBe('a|i:1;');
  });
});

describe('types', () => {
  const article = 'CREATE TABLE session (id CHAR(32) PRIMARY KEY, data BLOB, usetime INT)';
  /** Errors of the compiler for these files. */
  function compile(...texts: string[]): string[] {
    const names = texts.map((text, n) => {
      writeFileSync(file(`my-session-${n}.ts`), text);
      return file(`my-session-${n}.ts`);
    });
    const program = ts.createProgram(names, {
      ...{ strict: true, noEmit: true, skipLibCheck: true, target: ts.ScriptTarget.ES2023, types: [] },
      ...{
        module: ts.ModuleKind.ESNext,
        moduleResolution: ts.ModuleResolutionKind.Bundler,
        allowImportingTsExtensions: true,
      },
      paths: { 'php-session-bridge': [join(__dirname, '../../src/index.ts')] },
    });
    return names
      .flatMap((name) => ts.getPreEmitDiagnostics(program, program.getSourceFile(name)))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  }

  test('names, optional keys, unions, lists, and data', async () => {
    await witness.query(article);
    for (let n = 0; n < 40; n++) {
      const session = {
        user: n % 2 === 0 ? { name: `user${n}`, age: n } : null,
        cart: n % 3 === 0 ? [] : [{ id: n, price: 1.5 }, 'gift'],
        [`prefs/user${n}`]: 'x',
        'with-dash': true,
        byId: { [1000 + n]: 'a', [`user${n}@example.org`]: 'b' },
        ...(n === 7 && { rare: 1 }),
      };
      const bytes = Buffer.concat([Buffer.from(encodeSession(session)), Buffer.from('o|O:8:"stdClass":0:{}')]);
      await witness.query('INSERT INTO session VALUES (?, ?, 1)', [String(n).padStart(32, 'a'), bytes]);
    }
    const { out, err, code } = await shell.run(['types']);
    expect([code, err]).toEqual([0, expect.stringContaining('from 40 sessions')]);
    expect(out).toBe(`import type { PhpObject } from 'php-session-bridge';

export interface MySession {
  user: {
    name: string;
    age: number;
  } | null;
  cart: ({
    id: number;
    price: number;
  } | string)[];
  "with-dash": boolean;
  byId: {
    [key: string]: string;
  };
  o: PhpObject;
  [key: string]: unknown;
}
`);
    expect(compile(`${out}\ndeclare const s: MySession; export const n: string | undefined = s.user?.name;`)).toEqual(
      [],
    );
    expect(compile(`${out}\ndeclare const s: MySession; export const n: number = s.byId.x;`)).toHaveLength(1);
  });

  test('of few sessions no key is a name', async () => {
    await witness.query(`${article}; INSERT INTO session VALUES ('${'a'.repeat(32)}', 'alice|i:1;', 1)`);
    const { out, err } = await shell.run(['types', '--name', 'Few']);
    expect(out).toBe('export interface Few {\n  [key: string]: number;\n}\n');
    expect(err).toMatch(/fewer sessions than 10/);
    expect((await shell.run(['types', '--least', '1'])).out).toContain('alice: number');
    expect((await shell.run(['types', '--name', 'x y'])).code).toBe(2);
  });

  test('of each application: it compiles, and has no user in it', async () => {
    const texts: string[] = [];
    for (const { title, schema, fill, env, who } of await readCases()) {
      await witness.query(`DROP DATABASE ${database}; CREATE DATABASE ${database}; USE ${database}; ${schema}`);
      await fill(witness.connection);
      const { out, code } = await shell.run(['types', '--least', '1'], { env });
      expect([title, code]).toEqual([title, 0]);
      expect([title, String(who).length > 2 && new RegExp(`\\b${who}\\b`).test(out)]).toEqual([title, false]);
      texts.push(out);
    }
    // The last one shows that errors are found.
    expect(compile(...texts, 'export const n: string = 1;')).toEqual([expect.stringMatching(/not assignable/)]);
  }, 300_000);
});
