// biome-ignore-all lint/suspicious/noTemplateCurlyInString: PHP's variables look like that
import { execFileSync } from 'node:child_process';

/** Texts of which each shows one rule of PHP's syntax. */
export const iniTexts = [
  '',
  'a = b',
  'a=b',
  '  a  =  b  ',
  '\ta\t=\tb\t',
  'a = b c  d ',
  'a = ',
  'a =',
  'a',
  'a\nb = 1',
  'a = 1\na = 2',
  'a = On\nb = off\nc = YES\nd = No\ne = none\nf = null\ng = TRUE\nh = false',
  'a = only\nb = nothing\nc = yesterday\nd = nullable',
  'a = on\t \nb = 1',
  'a = "on"\nb = \'off\'',
  'a = x on',
  'a = on x',
  'a = b on c',
  'a = b ; comment\nc = d;e\n; f = g\n  ; h = i',
  'a = "b ; c" ; d\n',
  "a = 'b ; c'",
  '# a = b\nc = d',
  'a = b # c',
  'a = "b"c',
  'a = b"c"',
  'a = "b" "c"',
  "a = 'b''c'",
  'a = ""',
  "a = ''",
  'a = "b\\"c"',
  'a = "b\\\\c"',
  'a = "b\\\'c"',
  'a = "b\\nc"',
  'a = "b\\$c"',
  'a = b\\c',
  'a = "b\\\\"c"',
  'a = "b\\\\\\"c"',
  'a = "b\\"',
  'a = "b\\"\nc = "d"',
  'a = \\"b"',
  'a = \\"b\\"\nc = d',
  "a = ''\nb = c",
  "a = b''c\nd = e",
  'a = b$\nc = d',
  'a = ;',
  'a = b ;',
  'a = =',
  ' = b',
  ' on = 1',
  'on',
  'a = "b\nc"\nd = e',
  "a = 'b\nc'\nd = e",
  'a = "b',
  "a = 'b",
  "a = it's\nb = c",
  'a = b=c',
  'a = tcp://h:1?prefix=foo:\nb = c',
  'a = "tcp://h:1?prefix=foo:&auth=x"',
  'a = 2;/tmp/x',
  'a = "2;/tmp/x"',
  'a = /var/lib/php/sessions',
  'a = C:\\temp\\x',
  'a = 10M',
  'a = -1',
  'a = 1.5',
  'a = .5x',
  'a = 1|2',
  'a = 1 | 2 & 3',
  'a = ~1',
  'a = !1\nb = !0',
  'a = (1|4)^5',
  'a = 1 |',
  'a = {b}',
  'a = b{c',
  'a = b(c)',
  'a = $b',
  'a = $',
  'a = b$',
  'a = "$"',
  'a = "b$c"',
  'a = ${HOME}x',
  'a = "${HOME}/x"',
  'a = ${NO_SUCH_NAME}x',
  'a = ${HOME',
  '[s]\na = b',
  '[s] \na = b',
  '[PATH=/var/www]\na = b',
  '[s\na = b',
  'a[] = b\na[] = c',
  'a[x] = b\na[y] = c',
  'a["x"] = b',
  'a[ x ] = b',
  'a[x = b',
  'a[x]\nb = c',
  'on = 1',
  'null = 1',
  'a.b-c_d = e',
  'a b = c',
  'a! = c',
  'a{ = c',
  '= b',
  'a = b\r\nc = d\r\n',
  'a = b\rc = d',
  'a = é',
  'é = a',
  '\uFEFFa = b',
  'a = @b',
  'a = %41',
  'a = <b>',
  'a = b:c,d',
  'a = b ]',
  'a = [b]',
  'a = b & c',
  'a = 0x1A',
  'a = 1e3',
];

/** Files with settings of sessions, each of which PHP reads when it starts. */
export const iniSettings = [
  '',
  '[Session]\nsession.name = SID\nsession.cookie_lifetime = 3600\n',
  'session.use_strict_mode = 1\nsession.cookie_httponly = On\nsession.cookie_secure = yes\nsession.lazy_write = off\n',
  'session.use_strict_mode = "true"\nsession.cookie_httponly = "no"\nsession.cookie_secure = 2\n',
  'session.cookie_path = "/a;b"\n',
  'session.cookie_path = "/app"\nsession.cookie_domain = .example.com\nsession.cookie_samesite = "Strict"\n',
  'session.cookie_samesite = lax\n',
  'session.cookie_samesite =\n',
  'session.sid_length = 26\nsession.sid_bits_per_character = 5\n',
  'session.sid_length = 10\nsession.sid_bits_per_character = 7\n',
  'session.sid_length = 300\n',
  'session.cookie_lifetime = -5\n',
  'session.cookie_lifetime = 86400 ; a day\n',
  'session.gc_maxlifetime = 7200\nsession.gc_probability = 0\nsession.gc_divisor = 1000\n',
  'session.gc_divisor = 0\n',
  'session.gc_probability = -1\n',
  'session.cache_limiter = public\nsession.cache_expire = 10\n',
  'session.cache_limiter = NoCache\n',
  'session.cache_limiter =\n',
  'session.cache_limiter = other\n',
  'session.name = 5\n',
  'session.name =\n',
  'session.serialize_handler = php_serialize\n',
  'session.serialize_handler = "php_binary"\n',
  'serialize_precision = 17\n',
  'serialize_precision = -1\nunserialize_max_depth = 100\n',
  'session.use_only_cookies = 0\nsession.use_strict_mode = 1\n',
  'session.use_only_cookies = 0\n',
  'session.name = a=b\nsession.cookie_lifetime = 5\n',
  'session.cookie_lifetime = 60\nbroken ( line\nsession.cookie_lifetime = 5\n',
  '[PATH=/nowhere]\nsession.name = other\n[Session]\nsession.cookie_lifetime = 7\n',
  'x = sid\nsession.name = ${x}\n',
  'session.gc_maxlifetime = 1|4\n',
  'session.gc_maxlifetime = 1K\n',
  'session.cache_expire = 1h\n',
];

/** What parse_ini_string() makes of each. */
export function parseIniStrings(texts: readonly string[]): unknown[] {
  const code = `error_reporting(0); $out = [];
    foreach (json_decode(stream_get_contents(STDIN)) as $text) {
      $ini = parse_ini_string($text, false, INI_SCANNER_NORMAL);
      $out[] = $ini === false ? false : (object) array_map(fn($v) => is_array($v) ? (object) $v : $v, $ini);
    }
    echo json_encode($out, JSON_INVALID_UTF8_SUBSTITUTE);`;
  return JSON.parse(
    execFileSync('php', ['-n', '-r', code], { input: JSON.stringify(texts), encoding: 'utf8', maxBuffer: 2 ** 26 }),
  );
}

/** What a PHP has that starts with this php.ini and no other file. */
export function iniGetAll(file: string): string {
  return execFileSync('php', ['-c', file, '-r', 'echo json_encode(ini_get_all());'], {
    encoding: 'utf8',
    env: { ...process.env, PHP_INI_SCAN_DIR: '' },
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 2 ** 24,
  }).replace(/^[^{]*/, ''); // warnings of what PHP refuses
}

/** Random numbers from 0 to 1 that are the same each time (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
