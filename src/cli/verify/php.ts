import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { SessionFormat, SessionFormatName } from '../../codec/index.ts';
import type { World } from '../world.ts';

/** What PHP makes of a session: what it writes for it again; or it refuses it; or its process ended over it. */
export type PhpAnswer = Buffer | 'refused' | 'ended';

/** Milliseconds for one answer. */
const PATIENCE = 60_000;
const REFUSED = 0xffffffff;

/**
 * Reads frames (four bytes of length, then a session), and answers each with what `session_encode()` gives. The first answer is PHP's version, or nothing
 * where it does not have the format.
 *
 * gc_collect_cycles(): until PHP collects it, what was dropped may be the second holder of a reference, and PHP writes R: where it else writes r:.
 */
const script = `
error_reporting(0);
final class OneSession implements SessionHandlerInterface {
  public $data = '';
  #[ReturnTypeWillChange] public function open($path, $name) { return true; }
  #[ReturnTypeWillChange] public function close() { return true; }
  #[ReturnTypeWillChange] public function read($id) { return $this->data; }
  #[ReturnTypeWillChange] public function write($id, $data) { return true; }
  #[ReturnTypeWillChange] public function destroy($id) { return true; }
  #[ReturnTypeWillChange] public function gc($lifetime) { return 0; }
}
function answer($bytes) { fwrite(STDOUT, $bytes === null ? "\\xff\\xff\\xff\\xff" : pack('N', strlen($bytes)) . $bytes); }
$handler = new OneSession();
session_set_save_handler($handler, false);
$format = ini_get('session.serialize_handler');
$has = strncmp($format, 'php', 3) === 0 || extension_loaded($format);
answer(extension_loaded('session') && $has ? PHP_VERSION : '');
while (strlen($head = (string) stream_get_contents(STDIN, 4)) === 4) {
  $size = unpack('N', $head)[1];
  $handler->data = $size === 0 ? '' : stream_get_contents(STDIN, $size);
  $written = null;
  try {
    session_id('verify');
    if (session_start()) { gc_collect_cycles(); $written = (string) session_encode(); }
  } catch (\\Throwable $error) {}
  if (session_status() === PHP_SESSION_ACTIVE) session_abort();
  $_SESSION = [];
  answer($written);
}
`;

/** The PHP that is installed, as one process that is fed with sessions. It knows no classes of the application. */
export class Php {
  /** `'8.2.36'` */
  readonly version: string;
  readonly #start: () => PhpPipe;
  #pipe: PhpPipe;

  private constructor(version: string, pipe: PhpPipe, start: () => PhpPipe) {
    this.version = version;
    this.#pipe = pipe;
    this.#start = start;
  }

  /**
   * @param precision php.ini's `serialize_precision`
   * @returns in words why PHP cannot be asked
   */
  static async start(
    format: SessionFormatName | SessionFormat,
    precision: number,
    { env }: World,
  ): Promise<Php | string> {
    const name = typeof format === 'string' ? format : format.name;
    const names = ['php', 'php_binary', 'php_serialize', 'igbinary', 'msgpack'];
    if (!names.includes(name)) return `PHP itself has no session format ${name}`;
    const settings: Record<string, string | number> = {
      ...{ 'session.serialize_handler': name, serialize_precision: precision, memory_limit: '1G' },
      ...{
        'session.use_cookies': 0,
        'session.cache_limiter': '',
        'session.gc_probability': 0,
        'session.auto_start': 0,
      },
      ...{
        'session.use_strict_mode': 0,
        'session.upload_progress.enabled': 0,
        auto_prepend_file: '',
        auto_append_file: '',
      },
      ...{ display_errors: 0, display_startup_errors: 0, log_errors: 0, 'zend.enable_gc': 1 },
    };
    const flags = Object.entries(settings).flatMap(([setting, value]) => ['-d', `${setting}=${value}`]);
    // The database's password is none of its business.
    const own = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('PHP_SESSION_BRIDGE')));
    // In a group of its own: Ctrl-C in a terminal would end PHP too, and the rows that it was asked about would count as unknown in the file of --resume. PHP
    // ends when its input does.
    const detached = process.platform !== 'win32';
    const start = () => new PhpPipe(spawn('php', [...flags, '-r', script], { env: own, detached }));
    const pipe = start();
    const version = await pipe.answer();
    if (typeof version === 'string') return 'no PHP is installed here (the command php), or it does not start';
    if (version.length === 0) {
      pipe.end();
      return `the installed PHP has no extension ${name}`;
    }
    return new Php(version.toString(), pipe, start);
  }

  /** One answer to each session, in their order. */
  async ask(sessions: readonly Uint8Array[]): Promise<PhpAnswer[]> {
    const answers: PhpAnswer[] = [];
    while (answers.length < sessions.length) {
      const rest = sessions.slice(answers.length);
      this.#pipe.write(rest);
      for (let left = rest.length; left > 0; left--) {
        const answer = await this.#pipe.answer();
        answers.push(answer);
        if (answer !== 'ended') continue;
        this.#pipe.end();
        this.#pipe = this.#start();
        await this.#pipe.answer(); // its version
        break;
      }
    }
    return answers;
  }

  end(): void {
    this.#pipe.end();
  }
}

/** One process of PHP, and the frames in both directions. */
class PhpPipe {
  readonly #child: ChildProcessWithoutNullStreams;
  #chunks: Buffer[] = [];
  #size = 0;
  #isOver = false;
  #wake: () => void = () => {};

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    const over = () => {
      this.#isOver = true;
      this.#wake();
    };
    child.on('error', over);
    child.stdin.on('error', () => {});
    child.stderr.resume();
    child.stdout.on('close', over).on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#size += chunk.length;
      this.#wake();
    });
  }

  write(sessions: readonly Uint8Array[]): void {
    const frames = sessions.flatMap((session) => {
      const head = Buffer.alloc(4);
      head.writeUInt32BE(session.length);
      return [head, session];
    });
    this.#child.stdin.write(Buffer.concat(frames));
  }

  async answer(): Promise<PhpAnswer> {
    const head = await this.#take(4);
    if (head === undefined) return 'ended';
    const size = head.readUInt32BE();
    return size === REFUSED ? 'refused' : ((await this.#take(size)) ?? 'ended');
  }

  end(): void {
    this.#child.stdin.destroy();
    this.#child.kill('SIGKILL');
  }

  async #take(size: number): Promise<Buffer | undefined> {
    while (this.#size < size) {
      if (this.#isOver) return undefined;
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      clearTimeout(timer);
    }
    // One frame needs no copy of all that has come.
    if (this.#chunks[0] === undefined || this.#chunks[0].length < size) this.#chunks = [Buffer.concat(this.#chunks)];
    const first = this.#chunks[0]!;
    this.#chunks[0] = first.subarray(size);
    this.#size -= size;
    return first.subarray(0, size);
  }
}
