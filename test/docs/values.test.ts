import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import * as codec from '../../src/codec/index.ts';
import * as formats from '../../src/formats.ts';
import { PhpOracle } from '../helpers/php-oracle.ts';

// docs/values.md says what values become. Here its tables are run: PHP's columns by PHP, the others by Node.

const page = readFileSync(join(__dirname, '..', '..', 'docs', 'values.md'), 'utf8');
const names = ['Customer', 'Suit', 'Token', 'stdClass', 'ArrayObject'];

let php: PhpOracle;
beforeAll(async () => {
  php = new PhpOracle();
  for (const code of fences('php')) expect(await php.one('eval', code)).toMatchObject({ ok: true });
});
afterAll(() => php.close());

const fromPhp = tables('PHP | bytes | plain view | exact view | a change | bytes then');

test('all tables of the page are here', () => {
  expect(fromPhp).toHaveLength(4);
  expect(page.match(/^\|---/gm)).toHaveLength(6);
});

describe.each(fromPhp)('$heading', ({ rows }) => {
  test.each(rows)('%s is %s; then %5$s', async (code, bytes, plain, exact, change, then) => {
    const before = encoded(bytes!);
    const session = `v|${before}`;
    const answer = await php.one('eval', code!.includes('return ') ? code! : `return ${code};`);
    expect(answer.bytes.toString('latin1')).toBe(before);

    const read = codec.decodeSession(latin1(session));
    expect(read.v).toEqual(evaluate(plain!));
    expect(text(codec.encodeSession(read))).toBe(session);

    const exactly = codec.decodeSession(latin1(session), { view: 'exact' });
    expect(exactly.get('v')).toEqual(evaluate(exact!));
    expect(text(codec.encodeSession(exactly))).toBe(session);
    expect(text(codec.serialize(evaluate(exact!), { classes: names }))).toBe(before);

    evaluate(change!, { s: read });
    const after = encoded(then!);
    expect(text(codec.encodeSession(read, { classes: names }))).toBe(`v|${after}`);
    expect(after).not.toBe(before);
    const again = await php.one('unserialize', latin1(after));
    expect([again.ok, again.bytes.toString('latin1')]).toEqual([true, after]);
  });
});

const [fromJavaScript] = tables('JavaScript | written | ');

describe('From JavaScript', () => {
  test.each(fromJavaScript!.rows)('%s: %s', async (code, written) => {
    const into = codec.decodeSession(latin1('v|N;'));
    for (const write of [
      () => codec.encodeSession({ v: evaluate(code!) }),
      () => codec.encodeSession(Object.assign(into, { v: evaluate(code!) })),
    ]) {
      if (written === 'nothing') {
        expect(text(write())).toBe('');
      } else if (/^\w+$/.test(written!)) {
        const error = thrown(write) as codec.PhpSessionError;
        expect(error.code ?? error.name).toBe(written);
        if (error.code !== undefined) expect(error.path![0]).toBe('v');
      } else {
        const bytes = encoded(written!);
        expect(text(write())).toBe(`v|${bytes}`);
        const answer = await php.one('unserialize', latin1(bytes));
        expect([answer.ok, answer.bytes.toString('latin1')]).toEqual([true, bytes]);
      }
    }
  });

  test('structuredClone of a session, and of a PhpObject', () => {
    const data = 'w|a:2:{s:1:"b";d:1;i:5;a:1:{i:0;i:1;}}';
    const plain = codec.decodeSession(latin1(data));
    expect(text(codec.encodeSession(Object.assign(plain, structuredClone(plain))))).toBe(data);
    const session = codec.decodeSession(latin1(`v|O:8:"Customer":1:{s:4:"name";s:3:"Ann";}${data}`));
    Object.assign(session, structuredClone(session));
    expect((thrown(() => codec.encodeSession(session)) as codec.PhpSessionError).code).toBe('ERR_PHP_TYPE_CHANGED');
  });
});

const [changes] = tables('bytes | a change | written | ');

describe('Ways to change a value', () => {
  test.each(changes!.rows)('%s; %s: %s', async (bytes, change, written) => {
    const session = codec.decodeSession(latin1(`v|${encoded(bytes!)}`));
    const run = () => {
      evaluate(change!, { s: session });
      return codec.encodeSession(session);
    };
    if (/^\w+$/.test(written!)) {
      const error = thrown(run) as codec.PhpSessionError;
      expect(error.code ?? error.name).toBe(written);
      if (error.code !== undefined) expect(error.path![0]).toBe('v');
    } else {
      expect(text(run())).toBe(`v|${encoded(written!)}`);
    }
  });
});

describe('the examples', () => {
  const examples = [...fences('ts'), ...fences('js')].filter((code) => code.startsWith('import '));

  test.each(examples.map((code, index) => [index + 1, code] as const))('number %i prints what it says', (_, code) => {
    const { printed } = run(code);
    for (const [, line] of code.matchAll(/^\/\/ (.*)$/gm)) expect(printed).toContain(line);
  });

  test('the Date is what PHP has', async () => {
    const { date } = run(fences('js')[0]!).exports as { date: codec.ClassMapping<Date> };
    const classes = [date];
    /** What PHP sees in `$v`, and the bytes that it would write. */
    const seen = async (bytes: string, code: string) => {
      const value = `unserialize(base64_decode('${latin1(bytes).toString('base64')}'))`;
      const { bytes: answer } = await php.one('eval', `$v = ${value}; return ${code};`);
      return codec.unserialize(answer);
    };
    const moments: [code: string, iso: string][] = [
      ["new DateTimeImmutable('2024-02-29 12:34:56.789012', new DateTimeZone('UTC'))", '2024-02-29T12:34:56.789Z'],
      ["new DateTimeImmutable('1969-12-31 23:59:59.999999 +05:30')", '1969-12-31T18:29:59.999Z'],
      ["new DateTimeImmutable('0099-01-01 00:00:00 -03:00')", '0099-01-01T03:00:00.000Z'],
    ];
    for (const [code, iso] of moments) {
      const before = (await php.one('eval', `return ${code};`)).bytes.toString('latin1');
      const session = codec.decodeSession<{ v: Date }>(latin1(`v|${before}`), { classes });
      expect(session.v.toISOString()).toBe(iso);
      expect(text(codec.encodeSession(session))).toBe(`v|${before}`);
      session.v.setTime(Date.UTC(2026, 10, 22, 1, 2, 3, 4));
      const after = text(codec.encodeSession(session)).slice(2);
      expect(await seen(after, "get_class($v) . $v->format(' Y-m-d H:i:s.u e')")).toBe(
        'DateTimeImmutable 2026-11-22 01:02:03.004000 UTC',
      );
      expect(await seen(after, '$v')).toBeInstanceOf(codec.PhpObject);
      session.v = new Date(-1);
      expect(await seen(text(codec.encodeSession(session)).slice(2), "$v->format('c u')")).toBe(
        '1969-12-31T23:59:59+00:00 999000',
      );
    }
    const broken = 'v|O:17:"DateTimeImmutable":1:{s:4:"date";a:0:{}}';
    const odd = codec.decodeSession(latin1(broken), { classes });
    expect(odd.v).toBeInstanceOf(codec.PhpObject);
    expect(text(codec.encodeSession(odd))).toBe(broken);
    // Dates that a Date cannot be sure of stay what they are.
    for (const code of ["'2024-07-01 12:00:00 Europe/Paris'", "'2024-07-01 12:00:00 EST'", "'@99999999999999'"]) {
      const before = (await php.one('eval', `return new DateTimeImmutable(${code});`)).bytes.toString('latin1');
      const session = codec.decodeSession(latin1(`v|${before}`), { classes });
      expect(session.v).toBeInstanceOf(codec.PhpObject);
      expect(text(codec.encodeSession(session))).toBe(`v|${before}`);
    }
  });
});

/** The tables with this header, and the heading above each. Cells are without their backticks. */
function tables(header: string): { heading: string; rows: string[][] }[] {
  return page.split(/^#+ /m).flatMap((section) => {
    const lines = section.split('\n');
    const start = lines.findIndex((line) => cells(line).join(' | ') === header);
    if (start < 0) return [];
    const body = lines.slice(start + 2);
    const end = body.findIndex((line) => !line.startsWith('|'));
    return [{ heading: lines[0]!, rows: body.slice(0, end).map(cells) }];
  });
}

function cells(line: string): string[] {
  const found = line.split('|').slice(1, -1);
  return found.map((cell) => cell.trim().replace(/^`(.*)`$/, '$1'));
}

function fences(language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, code]) => code!);
}

function evaluate(code: string, scope: object = {}): unknown {
  const all = { ...codec, runInNewContext, ...scope };
  const isStatement = 's' in scope;
  return new Function(...Object.keys(all), isStatement ? code : `return (${code});`)(...Object.values(all));
}

/** Runs an example as a module. */
function run(code: string): { printed: string[]; exports: object } {
  const options = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
  const printed: string[] = [];
  const scope = {
    exports: {},
    require: (name: string) => ({ 'php-session-bridge/codec': codec, 'php-session-bridge/formats': formats })[name],
    console: { log: (line: unknown) => printed.push(String(line)) },
  };
  const script = ts.transpileModule(code, { compilerOptions: options }).outputText;
  new Function(...Object.keys(scope), script)(...Object.values(scope));
  return { printed, exports: scope.exports };
}

/** The bytes that a cell shows, as a byte string. */
function encoded(cell: string): string {
  const utf8 = Buffer.from(cell).toString('latin1');
  return utf8.replace(/\\(?:0|x([0-9a-f]{2}))/g, (_, hex?: string) =>
    String.fromCharCode(Number.parseInt(hex ?? '0', 16)),
  );
}

function latin1(byteString: string): Buffer {
  return Buffer.from(byteString, 'latin1');
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function thrown(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
