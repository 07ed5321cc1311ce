import { afterAll, beforeAll, expect } from '@jest/globals';
import {
  decodeSession,
  encodeSession,
  PhpSessionError,
  type SessionEncodeOptions,
  type SessionFormatName,
  unserialize,
} from '../../src/codec/index.ts';
import { asPhpWrites, described } from './exact.ts';
import { latin1Bytes, latin1Text } from './latin1.ts';
import { type Edit, PhpOracle } from './php-oracle.ts';

/** A save handler that writes down how it is called. Of `$recorder->data` each session is read. */
const recorder = `
  session_abort();
  if (!class_exists('Recorder')) {
    class Recorder implements SessionHandlerInterface, SessionUpdateTimestampHandlerInterface {
      public $calls = [];
      public $data = '';
      function open($path, $name): bool { $this->calls[] = 'open'; return true; }
      function close(): bool { $this->calls[] = 'close'; return true; }
      function validateId($id): bool { return true; }
      #[\\ReturnTypeWillChange]
      function read($id) { $this->calls[] = "read $id"; return $this->data; }
      function write($id, $data): bool { $this->calls[] = "write $data"; return true; }
      function updateTimestamp($id, $data): bool { $this->calls[] = 'touch'; return true; }
      function destroy($id): bool { $this->calls[] = 'destroy'; return true; }
      #[\\ReturnTypeWillChange]
      function gc($lifetime) { return 0; }
    }
  }
  $recorder = new Recorder;
  session_set_save_handler($recorder, false);
  session_id('abc');
`;

const afterwards = `
  if (session_status() === PHP_SESSION_ACTIVE) session_abort();
  $_SESSION = [];
  session_set_save_handler($handler, false);
`;

type Ini = Record<string, string>;

/** What PHP and the codec make of the same bytes, and of the same values. One for a test file. */
export class Rules {
  php!: PhpOracle;

  constructor() {
    beforeAll(() => {
      this.php = new PhpOracle();
    });
    afterAll(() => this.php.close());
  }

  /**
   * Both accept these bytes and see the same value in them, and both write `again`: PHP, and the codec from the exact view. What the
   * codec writes from the plain view is the same to PHP, and the same bytes if no value was read.
   *
   * @param again default the same bytes
   * @param how `isCyclic`: PHP cannot describe it
   */
  async bothRead(
    data: string,
    again: string = data,
    how: { format?: SessionFormatName; isCyclic?: boolean } = {},
  ): Promise<void> {
    const { format = 'php' } = how;
    const exact = () => decodeSession(latin1Bytes(data), { view: 'exact', format });
    expect(latin1Text(encodeSession(asPhpWrites(exact()), { format }))).toBe(again);
    await this.bothKeep(data, again, format);
    if (how.isCyclic === true) return;
    const ini = { 'session.serialize_handler': format };
    expect((await this.php.one('describe', latin1Bytes(data), ini)).value).toEqual(described(exact()));
  }

  /** Both accept these bytes; PHP writes `again`, and the codec what it read, or what is the same to PHP. */
  async bothKeep(data: string, again: string, format: SessionFormatName = 'php'): Promise<void> {
    expect(await this.phpWritesAgain(data, format)).toBe(again);
    const session = decodeSession(latin1Bytes(data), { format });
    expect(latin1Text(encodeSession(session))).toBe(data);
    Object.values(session);
    expect(await this.phpWritesAgain(latin1Text(encodeSession(session)), format)).toBe(again);
  }

  /** What PHP writes for a session after it read it, or `undefined` where PHP destroys it. */
  async phpWritesAgain(data: string, format: SessionFormatName = 'php'): Promise<string | undefined> {
    const answer = await this.php.one('session', latin1Bytes(data), { 'session.serialize_handler': format });
    return answer.ok ? latin1Text(answer.bytes) : undefined;
  }

  /** PHP destroys a session of these bytes, and the codec refuses it. */
  async bothRefuse(data: string, format: SessionFormatName = 'php', code: string = 'ERR_PHP_SYNTAX'): Promise<void> {
    expect(await this.phpWritesAgain(data, format)).toBeUndefined();
    expect(codeOf(() => decodeSession(latin1Bytes(data), { format }))).toBe(code);
  }

  /** PHP code that sets `$_SESSION`, and the same session from JavaScript: both write these bytes. */
  async bothWrite(
    code: string,
    session: object,
    data: string,
    options: SessionEncodeOptions & { format?: SessionFormatName } = {},
  ): Promise<void> {
    expect(await this.phpWrites(code, options.format)).toBe(data);
    expect(latin1Text(encodeSession(session, options))).toBe(data);
  }

  /** What PHP writes for a session that this code sets. */
  async phpWrites(code: string, format: SessionFormatName = 'php'): Promise<string> {
    const answer = await this.php.one('eval', code, { 'session.serialize_handler': format });
    if (!answer.ok) throw new Error(`PHP failed: ${code}`);
    return latin1Text(answer.session);
  }

  /** PHP and an application change a session in the same way: both write these bytes. */
  async bothChange(data: string, edits: Edit[], after: string, format: SessionFormatName = 'php'): Promise<void> {
    const ini = { 'session.serialize_handler': format };
    const [answer] = await this.php.ask([{ operation: 'edit', argument: latin1Bytes(data), edits, ini }]);
    expect(latin1Text(answer!.bytes)).toBe(after);
    const session = decodeSession(latin1Bytes(data), { format });
    for (const [[key, element], value] of edits) {
      const holder = (element === undefined ? session : session[key!]) as Record<string, unknown>;
      if (value === null) delete holder[element ?? key!];
      else holder[element ?? key!] = value;
    }
    expect(latin1Text(encodeSession(session))).toBe(after);
  }

  /** The value that PHP code returns, or `undefined` if it throws. */
  async eval<T = unknown>(code: string, ini: Ini = {}): Promise<T | undefined> {
    const answer = await this.php.one('eval', code, ini);
    return answer.ok ? unserialize<T>(answer.bytes) : undefined;
  }

  /**
   * How PHP calls a save handler.
   *
   * @param data what its `read()` returns, as PHP code
   * @param code what the script does; a script that sets `$result` gives that too
   */
  async calls(data: string, code: string, ini: Ini = {}): Promise<{ calls: string[]; result: unknown }> {
    const run = `${recorder} $recorder->data = ${data}; $result = null;
      try { ${code} } catch (Throwable $error) { $result = get_class($error); }
      $calls = $recorder->calls; ${afterwards} return ['calls' => $calls, 'result' => $result];`;
    return (await this.eval(run, ini)) as { calls: string[]; result: unknown };
  }
}

/** The code of the error that this throws; `undefined` if it throws none. */
export function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof PhpSessionError) return error.code;
    throw error;
  }
}

/** PHP code for a string of these bytes. */
export const phpString = (data: string): string => `base64_decode('${latin1Bytes(data).toString('base64')}')`;
