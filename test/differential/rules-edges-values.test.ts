import { describe, expect, test } from '@jest/globals';
import { decodeSession, encodeSession, PhpFloat, PhpObject, PhpReference } from '../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../helpers/latin1.ts';
import { codeOf, Rules } from '../helpers/rules.ts';

// What codecs often get wrong about PHP's sessions, asked of the installed PHP and of the codec. The format is php unless a test
// names another one. The second part is rules-edges-syntax.test.ts.

const rules = new Rules();
const empty = 'O:8:"stdClass":0:{}';

describe('edge cases: variables, keys, numbers and references', () => {
  test('b|R:1; is a reference to a: all variables have one numbering', async () => {
    await rules.bothRead('a|i:1;b|R:1;');
    await rules.bothChange('a|i:1;b|R:1;', [[['a'], 'x']], 'a|s:1:"x";b|R:1;');
  });

  test('r: takes a number, R: takes none', async () => {
    const data = 'x|O:8:"stdClass":1:{s:1:"p";i:1;}y|a:2:{i:0;r:1;i:1;R:2;}z|i:3;w|R:5;';
    await rules.bothRead(data);
    await rules.bothChange(data, [[['z'], 'new']], data.replace('z|i:3;', 'z|s:3:"new";'));
  });

  test('the same in php_serialize: every number is one higher', async () => {
    const data = 'a:4:{s:1:"x";O:8:"stdClass":1:{s:1:"p";i:1;}s:1:"y";a:2:{i:0;r:2;i:1;R:3;}s:1:"z";i:3;s:1:"w";R:6;}';
    await rules.bothRead(data, data, { format: 'php_serialize' });
    const php = 'x|O:8:"stdClass":1:{s:1:"p";i:1;}y|a:2:{i:0;r:1;i:1;R:2;}z|i:3;w|R:5;';
    expect(latin1Text(encodeSession(decodeSession(latin1Bytes(php)), { format: 'php_serialize' }))).toBe(data);
  });

  test('one bad value, and the whole session is gone', async () => {
    await rules.bothRefuse('a|i:1;b|s:5:"abc";');
  });

  test.each(['\n', '\0', 'x', ' '])('bytes after the last variable: %j', async (rest) => {
    await rules.bothRefuse(`a|i:1;${rest}`);
  });

  test('a key with "|" would empty the session', async () => {
    expect(await rules.phpWrites(`$_SESSION['x|y'] = 1;`)).toBe('');
    expect(codeOf(() => encodeSession({ 'x|y': 1 }))).toBe('ERR_PHP_KEY');
    await rules.bothWrite(`$_SESSION['x|y'] = 1;`, { 'x|y': 1 }, '\x03x|yi:1;', { format: 'php_binary' });
  });

  test.each(['$_SESSION[5] = 1;', `$_SESSION['5'] = 1;`])('int keys are for php_serialize only: %s', async (code) => {
    for (const format of ['php', 'php_binary'] as const) {
      expect(await rules.phpWrites(code, format)).toBe('');
      expect(codeOf(() => encodeSession({ 5: 1 }, { format }))).toBe('ERR_PHP_KEY');
    }
    await rules.bothWrite(code, { 5: 1 }, 'a:1:{i:5;i:1;}', { format: 'php_serialize' });
  });

  test('123|i:1; has a string as key, which $_SESSION[123] does not find', async () => {
    await rules.bothRead('123|i:1;');
    const { result } = await rules.calls(
      `'123|i:1;'`,
      'session_start(); $result = [array_keys($_SESSION), isset($_SESSION[123])];',
    );
    expect(result).toEqual([['123'], false]);
  });

  test('a value may hold "|"', async () => {
    await rules.bothRead('a|s:3:"x|y";b|s:6:"c|i:1;";');
  });

  test('lengths are bytes, and any byte comes back', async () => {
    await rules.bothRead('a|s:2:"\xc3\xa9";b|s:1:"\xe9";c|s:4:"\xff\0\x80\n";');
    await rules.bothRefuse('a|s:1:"\xc3\xa9";');
    await rules.bothWrite(`$_SESSION['a'] = 'é';`, { a: 'é' }, 'a|s:2:"\xc3\xa9";');
    await rules.bothWrite(`$_SESSION['a'] = "\\xE9";`, { a: Uint8Array.of(0xe9) }, 'a|s:1:"\xe9";');
  });

  test('a float without a fraction stays a float', async () => {
    await rules.bothRead('a|d:1;b|i:1;');
    const session = decodeSession(latin1Bytes('a|d:1;b|i:1;'));
    Object.assign(session, { a: 2, b: 2 });
    expect(latin1Text(encodeSession(session))).toBe('a|d:2;b|i:2;');
    await rules.bothWrite(`$_SESSION['a'] = 1.0;`, { a: new PhpFloat(1) }, 'a|d:1;');
  });

  test('ints have 64 bits, and beyond them are the nearest', async () => {
    await rules.bothRead('a|i:9007199254740993;b|i:-9223372036854775808;');
    await rules.bothRead('a|i:9223372036854775808;', 'a|i:9223372036854775807;');
    await rules.bothRead('a|i:-99999999999999999999999;', 'a|i:-9223372036854775808;');
    expect(decodeSession(latin1Bytes('a|i:9007199254740993;')).a).toBe(9007199254740993n);
  });

  test('exponents, -0, INF and NAN in the words of PHP', async () => {
    const code = `$_SESSION['a'] = [1e17, 1e-5, -0.0, NAN, INF, -INF];`;
    const values = [1e17, 1e-5, -0, Number.NaN, Infinity, -Infinity];
    await rules.bothWrite(
      code,
      { a: values },
      'a|a:6:{i:0;d:1.0E+17;i:1;d:1.0E-5;i:2;d:-0;i:3;d:NAN;i:4;d:INF;i:5;d:-INF;}',
    );
  });

  test('serialize_precision = 17 rounds a tie to the even digit', async () => {
    const ini = { serialize_precision: '17' };
    const answer = await rules.php.one('eval', `$_SESSION['a'] = -430108513166762.125;`, ini);
    expect(latin1Text(answer.session)).toBe('a|d:-430108513166762.12;');
    expect(latin1Text(encodeSession({ a: Number('-430108513166762.125') }, { serializePrecision: 17 }))).toBe(
      latin1Text(answer.session),
    );
  });

  test('an empty session is no bytes, in php_serialize a:0:{}', async () => {
    await rules.bothWrite('$_SESSION = [];', {}, '');
    await rules.bothWrite('$_SESSION = [];', {}, '', { format: 'php_binary' });
    await rules.bothWrite('$_SESSION = [];', {}, 'a:0:{}', { format: 'php_serialize' });
    await rules.bothRead('');
  });

  test('text of digits as key of an array is an int, if it is how PHP writes an int64', async () => {
    await rules.bothRead('a|a:1:{s:1:"5";i:1;}', 'a|a:1:{i:5;i:1;}');
    await rules.bothRead('a|a:1:{s:20:"-9223372036854775808";N;}', 'a|a:1:{i:-9223372036854775808;N;}');
    await rules.bothRead('a|a:5:{s:2:"-0";N;s:2:"05";N;s:2:"+5";N;s:2:" 5";N;s:19:"9223372036854775808";N;}');
    const keys = `['5' => 1, '-0' => 2, '05' => 3, '-7' => 4, '1.5' => 5]`;
    // In an order that a JavaScript object has, too.
    const ours = { 5: 1, '-0': 2, '05': 3, '-7': 4, '1.5': 5 };
    const written = 'a|a:5:{i:5;i:1;s:2:"-0";i:2;s:2:"05";i:3;i:-7;i:4;s:3:"1.5";i:5;}';
    await rules.bothWrite(`$_SESSION['a'] = ${keys};`, { a: ours }, written);
  });

  test('int keys keep the order of PHP', async () => {
    const data = 'a|a:3:{i:3;s:1:"x";i:1;s:1:"y";i:2;s:1:"z";}';
    await rules.bothRead(data);
    await rules.bothChange(data, [[['a', '1'], 'w']], data.replace('"y"', '"w"'));
    await rules.bothChange(data, [[['a', '0'], 'w']], 'a|a:4:{i:3;s:1:"x";i:1;s:1:"y";i:2;s:1:"z";i:0;s:1:"w";}');
  });

  test('an array with a hole is no list', async () => {
    await rules.bothRead('a|a:2:{i:0;N;i:2;N;}');
    expect(Array.isArray(decodeSession(latin1Bytes('a|a:2:{i:0;N;i:2;N;}')).a)).toBe(false);
    // unset() of an element makes one.
    await rules.bothChange('a|a:2:{i:0;N;i:1;N;}', [[['a', '0'], null]], 'a|a:1:{i:1;N;}');
  });

  test('of two variables with one name the last counts, at the place of the first', async () => {
    await rules.bothRead('a|i:1;b|i:2;a|i:3;', 'a|i:3;b|i:2;');
  });

  test('a variable that comes again does not keep its references', async () => {
    await rules.bothRead('a|i:1;b|R:1;a|i:9;c|R:1;', 'a|i:9;b|i:1;c|R:2;');
  });

  test('a number stands for a place, also under a duplicate key', async () => {
    await rules.bothRead('a|a:3:{i:0;i:1;i:0;i:5;i:1;R:2;}', 'a|a:2:{i:0;i:5;i:1;R:2;}');
    await rules.bothRead('a|a:3:{i:0;i:1;i:0;i:5;i:1;R:3;}', 'a|a:2:{i:0;i:5;i:1;R:2;}');
    await rules.bothRead('a|a:3:{i:0;i:1;i:1;R:2;i:0;i:5;}', 'a|a:2:{i:0;i:5;i:1;i:1;}');
  });

  test('R: to the place that it fills itself', async () => {
    await rules.bothRefuse('a|a:2:{i:0;i:1;i:0;R:2;}');
  });

  test('r: is for objects only', async () => {
    await rules.bothRefuse('a|a:2:{i:0;i:7;i:1;r:2;}');
    await rules.bothRefuse('a|a:0:{}b|r:1;');
  });

  test.each(['a|R:2;b|i:1;', 'a|R:0;', 'a|R:1;', 'a|r:1;'])('R: forwards, to nothing, to itself: %s', async (data) => {
    await rules.bothRefuse(data);
  });

  test('the same object (r:) is not a reference (R:)', async () => {
    await rules.bothRead(`a|${empty}b|r:1;`);
    await rules.bothRead(`a|${empty}b|R:1;`);
    // A variable that shares an object is replaced alone; one that is a reference takes the other along.
    await rules.bothChange(`a|${empty}b|r:1;`, [[['b'], 'x']], `a|${empty}b|s:1:"x";`);
    await rules.bothChange(`a|${empty}b|R:1;`, [[['b'], 'x']], 'a|s:1:"x";b|R:1;');
  });

  test('a reference to an object has the number of the object', async () => {
    const code = `$o = new stdClass; $_SESSION['a'] = $o; $b = $o; $_SESSION['b'] = &$b; $_SESSION['c'] = &$b;
      $_SESSION['d'] = 5; $_SESSION['e'] = &$_SESSION['d'];`;
    const object = new PhpObject('stdClass');
    const [b, d] = [new PhpReference(object), new PhpReference(5)];
    const session = { a: object, b, c: b, d, e: d };
    await rules.bothWrite(code, session, `a|${empty}b|R:1;c|R:1;d|i:5;e|R:2;`, { classes: ['stdClass'] });
    await rules.bothRead(`a|${empty}b|R:1;c|R:1;d|i:5;e|R:2;`);
  });

  test.each([
    'a|a:1:{s:1:"s";R:1;}',
    'a|O:8:"stdClass":1:{s:4:"self";r:1;}b|r:1;',
    'a|O:8:"stdClass":1:{s:4:"self";R:1;}',
  ])('what contains itself: %s', async (data) => {
    await rules.bothRead(data, data, { isCyclic: true });
  });

  test('a reference that only one place holds is none', async () => {
    await rules.bothWrite(`$x = 5; $_SESSION['a'] = &$x;`, { a: new PhpReference(5) }, 'a|i:5;');
    await rules.bothWrite(`$x = 5; $_SESSION['a'] = [&$x];`, { a: [new PhpReference(5)] }, 'a|a:1:{i:0;i:5;}');
    await rules.bothChange('a|i:5;b|R:1;', [[['b'], null]], 'a|i:5;');
  });
});
