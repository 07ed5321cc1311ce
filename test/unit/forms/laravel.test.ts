import { describe, expect, test } from '@jest/globals';
import { decodeSession, encodeSession, PhpObject, type SessionFormat } from '../../../src/codec/index.ts';
import { json } from '../../../src/formats.ts';
import { laravelClasses, laravelSession, setIntendedUrl } from '../../../src/forms/laravel.ts';
import { laravelCookie } from '../../../src/presets/index.ts';

const keys = { key: `base64:${Buffer.alloc(32, 'made up').toString('base64')}` };
const OBJECT = 'O:8:"stdClass":1:{s:1:"a";i:1;}';
const TOKEN = 'aB3'.repeat(13).padEnd(40, 'x');

// biome-ignore lint/suspicious/noExplicitAny: whatever is in a session
type Data = Record<string, any>;

function read(text: string): Data {
  return decodeSession(Buffer.from(text), { format: 'php_serialize', classes: laravelClasses });
}

function write(data: object, format: 'php_serialize' | SessionFormat = 'php_serialize'): string {
  return Buffer.from(encodeSession(data, { format, classes: laravelClasses })).toString();
}

const empty = () => read('a:0:{}');

describe('keys', () => {
  test('dots divide, unless a variable has the whole name', () => {
    const data = read('a:2:{s:3:"x.y";i:1;s:1:"x";a:1:{s:1:"y";i:2;}}');
    const laravel = laravelSession(data);
    expect(laravel.get('x.y')).toBe(1);
    laravel.put('x.y', 3);
    expect([data['x.y'], data.x.y]).toEqual([1, 3]);
    laravel.forget('x.y');
    expect(laravel.pull('x.y')).toBe(3);
    expect(write(data)).toBe('a:1:{s:1:"x";a:0:{}}');
  });

  test('url.intended is where Redirector looks for it, also where PHP has emptied the array', () => {
    for (const before of ['a:0:{}', 'a:1:{s:3:"url";a:0:{}}']) {
      const data = read(before);
      setIntendedUrl(data, '/account');
      expect(write(data)).toBe('a:1:{s:3:"url";a:1:{s:8:"intended";s:8:"/account";}}');
      expect(laravelSession(data).pullIntendedUrl()).toBe('/account');
      expect(laravelSession(data).pullIntendedUrl()).toBeUndefined();
    }
    expect(() => setIntendedUrl(empty(), ['/account'] as never)).toThrow(new TypeError('url must be a text'));
  });

  test('names of JavaScript are names as others', () => {
    for (const data of [empty(), {} as Data]) {
      const laravel = laravelSession(data);
      for (const key of ['__proto__', '__proto__.x', 'constructor.prototype.x', 'toString']) {
        expect(laravel.get(key)).toBeNull();
        laravel.flash(key, { mine: true });
        expect(laravel.get(key)).toEqual({ mine: true });
      }
      expect(Object.keys(data)).toContain('__proto__');
      expect(({} as Data).x).toBeUndefined();
      expect(({} as Data).mine).toBeUndefined();
      expect(laravelSession(read('a:1:{s:1:"l";a:1:{i:0;i:7;}}')).get('l.length')).toBeNull();
    }
  });

  test('an object of PHP does not give way', () => {
    const data = read(`a:1:{s:1:"o";${OBJECT}}`);
    expect(() => laravelSession(data).put('o.a', 2)).toThrow(TypeError);
    expect(write(data)).toBe(`a:1:{s:1:"o";${OBJECT}}`);
  });
});

describe('messages', () => {
  const ages = (data: Data) => laravelSession(data).ageFlashData();

  test('a page that only looks writes nothing where there is nothing', () => {
    const data = read('a:1:{s:6:"_flash";a:2:{s:3:"new";a:0:{}s:3:"old";a:0:{}}}');
    const before = write(data);
    ages(data);
    expect(write(data)).toBe(before);
    const none = empty();
    ages(none);
    expect(write(none)).toBe('a:0:{}');
  });

  test('the second ageing of one request does nothing', () => {
    const data = empty();
    laravelSession(data).flash('status', 'Saved.');
    for (let i = 0; i < 3; i++) ages(data);
    expect(laravelSession(read(write(data))).get('status')).toBe('Saved.');
    const next = read(write(data));
    ages(next);
    expect(laravelSession(next).get('status')).toBeNull();
  });

  test('it does not matter whether a page flashes before or after it', () => {
    const [early, late] = [empty(), empty()];
    laravelSession(early).flash('status', 'Saved.');
    for (const data of [early, late]) ages(data);
    laravelSession(late).flash('status', 'Saved.');
    expect([late.status, late._flash.old]).toEqual([early.status, early._flash.old]);
    for (const call of ['keep', 'reflash'] as const)
      expect(() => laravelSession(late)[call]()).toThrow('before ageFlashData()');
    expect(() => laravelSession(late).now('a', 1)).toThrow('before ageFlashData()');
  });

  test('text from outside stays text', () => {
    const data = empty();
    const laravel = laravelSession(data);
    laravel.flash('status', OBJECT);
    laravel.flashInput(
      JSON.parse(`{"a":${JSON.stringify(OBJECT)},"__proto__":{"className":"stdClass","properties":{}}}`),
    );
    laravel.withErrors(JSON.parse('{"__proto__":["x"],"email":["<b>"]}'), '__proto__');
    expect(write(data).match(/[OC]:\d+:"[^"]+"/g)).toEqual([
      'O:8:"stdClass"', // inside of strings: see below
      'O:8:"stdClass"',
      ...['O:33:"Illuminate\\Support\\ViewErrorBag"', 'O:29:"Illuminate\\Support\\MessageBag"'].map((it) =>
        expect.stringContaining(it.slice(5)),
      ),
    ]);
    const again = read(write(data));
    expect([again.status, again._old_input.a]).toEqual([OBJECT, OBJECT]);
    expect(Object.hasOwn(again._old_input, '__proto__')).toBe(true);
    const errors = laravelSession(again).errors();
    expect(Object.keys(errors)).toEqual(['__proto__']);
    expect(Object.entries(Object.values(errors)[0]!)).toEqual([
      ['__proto__', ['x']],
      ['email', ['<b>']],
    ]);
    expect(({} as Data).email).toBeUndefined();
  });

  test('passwords and files are not kept, at the top and where it was asked for', () => {
    const data = empty();
    const input = {
      email: 'a',
      password: 'p',
      password_confirmation: 'p',
      current_password: 'p',
      user: { pin: 1, name: 'n' },
    };
    const files = { file: new Blob(['x']), all: [new Blob(['x']), 'y'] };
    laravelSession(data).flashInput({ ...input, ...files }, ['user.pin']);
    expect(laravelSession(data).old()).toEqual({ email: 'a', user: { name: 'n' }, all: { 1: 'y' } });
    expect(laravelSession(data).old('user.name')).toBe('n');
    expect(input.user.pin).toBe(1);
    expect(() => laravelSession(data).flashInput('x')).toThrow(TypeError);
  });
});

describe('what is wrong is said', () => {
  test('no session', () => {
    for (const none of [undefined, null, 'x', 5]) {
      for (const call of [() => laravelSession(none as never), () => setIntendedUrl(none as never, '/')])
        expect(call).toThrow(/^(laravelSession|setIntendedUrl)\(\) needs the session: ctx\.session/);
    }
  });

  test('a key that is no text', () => {
    const data = empty();
    const laravel = laravelSession(data);
    for (const key of [undefined, null, 5, ['a']] as never[]) {
      const calls = [
        () => laravel.get(key),
        () => laravel.put(key, 1),
        () => laravel.flash(key, 1),
        () => laravel.now(key, 1),
        () => laravel.forget(key),
      ];
      for (const call of calls) expect(call).toThrow(new TypeError('key must be a text'));
    }
    expect(write(data)).toBe('a:0:{}');
  });

  test('input that is too deep', () => {
    const nested = (levels: number) => {
      let input: object = {};
      for (let i = 1; i < levels; i++) input = i % 2 ? [input] : { a: input };
      return input;
    };
    const data = empty();
    laravelSession(data).flashInput(nested(512));
    const before = write(data);
    for (const levels of [513, 3_000, 100_000]) {
      const call = () => laravelSession(data).flashInput(nested(levels));
      expect(call).toThrow(expect.objectContaining({ code: 'ERR_PHP_LIMIT' }));
    }
    expect(write(data)).toBe(before);
  });
});

describe('errors', () => {
  test('are the objects that Laravel writes', () => {
    const data = empty();
    laravelSession(data).withErrors({ email: 'Wrong.' });
    expect(
      Buffer.from(
        encodeSession({ errors: data.errors }, { classes: laravelClasses, format: 'php_serialize' }),
      ).toString(),
    ).toBe(
      'a:1:{s:6:"errors";O:31:"Illuminate\\Support\\ViewErrorBag":1:{s:7:"\0*\0bags";a:1:{s:7:"default";' +
        'O:29:"Illuminate\\Support\\MessageBag":2:{s:11:"\0*\0messages";a:1:{s:5:"email";a:1:{i:0;s:6:"Wrong.";}}' +
        's:9:"\0*\0format";s:8:":message";}}}}',
    );
  });

  test('cannot be written by a session that does not allow their classes', () => {
    const data = decodeSession<Data>(Buffer.from('a:0:{}'), { format: 'php_serialize' });
    laravelSession(data).withErrors({ email: 'Wrong.' });
    expect(() => encodeSession(data)).toThrow(expect.objectContaining({ code: 'ERR_PHP_CLASS' }));
  });

  test('in JSON are arrays, and objects are an error', () => {
    const data: Data = decodeSession(Buffer.from('{"_token":"x"}'), { format: json });
    laravelSession(data, { serialization: 'json' }).withErrors({ email: 'Wrong.' });
    expect(write(data, json)).toContain('"errors":{"default":{"format":":message","messages":{"email":["Wrong."]}}}');
    expect(laravelSession(data).errors()).toEqual({ default: { email: ['Wrong.'] } });
    laravelSession(data).withErrors({ email: 'Wrong.' });
    expect(() => write(data, json)).toThrow(expect.objectContaining({ code: 'ERR_PHP_UNREPRESENTABLE' }));
  });

  test('in JSON no byte is written that is no UTF-8: Laravel would store an empty session', () => {
    const bytes = new Uint8Array([0xff]);
    for (const change of [
      (laravel: ReturnType<typeof laravelSession>) => laravel.flash('status', bytes),
      (laravel: ReturnType<typeof laravelSession>) => laravel.flashInput({ name: '\ud83d' }),
      (laravel: ReturnType<typeof laravelSession>) => laravel.flash('\udcff', 'x'),
      (laravel: ReturnType<typeof laravelSession>) => laravel.withErrors({ '\udcff': 'x' }),
      (laravel: ReturnType<typeof laravelSession>) => laravel.setPreviousUrl('/\udcff'),
    ]) {
      const data: Data = decodeSession(Buffer.from('{"_token":"x"}'), { format: json });
      change(laravelSession(data, { serialization: 'json' }));
      expect(() => write(data, json)).toThrow(expect.objectContaining({ code: 'ERR_PHP_UNREPRESENTABLE' }));
    }
  });

  test('what is no text is refused', () => {
    for (const wrong of [null, 'x', new PhpObject('stdClass'), { a: 1 }, { a: [1] }, { a: { b: 'c' } }]) {
      expect(() => laravelSession(empty()).withErrors(wrong as never)).toThrow(TypeError);
    }
    expect(() => laravelSession(empty(), { serialization: 'yaml' as never })).toThrow('serialization must be');
  });

  test('strange rows show none', () => {
    for (const errors of ['N;', 'i:1;', OBJECT, 'a:1:{s:1:"a";i:1;}', 'a:1:{s:1:"a";a:1:{s:8:"messages";i:1;}}']) {
      expect(laravelSession(read(`a:1:{s:6:"errors";${errors}}`)).errors()).toEqual({});
    }
  });
});

describe('the token', () => {
  const session = (token: unknown) => laravelSession({ _token: token });
  const headers = {};

  test('is made like that of Laravel, once', () => {
    const data = empty();
    const token = laravelSession(data).token();
    expect(token).toMatch(/^[A-Za-z0-9]{40}$/);
    expect([laravelSession(data).token(), data._token]).toEqual([token, token]);
    expect(laravelSession(data).regenerateToken()).not.toBe(token);
  });

  test('counts from the field, then from the headers', () => {
    const laravel = session(TOKEN);
    const xsrf = laravel.xsrfCookie(keys);
    expect(laravel.tokensMatch({ body: { _token: TOKEN }, headers })).toBe(true);
    expect(laravel.tokensMatch({ query: { _token: TOKEN }, headers })).toBe(true);
    expect(laravel.tokensMatch({ headers: { 'x-csrf-token': TOKEN } })).toBe(true);
    expect(laravel.tokensMatch({ headers: new Headers({ 'X-CSRF-TOKEN': TOKEN }) })).toBe(true);
    expect(laravel.tokensMatch({ headers: { 'x-xsrf-token': xsrf } }, keys)).toBe(true);
    expect(laravel.tokensMatch({ headers: { 'x-xsrf-token': xsrf } })).toBe(false); // without keys
    expect(laravel.tokensMatch({ body: { _token: 'x' }, headers: { 'x-csrf-token': TOKEN } })).toBe(false);
    expect(laravel.tokensMatch({ body: { _token: [TOKEN] }, headers: { 'x-csrf-token': TOKEN } })).toBe(false);
    expect(laravel.tokensMatch({ body: { _token: '' }, headers: { 'x-csrf-token': TOKEN } })).toBe(true); // as PHP's ?:
  });

  test.each<[string, unknown]>([
    ['none', undefined],
    ['empty', ''],
    ['wrong', TOKEN.replace('a', 'b')],
    ['a part', TOKEN.slice(1)],
    ['longer', `${TOKEN} `],
    ['a list', [TOKEN]],
    ['a list of lists', [[TOKEN]]],
    ['an object', { toString: () => TOKEN }],
    ['true', true],
    ['0', 0],
    ['inherited', Object.create({ _token: TOKEN })],
  ])('%s is not it', (_, given) => {
    expect(session(TOKEN).tokensMatch({ body: { _token: given }, headers })).toBe(false);
    const body = JSON.parse(JSON.stringify({ __proto__: null, _token: given }));
    expect(session(TOKEN).tokensMatch({ body, headers })).toBe(false);
  });

  test('a session without one is no session with an empty one', () => {
    for (const token of [undefined, null, '', 0, [], [TOKEN], true]) {
      for (const given of [undefined, '', null, token, TOKEN]) {
        expect(session(token).tokensMatch({ body: { _token: given }, headers })).toBe(false);
        expect(session(token).tokensMatch({ headers: { 'x-csrf-token': given as string } })).toBe(false);
      }
    }
  });

  test('the encrypted one is that of its own cookie', () => {
    const other = laravelCookie(keys).encode(TOKEN, 'laravel-session');
    const foreign = laravelCookie({ key: 'k'.repeat(32) }).encode(TOKEN, 'XSRF-TOKEN');
    for (const value of [other, foreign, TOKEN, '', 'e30=', 'x'.repeat(100_000)]) {
      expect(session(TOKEN).tokensMatch({ headers: { 'x-xsrf-token': value } }, keys)).toBe(false);
    }
  });
});
