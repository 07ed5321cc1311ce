import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeSession, serialize, unserialize } from '../../../src/codec/index.ts';
import { asPhpWrites } from '../../helpers/exact.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { PhpOracle } from '../../helpers/php-oracle.ts';
import { encoded, failure, session } from './helpers.ts';

// Every token in its spellings, given to the installed PHP and to the codec.

let php: PhpOracle;
beforeAll(() => {
  php = new PhpOracle();
});
afterAll(() => php.close());

/** Before a value that is only checked, and not built, as it is in a large one. */
const pad = `a|a:2:{i:0;s:2000:"${'x'.repeat(2000)}";i:1;`;

const exact = (data: string) => unserialize(latin1Bytes(data), { view: 'exact' });

describe('what PHP reads', () => {
  test.each([
    ['null', ['N;']],
    ['bools', ['b:0;', 'b:1;']],
    ['ints', ['i:0;', 'i:-5;', 'i:+05;', 'i:-0;', 'i:0000000000000000000000000001;']],
    [
      'ints at the edges of 64 bits, and beyond',
      [
        'i:9007199254740991;',
        'i:9007199254740992;',
        'i:-9007199254740991;',
        'i:-9007199254740992;',
        'i:9223372036854775806;',
        'i:9223372036854775807;',
        'i:9223372036854775808;',
        'i:-9223372036854775807;',
        'i:-9223372036854775808;',
        'i:-9223372036854775809;',
        'i:10000000000000000000;',
        'i:-10000000000000000000;',
        'i:00009223372036854775807;',
        'i:99999999999999999999999;',
      ],
    ],
    ['floats', ['d:0;', 'd:-0;', 'd:5.;', 'd:.5;', 'd:+.5e-3;', 'd:-1.5E+3;', 'd:1e5;', 'd:12.50;', 'd:007;']],
    ['floats that are none', ['d:NAN;', 'd:INF;', 'd:-INF;', 'd:1e999;', 'd:-1e999;']],
    ['strings', ['s:0:"";', 's:1:"a";', 's:01:"a";', 's:3:""";";', 's:1:"\xff";']],
    [
      'lengths modulo 2^64',
      ['s:18446744073709551616:"";', 's:18446744073709551617:"a";', 's:36893488147419103233:"a";'],
    ],
    [
      'lengths of 15, 16 and more digits',
      ['s:000000000000001:"a";', 's:0000000000000001:"a";', `s:${'0'.repeat(60)}2:"ab";`],
    ],
    [
      'escaped strings',
      ['S:0:"";', 'S:1:"\\41";', 'S:1:"\\4a";', 'S:1:"\\4A";', 'S:2:"\\414";', 'S:2:"a\\5c";', 'S:3:"\\09\\5f\\5F";'],
    ],
    ['arrays', ['a:0:{}', 'a:01:{i:0;N;}', 'a:1:{s:1:"a";N;}', 'a:1:{S:1:"\\41";N;}', 'a:2:{i:0;a:0:{}i:1;a:0:{}}']],
    ['objects', ['O:3:"Foo":0:{}', 'O:03:"Foo":1:{s:1:"p";N;}', 'O:3:"Foo":1:{i:5;N;}', 'O:3:"Foo":1:{S:1:"p";N;}']],
    [
      'a sign before the number of properties, or no number',
      ['O:3:"Foo":+0:{}', 'O:3:"Foo":-0:{}', 'O:3:"Foo"::{}', 'O:3:"Foo":+:{}', 'O:3:"Foo":+1:{s:1:"p";N;}'],
    ],
    [
      'names of classes',
      [
        'O:3:"1oo":0:{}',
        'O:3:"F_9":0:{}',
        'O:3:"F\\o":0:{}',
        'O:3:"Fo\\":0:{}',
        'O:3:"\x80\xff_":0:{}',
        'O:3:"zAZ":0:{}',
      ],
    ],
    [
      'references',
      [
        'a:2:{i:0;N;i:1;R:2;}',
        'a:2:{i:0;N;i:1;R:002;}',
        'a:2:{i:0;N;i:1;R:18446744073709551618;}',
        'a:2:{i:0;O:3:"Foo":0:{}i:1;r:2;}',
      ],
    ],
  ])('%s', async (_name, all) => {
    const answers = await php.ask(
      all.map((data) => ({ operation: 'unserialize' as const, argument: latin1Bytes(data) })),
    );
    const ours = all.map((data) => latin1Text(serialize(asPhpWrites(exact(data)))));
    expect(ours).toEqual(answers.map((answer) => latin1Text(answer.bytes)));
    expect(answers.every(({ ok }) => ok)).toBe(true);
    const alone = all.filter((data) => !/[rR]:/.test(data));
    for (const data of alone) expect(encoded(session(`${pad}${data}}`))).toBe(`${pad}${data}}`);
  });

  test('E:, as only PHP knows whether the case exists', () => {
    for (const name of ['Suit:H', '\\Suit:H', 'A\\B:C', 'Suit:h_9']) {
      const data = `E:${name.length}:"${name}";`;
      expect(latin1Text(serialize(exact(data)))).toBe(data);
    }
  });

  test('C:, whose content only its class knows', () => {
    for (const data of ['C:3:"Foo":0:{}', 'C:3:"Foo":2:{xy}', 'C:3:"Foo":3:{"}}}']) {
      expect(latin1Text(serialize(exact(data)))).toBe(data);
    }
    expect(latin1Text(serialize(exact('C:3:"Foo"::{}')))).toBe('C:3:"Foo":0:{}');
  });
});

describe('what PHP refuses', () => {
  test.each<[name: string, all: string[]]>([
    ['nothing, or no token', ['', 'x', '}', ';', 'n;', '\0']],
    ['null', ['N', 'N:', 'N:;']],
    [
      'a colon that is another byte',
      [
        'i;5;',
        'i95;',
        's;1:"a";',
        's91:"a";',
        's:1;"a";',
        's:1_"a";',
        'S;1:"a";',
        'b;1;',
        'd;1;',
        'a;0:{}',
        'N5;',
        'S:1;"a";',
        'O:3;"Foo":0:{}',
        'C:3;"Foo":0:{}',
        'E:6;"Suit:H";',
      ],
    ],
    [
      'a byte next to the one that it has to be',
      ['i:5<', 's:1:#a";', 's:1:!a";', 's:1:"a#;', 's:1:"a!;', 's:1:"a"<', 's:1:"a":', 's:1:"a"x;', 's:1:x"";'],
    ],
    [
      'a length that ends elsewhere',
      ['s:1:";', 's:1:";"x', 's:12:"0123456789a";', 's:12:"0123456789abc";', 's:21:"";'],
    ],
    ['no length', ['s:"";', 's:"a";', 'S:"";', 'a:{}', 'O:"Foo":0:{}', 'i;', 's;']],
    [
      'the letter of another token',
      [
        'b:5;',
        'j:5;',
        'h:5;',
        'N:5;',
        'a:5;',
        't:1:"a";',
        'x:1:"a";',
        'O:1:"a";',
        'C:1:"a";',
        'E:1:"a";',
        'r:1:"a";',
        's:5;',
      ],
    ],
    [
      'characters next to the digits',
      ['i:5/;', 'i:5:;', 'i:/5;', 'i::5;', 'i:5-3;', 'i:5 ;', 's:1/:"a";', 's:1.0:"a";', 's:1-:"a";', 's: 1:"a";'],
    ],
    [
      'a quote that is another byte',
      [
        's:1:xa";',
        's:1:"ax;',
        'S:1:xa";',
        'S:1:"ax;',
        'O:3:xFoo":0:{}',
        'O:3:"Foox:0:{}',
        'C:3:"Foox:0:{}',
        'E:6:"Suit:Hx;',
      ],
    ],
    ['bools', ['b', 'b:', 'b:0', 'b:1:', 'b:2;', 'b:3;', 'b:/;', 'b:-1;', 'b:01;', 'b;0;', 'b1;']],
    ['ints', ['i:;', 'i:+;', 'i:-;', 'i:5', 'i:5:', 'i5;', 'i:+-5;', 'i:5.0;', 'i: 5;', 'i:/;', 'i:::;', 'i:1:2;']],
    [
      'floats',
      [
        'd:;',
        'd:.;',
        'd:-;',
        'd:1e;',
        'd:e5;',
        'd:1e+;',
        'd:1.2.3;',
        'd:1,5;',
        'd:1/5;',
        'd:1-5;',
        'd:/5;',
        'd:1 ;',
        'd:1',
        'xd:1;',
        'd:1.5',
      ],
    ],
    ['floats that are none', ['d:+INF;', 'd:-NAN;', 'd:inf;', 'd:nan;', 'd:--INF;', 'd:INF']],
    [
      'strings',
      [
        's:1:"a"',
        's:1:"a:',
        's:1:"a;',
        's:1a";',
        's:1"a";',
        's::"";',
        's:1:a";',
        's:+1:"a";',
        's:-1:"a";',
        's1:"a";',
        's:1:"a"x',
      ],
    ],
    [
      'lengths of strings',
      [
        's:0:"a";',
        's:2:"a";',
        's:3:"a";',
        's:4:"a";',
        's:5:"a";',
        's:9999999999:"a";',
        's:9223372036854775809:"a";',
        's:1000000000000000:"a";',
      ],
    ],
    [
      'escaped strings',
      [
        'S:1:"\\4g";',
        'S:1:"\\g4";',
        'S:1:"\\4";',
        'S:1:"\\";',
        'S:2:"a";',
        'S:1:"ab";',
        'S:1:"a"x',
        'S:1:"a";x'.slice(0, 7),
        'S:5:"\\41',
      ],
    ],
    [
      'arrays',
      [
        'a:0:{',
        'a:0{}',
        'a:0:}',
        'a::{}',
        'a:-1:{}',
        'a:+0:{}',
        'a0:{}',
        'a:1:{}',
        'a:1:{i:0;}',
        'a:0:{i:0;N;}',
        'a:1:{i:0;N;',
        'a:1:{i:0;N;;}',
      ],
    ],
    [
      'keys',
      [
        'a:1:{N;N;}',
        'a:1:{b:1;N;}',
        'a:1:{d:1;N;}',
        'a:1:{a:0:{}N;}',
        'O:3:"Foo":1:{d:1;N;}',
        'a:1:{i;N;}',
        'a:1:{s:1;N;}',
        'a:1:{t:1:"a";N;}',
        'a:1:{E:1:"a";N;}',
        'a:1:{C:1:"a";N;}',
        'a:1:{S:1;"a";N;}',
      ],
    ],
    [
      'objects',
      [
        'O:3:"Foo":0{}',
        'O:3:"Foo":0:}',
        'O:3:"Foo"0:{}',
        'O:3:"Foo":-1:{}',
        'O:3:"Foo":1:{}',
        'O:3:"Foo":0:{',
        'O:+3:"Foo":0:{}',
        'O:3:Foo:0:{}',
      ],
    ],
    [
      'names of classes',
      [
        'O:3:"\\oo":0:{}',
        'O:3:"F\x7fo":0:{}',
        'O:3:"F-o":0:{}',
        'O:3:"F$o":0:{}',
        'O:0:"":0:{}',
        'O:4:"Foo":0:{}',
        'O:2:"Foo":0:{}',
        'O:3:"F o":0:{}',
        'O:3:"F:o":0:{}',
        'O:3:"F@o":0:{}',
        'O:3:"F[o":0:{}',
        'O:3:"F`o":0:{}',
        'O:3:"F{o":0:{}',
        'O:3:"-oo":0:{}',
        'O:90:"Foo":0:{}',
      ],
    ],
    [
      'C:',
      [
        'C:3:"Foo":2:{xyz}',
        'C:3:"Foo":2:{x}',
        'C:3:"Foo":-1:{}',
        'C:3:"Foo":9:{}',
        'C:3:"Foo":2:{xy',
        'C:3:"F-o":0:{}',
        'C:3:"Foo":0{}',
      ],
    ],
    [
      'E:',
      [
        'E:4:"Suit";',
        'E:6:"Suit:H"',
        'E:6:"Suit:H;',
        'E:7:"Suit:H";',
        'E:5:"Suit:H";',
        'E:2:":H";',
        'E:8:"Suit:a:b";',
        'E:5:"Suit:";',
        'E:6:"Suit:9";',
        'E:6:"Su-t:H";',
        'E:8:"\\\\Suit:H";',
        'E:90:"Suit:H";',
        'E:+6:"Suit:H";',
      ],
    ],
    [
      'references',
      [
        'r:1;',
        'R:1;',
        'R:0;',
        'R:;',
        'R1;',
        'a:2:{i:0;N;i:1;R:+2;}',
        'a:2:{i:0;N;i:1;R:3;}',
        'a:2:{i:0;N;i:1;r:2;}',
        'a:2:{i:0;N;i:1;R:2}',
      ],
    ],
  ])('%s', async (_name, all) => {
    const answers = await php.ask(
      all.map((data) => ({ operation: 'unserialize' as const, argument: latin1Bytes(data) })),
    );
    expect(all.filter((_, index) => answers[index]!.ok)).toEqual([]);
    expect(all.map((data) => failure(() => exact(data)).code)).toEqual(all.map(() => 'ERR_PHP_SYNTAX'));
    const alone = all.filter((data) => !/[rR]:[0-9]+;/.test(data));
    for (const data of alone) {
      expect(failure(() => session(`a|${data}`)).code).toBe('ERR_PHP_SYNTAX');
      expect(failure(() => session(`${pad}${data}}`)).code).toBe('ERR_PHP_SYNTAX');
    }
  });
});

describe('where it is: the offset of the token that is wrong, or of the byte in it', () => {
  test.each([
    ['a:1:{i:0;x}', 9],
    ['a:1:{i:0;b:7;}', 9],
    ['a:1:{i:0;i:5}', 9],
    ['a:1:{i:0;d:1e;}', 9],
    ['a:1:{i:0;s:9:"ab";}', 11],
    ['a:1:{i:0;s:1:"ab";}', 15],
    ['a:1:{i:0;S:9:"ab', 11],
    ['a:1:{i:0;S:3:"ab', 11],
    ['a:1:{i:0;S:2:"ab', 16],
    ['a:1:{i:0;S:2:"\\41', 11],
    ['a:1:{i:0;S:2:"a\\4x";}', 15],
    ['a:1:{i:0;S:1:"ab";}', 15],
    ['a:1:{i:0;S:1:"a":}', 15],
    ['a:1:{i:0;a:1}', 9],
    ['a:1:{i:0;a:1:i:0;N;}', 9],
    ['a:1:{i:0;O:3:"F-o":0:{}}', 9],
    ['a:1:{i:0;O:2:"Foo":0:{}}', 16],
    ['a:1:{i:0;O:90:"Foo":0:{}}', 9],
    ['a:1:{i:0;O:3:"Foo', 9],
    ['a:1:{i:0;O:3:"Foo"0:{}}', 17],
    ['a:1:{i:0;O:3:"Foo":-1:{}}', 20],
    ['a:1:{i:0;O:3:"Foo":1{}}', 20],
    ['a:1:{i:0;O:3:"Foo":1:}', 20],
    ['a:1:{i:0;C:3:"Foo":9:{xy}}', 22],
    ['a:1:{i:0;C:3:"Foo":1:{xy}}', 9],
    ['a:1:{i:0;C:3:"Foo":2:{xy', 22],
    ['a:1:{i:0;E:6:"Suit:H', 9],
    ['a:1:{i:0;E:6:"Suit:H"}', 20],
    ['a:1:{i:0;E:6:"SuitxH";}', 9],
    ['a:1:{i:0;r:1}', 9],
    ['a:1:{i:0;N;N;}', 11],
    ['a:2:{i:0;N;}', 11],
    ['a:1:{N;N;}', 5],
    ['a:1:{i:0;N;}x', 12],
  ])('%j', (data, offset) => {
    expect(failure(() => exact(data)).offset).toBe(offset);
    expect(failure(() => session(pad + data)).offset).toBe(pad.length + offset);
  });

  test('a limit: of bytes the limit, of levels the container, of elements the key', () => {
    const read = (options: object) => failure(() => unserialize(latin1Bytes('a:2:{i:0;N;i:1;a:1:{i:0;N;}}'), options));
    expect(read({ maxBytes: 27 })).toMatchObject({ code: 'ERR_PHP_LIMIT', offset: 27 });
    expect(read({ maxDepth: 1 })).toMatchObject({ code: 'ERR_PHP_LIMIT', offset: 15 });
    expect(read({ maxElements: 2 })).toMatchObject({ code: 'ERR_PHP_LIMIT', offset: 20 });
    expect(read({ maxElements: 1 })).toMatchObject({ code: 'ERR_PHP_LIMIT', offset: 11 });
  });
});

test('an excerpt shows the 24 bytes before and after', () => {
  const shown = (before: number, behind: number) => {
    const data = latin1Bytes(`${'n'.repeat(before - 1)}|x${'m'.repeat(behind - 1)}`);
    return failure(() => decodeSession(data, { excerpts: true })).excerpt;
  };
  const n = (count: number) => 'n'.repeat(count);
  expect(shown(1, 1)).toBe('| <here> x');
  expect(shown(24, 24)).toBe(`${n(23)}| <here> x${'m'.repeat(23)}`);
  expect(shown(25, 25)).toBe(`...${n(23)}| <here> x${'m'.repeat(23)}...`);
  expect(shown(40, 24)).toBe(`...${n(23)}| <here> x${'m'.repeat(23)}`);
  expect(failure(() => unserialize(latin1Bytes('i:1;\0\x1f \\\x7f~\xff'), { excerpts: true })).excerpt).toBe(
    'i:1; <here> \\x00\\x1f \\x5c\\x7f~\\xff',
  );
});

test('a length that lies takes no time', () => {
  for (const length of ['99999999999999', '9999999999999999999']) {
    for (const data of [
      `s:${length}:"a";`,
      `S:${length}:"a";`,
      `O:${length}:"Foo":0:{}`,
      `C:3:"Foo":${length}:{}`,
      `a:${length}:{}`,
    ]) {
      expect(failure(() => exact(data)).code).toBe('ERR_PHP_SYNTAX');
    }
  }
});
