import { describe, expect, test } from '@jest/globals';
import { decodeSession, encodeSession, PhpFloat, PhpObject, serialize } from '../../src/codec/index.ts';
import { isSessionId } from '../../src/stores/session-id.ts';
import { latin1Bytes, latin1Text } from '../helpers/latin1.ts';
import { codeOf, phpString, Rules } from '../helpers/rules.ts';

// The ten facts about PHP's sessions that matter most to an author of a codec, asked of the installed PHP and of the codec.
// rules-edges-values.test.ts and rules-edges-syntax.test.ts have the rest.

const rules = new Rules();
const shared = 'O:8:"stdClass":1:{s:1:"p";i:1;}';

describe('the ten facts that matter most', () => {
  test('one numbering for all variables of a session; the array of php_serialize is number 1', async () => {
    await rules.bothRead('a|i:1;b|R:1;');
    await rules.bothRead('\x01ai:1;\x01bR:1;', undefined, { format: 'php_binary' });
    await rules.bothRead('a:2:{s:1:"a";i:1;s:1:"b";R:2;}', undefined, { format: 'php_serialize' });
    await rules.bothChange('a|i:1;b|R:1;', [[['b'], 'x']], 'a|s:1:"x";b|R:1;');
    await rules.bothChange(
      'a:2:{s:1:"a";i:1;s:1:"b";R:2;}',
      [[['b'], 'x']],
      'a:2:{s:1:"a";s:1:"x";s:1:"b";R:2;}',
      'php_serialize',
    );
  });

  test('each value takes a number but R:, r: does, keys never; a number is a place', async () => {
    await rules.bothRead(`x|${shared}y|a:2:{i:0;r:1;i:1;R:2;}z|i:3;w|R:5;`);
    // The fourth is the place y[0], which holds the object.
    const y0 = `x|${shared}y|a:2:{i:0;r:1;i:1;R:2;}z|i:3;w|R:4;`;
    await rules.bothRead(y0, `x|${shared}y|a:2:{i:0;R:1;i:1;R:2;}z|i:3;w|R:1;`);
    await rules.bothRead('a|a:2:{i:0;i:1;i:0;i:5;}b|R:2;', 'a|a:1:{i:0;i:5;}b|R:2;');
  });

  test('PHP destroys a session that it cannot decode; here it is an error, and nothing is lost', async () => {
    const broken = 'a|i:1;b|s:5:"abc";';
    const { calls, result } = await rules.calls(
      phpString(broken),
      '$result = [session_start(), session_status() === PHP_SESSION_NONE, $_SESSION, session_id()];',
    );
    expect(calls).toEqual(['open', 'read abc', 'destroy', 'close']);
    expect(result).toEqual([false, true, [], '']);
    await rules.bothRefuse(broken);
  });

  test('PHP 8 destroys a session with bytes after the last variable', async () => {
    await rules.bothRefuse('a|i:1;\n');
  });

  test('php: PHP writes nothing at all where a key has "|", and drops keys that are ints', async () => {
    expect(await rules.phpWrites(`$_SESSION = ['a' => 1, 'x|y' => 2];`)).toBe('');
    expect(codeOf(() => encodeSession({ a: 1, 'x|y': 2 }))).toBe('ERR_PHP_KEY');
    expect(await rules.phpWrites(`$_SESSION = ['a' => 1, 5 => 2];`)).toBe('a|i:1;');
    expect(codeOf(() => encodeSession({ a: 1, 5: 2 }))).toBe('ERR_PHP_KEY');
    // Read, it stays a string.
    await rules.bothRead('123|i:1;');
  });

  test('php_binary drops long keys; php_serialize ignores what follows, and takes what is no array', async () => {
    const long = 'k'.repeat(128);
    expect(await rules.phpWrites(`$_SESSION = ['${long}' => 1, 'a' => 2];`, 'php_binary')).toBe('\x01ai:2;');
    expect(codeOf(() => encodeSession({ [long]: 1 }, { format: 'php_binary' }))).toBe('ERR_PHP_KEY');
    await rules.bothKeep('\x81ai:1;', '\x01ai:1;', 'php_binary');
    await rules.bothKeep('a:1:{s:1:"a";i:1;}garbage', 'a:1:{s:1:"a";i:1;}', 'php_serialize');
    // PHP starts this session and never writes it again.
    const { calls, result } = await rules.calls(
      `'i:5;'`,
      'session_start(); $result = $_SESSION; session_write_close();',
      {
        'session.serialize_handler': 'php_serialize',
      },
    );
    expect([result, calls]).toEqual([5, ['open', 'read abc', 'close']]);
    expect(codeOf(() => decodeSession(latin1Bytes('i:5;'), { format: 'php_serialize' }))).toBe('ERR_PHP_SYNTAX');
  });

  const floats = [
    '0.1',
    '1.0',
    '-0.0',
    '1e15',
    '1e16',
    '1e17',
    '123456789012345678.0',
    '1e20',
    '1e21',
    '1e25',
    '0.0001',
  ]
    .concat(['0.00001', '1.5e-7', '5e-324', '1.7976931348623157e308', 'NAN', 'INF', '-INF'])
    .concat(['-430108513166762.125', '2.5', '0.30000000000000004', '1e22', '99999999999999999.0']);
  test.each([-1, 17] as const)('floats with serialize_precision = %i', async (serializePrecision) => {
    const ini = { serialize_precision: String(serializePrecision) };
    const answers = await rules.php.ask(
      floats.map((code) => ({ operation: 'eval', argument: `return ${code};`, ini })),
    );
    const ours = floats.map((code) => {
      const value = new PhpFloat(Number(code.replace('NAN', 'NaN').replace('INF', 'Infinity')));
      return latin1Text(serialize(value, { serializePrecision }));
    });
    expect(ours).toEqual(answers.map((answer) => latin1Text(answer.bytes)));
  });

  test('C: numbers what is inside it by the rules of its class; a reference after one is an error here', async () => {
    // ArrayObject up to PHP 7.3: its flags, the array, two elements and the members take a number each.
    const custom = 'C:11:"ArrayObject":37:{x:i:0;a:2:{i:0;i:1;i:1;i:2;};m:a:0:{}}';
    expect(await rules.phpWritesAgain(`a|${custom}b|i:1;c|R:7;`)).toMatch(/b\|i:1;c\|R:8;$/);
    expect(codeOf(() => decodeSession(latin1Bytes(`a|${custom}b|i:1;c|R:7;`)))).toBe('ERR_PHP_REFERENCE');
    expect(latin1Text(encodeSession(decodeSession(latin1Bytes(`a|${custom}b|i:1;`))))).toBe(`a|${custom}b|i:1;`);
  });

  test('an object in two variables stays one, also in two copies of an array', async () => {
    const code = `$_SESSION['x'] = [new stdClass]; $_SESSION['y'] = $_SESSION['x'];`;
    const once = 'x|a:1:{i:0;O:8:"stdClass":0:{}}y|a:1:{i:0;r:2;}';
    const twice = 'x|a:1:{i:0;O:8:"stdClass":0:{}}y|a:1:{i:0;O:8:"stdClass":0:{}}';
    // PHP 7.2 to 8.0 write the first, later ones lose the identity. All read both.
    expect([once, twice]).toContain(await rules.phpWrites(code));
    const object = new PhpObject('stdClass');
    expect(latin1Text(encodeSession({ x: [object], y: [object] }, { classes: ['stdClass'] }))).toBe(once);
    await rules.bothRead(once);
    await rules.bothRead(twice);
  });

  test.each(['../x', 'a_b.c|d', 'é', 'x'.repeat(400)])(
    'PHP gives any id to a save handler; here only [A-Za-z0-9,-]{1,256} is one: %s',
    async (id) => {
      const { calls } = await rules.calls(`''`, `session_id('${id}'); session_start();`);
      expect(calls).toEqual(['open', `read ${id}`]);
      expect(isSessionId(id)).toBe(false);
    },
  );
});
