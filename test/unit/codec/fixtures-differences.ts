/** Cases of the corpus in which the codec differs from PHP on purpose. */
export interface Difference {
  readonly why: string;
  /** What the codec does in them: `kept`, it writes its input again; bytes that it writes; the code of its error. */
  readonly gives: string | readonly string[];
  /** `FILE: NAME` */
  readonly cases: readonly string[];
}

const named = (file: string, ...names: string[]) => names.map((name) => `${file}: ${name}`);

export const differences: readonly Difference[] = [
  {
    why: 'PHP drops variables that a format cannot hold, or the whole session; the codec refuses to write them.',
    gives: ['php_serialize to php: ERR_PHP_KEY', 'php_serialize to php_binary: ERR_PHP_KEY'],
    cases: named(
      'write/variables',
      'an int name',
      'an int name between others',
      'a decimal name is an int',
      'int names alone',
      'a reference behind an int name',
      'a reference to an int name',
    ),
  },
  {
    why: 'The same, for a bar in a name, which only the format php cannot hold.',
    gives: ['php_binary to php: ERR_PHP_KEY', 'php_serialize to php: ERR_PHP_KEY'],
    cases: named('write/variables', 'a bar in a name', 'a bar in a name, among others'),
  },
  {
    why: 'The same, for a name of more than 127 bytes, which only the format php_binary cannot hold.',
    gives: ['php to php_binary: ERR_PHP_KEY', 'php_serialize to php_binary: ERR_PHP_KEY'],
    cases: named('write/variables', 'a name of 128 bytes', 'a reference behind a name of 128 bytes'),
  },
  {
    why: 'PHP 8.1 and later write an object twice if two variables share an array in memory, but not in php_serialize; the codec keeps what it reads.',
    gives: [
      'php to php_serialize: a:2:{s:1:"x";a:1:{i:0;O:8:"stdClass":0:{}}s:1:"y";a:1:{i:0;O:8:"stdClass":0:{}}}',
      'php_binary to php_serialize: a:2:{s:1:"x";a:1:{i:0;O:8:"stdClass":0:{}}s:1:"y";a:1:{i:0;O:8:"stdClass":0:{}}}',
      'php_serialize to php: x|a:1:{i:0;O:8:"stdClass":0:{}}y|a:1:{i:0;r:2;}',
      'php_serialize to php_binary: \x01xa:1:{i:0;O:8:"stdClass":0:{}}\x01ya:1:{i:0;r:2;}',
    ],
    cases: named('write/references', 'an array with an object, and its copy'),
  },
  {
    why: 'C: numbers the values in it by rules of its class, so the target of a reference behind one cannot be known.',
    gives: ['php', 'php_binary', 'php_serialize'].flatMap((from) =>
      ['php', 'php_binary', 'php_serialize'].map((to) => `${from} to ${to}: ERR_PHP_REFERENCE`),
    ),
    cases: [
      ...named(
        'write/builtin',
        'ArrayObject, and a reference behind it',
        'SplObjectStorage, and a reference behind it',
      ),
      ...named('write/builtin', 'SplDoublyLinkedList, and a reference behind it'),
      ...named('write/magic', 'Serializable, and a reference behind it'),
      ...named('write/magic', 'Serializable with numbers of its own, and a reference behind it'),
    ],
  },
  {
    why: 'The same, in what is read.',
    gives: 'ERR_PHP_REFERENCE',
    cases: [
      ...named('read/php-references', 'R: behind an unknown class that serialized itself'),
      ...named('read/value-custom', 'an unknown class, and a reference behind it'),
      ...named('read/value-custom', 'the form of ArrayObject before 7.4, and a reference behind it'),
    ],
  },
  {
    why: 'C: has references of its own in it, so nothing before it may change: another format may count otherwise.',
    gives: [
      'php to php_binary: ERR_PHP_REFERENCE',
      'php to php_serialize: ERR_PHP_REFERENCE',
      'php_binary to php: ERR_PHP_REFERENCE',
      'php_binary to php_serialize: ERR_PHP_REFERENCE',
      'php_serialize to php: ERR_PHP_REFERENCE',
      'php_serialize to php_binary: ERR_PHP_REFERENCE',
    ],
    cases: [
      ...named('write/builtin', 'SplObjectStorage with an object of the session'),
      ...named('write/magic', 'Serializable that writes an object of the session'),
    ],
  },
  {
    why: 'PHP loses what a class that it does not know, or that is not Serializable any more, wrote (C:).',
    gives: 'kept',
    cases: [
      ...named('read/php-references', 'R: before an unknown class that serialized itself'),
      ...named('read/php', 'an unknown class that serialized itself'),
      ...named(
        'read/value-custom',
        'an unknown class',
        'an unknown class with no data',
        'an unknown class with braces in its data',
        'an unknown class with any byte',
        'an unknown class in an array',
        'a reference before an unknown class',
        'an unknown class twice',
        'a class that is not Serializable',
      ),
    ],
  },
  {
    why: 'The same; its count is written as PHP writes it.',
    gives: 'C:3:"Foo":4:{i:5;}',
    cases: named('read/value-custom', 'a count with a plus'),
  },
  {
    why: 'The same, without data.',
    gives: 'C:3:"Foo":0:{}',
    cases: named('read/value-custom', 'no count', 'a count of minus zero'),
  },
  {
    why: 'What a class makes of its data is known to PHP alone: other letters, order, properties, forms, and whether it takes them at all.',
    gives: 'kept',
    cases: [
      ...named('read/php', 'a closure', 'a DateTime without anything'),
      ...named('read/php_binary', 'a closure'),
      ...named('read/php_serialize', 'a closure'),
      ...named(
        'read/value-classes',
        'public properties in another order',
        'a property that is missing',
        'the class in other letters',
        'a private property given as a public one',
        'a public property given as a protected one',
        'a private property, its class in other letters',
        'a private property of the parent',
        '__wakeup() changes it',
        'ArrayObject without the iterator class',
        'ArrayObject without anything',
        'DateTime without microseconds',
        'DateTime without anything',
        'DateTime with a time zone that there is not',
        'a closure',
        'a generator',
        'a reflection',
        'an abstract class',
        'an interface',
        'Serializable given as O:',
      ),
      ...named(
        'read/value-custom',
        'a class of the application in other letters',
        'a class that has __unserialize() now',
        'the form of ArrayObject before 7.4',
        'the form of SplObjectStorage before 7.4',
        'the form of SplStack before 7.4',
        'ArrayObject with damaged data',
      ),
      ...named('read/value-enums', 'an enum given as O:'),
      ...named('read/value-objects', 'stdClass in capitals'),
    ],
  },
  {
    why: 'Which enums and cases there are, and their letters, is known to PHP alone.',
    gives: 'kept',
    cases: [
      ...named('read/php', 'an enum that there is not'),
      ...named(
        'read/value-enums',
        'the enum in other letters',
        'the enum with a backslash',
        'the case in other letters',
        'a case that there is not',
        'a constant that is a case',
        'an enum that there is not',
        'a class that is no enum',
      ),
    ],
  },
  {
    why: 'PHP makes strings of the int keys of an object, unless its class has __unserialize(), which is known to PHP alone.',
    gives: 'kept',
    cases: named(
      'read/value-objects',
      'an int key is a string',
      'a negative int key is a string',
      'an unknown class with int keys',
    ),
  },
  {
    why: 'The same, for a property that comes as int and as string: to PHP it is one, and so it is here, under the first key.',
    gives: 'O:8:"stdClass":1:{i:5;i:2;}',
    cases: named('read/value-objects', 'a property as int and as string'),
  },
  {
    why: 'PHP takes this property for the name of the class that it does not know, and loses properties of an object without one.',
    gives: 'kept',
    cases: named(
      'read/value-objects',
      'the pseudo property of an incomplete class',
      'the pseudo property, not a string',
      'the class of incomplete objects',
      'the class of incomplete objects with a name',
    ),
  },
  {
    why: 'unserialize() ignores what is behind a value, with a warning since PHP 8.3; here it is damage.',
    gives: 'ERR_PHP_SYNTAX',
    cases: [
      ...named('read/value-arrays', 'a semicolon behind the array'),
      ...named('read/value-custom', 'a semicolon behind it'),
      ...named('read/value-objects', 'a semicolon behind the object'),
      ...named('read/value-scalars', 'something behind the value', 'a line end behind the value'),
      ...named('read/value-scalars', 'another value behind the value'),
    ],
  },
  {
    why: 'PHP takes it for $_SESSION, which it then never writes again.',
    gives: 'ERR_PHP_SYNTAX',
    cases: named('read/php_serialize', 'an int', 'a string', 'false', 'an object'),
  },
  {
    why: 'PHP 7.2 takes r: for a copy of any value.',
    gives: 'ERR_PHP_SYNTAX',
    cases: named('read/php-references', 'r: to an int'),
  },
  {
    why: 'PHP up to 7.4 takes what it cannot read in this format for an empty session, and writes over it.',
    gives: 'ERR_PHP_SYNTAX',
    cases: named(
      'read/php_serialize',
      'R: fills the name that it means',
      'an array that is cut off',
      'a count that is too large',
      'a value that is no value',
      'a reference alone',
      'the format php',
      'JSON',
    ),
  },
  {
    why: 'The same, for a reference to the session.',
    gives: 'ERR_PHP_REFERENCE',
    cases: named('read/php_serialize', 'r: to the session'),
  },
  {
    why: '$_SESSION would be a reference to itself, which PHP never writes again.',
    gives: 'ERR_PHP_REFERENCE',
    cases: named('read/php_serialize', 'R: to the session'),
  },
  {
    why: 'As a variable of a session it is a reference that its property shares, and PHP writes it so too.',
    gives: 'kept',
    cases: named('read/value-native', 'R: from an object to the root'),
  },
  {
    why: 'What PHP writes for an array that contains itself, alone, depends on its version; it is cut off with N;',
    gives: 'kept',
    cases: named('read/value-native', 'R: to the root', 'R: from deeper to the root'),
  },
];
