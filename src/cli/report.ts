import { styleText } from 'node:util';
import type { Terminal, World } from './world.ts';

type Style = Parameters<typeof styleText>[0];

/** Milliseconds after which work shows its progress. */
const PATIENCE = 1_000;

/** What a command says. The answer goes to stdout; all else goes to stderr, so that the answer can be piped. */
export class Report {
  /** Whether the answer is JSON. */
  readonly isJson: boolean;
  readonly #world: World;
  #shown = '';
  readonly #start = performance.now();
  #last = 0;

  constructor(world: World, isJson: boolean) {
    this.#world = world;
    this.isJson = isJson;
  }

  /** A line, or some. */
  text(text: string): void {
    this.#hideProgress();
    this.#world.stdout.write(`${text}\n`);
  }

  /**
   * The answer: as JSON in one line with `--json`, and else as `inWords` says it.
   *
   * @param value what JSON can hold
   */
  answer(value: unknown, inWords: () => string): void {
    this.text(this.isJson ? JSON.stringify(value) : inWords());
  }

  /** Columns as wide as their widest cell. Numbers stand to the right. */
  table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
    const cells = rows.map((row) => row.map((cell) => printable(String(cell))));
    const widths = head.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]!.length)));
    const isNumber = head.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'));
    const line = (row: readonly string[]) =>
      row
        .map((cell, i) => (isNumber[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
        .join('  ')
        .trimEnd();
    return [this.style('bold', line(head)), ...cells.map(line)].join('\n');
  }

  /** Colours are for terminals only, and none with NO_COLOR (no-color.org). */
  style(style: Style, text: string): string {
    return this.#hasColours(this.#world.stdout) ? styleText(style, text, { validateStream: false }) : text;
  }

  warn(text: string): void {
    this.#hideProgress();
    const { stderr } = this.#world;
    const word = this.#hasColours(stderr) ? styleText('yellow', 'warning:', { validateStream: false }) : 'warning:';
    stderr.write(`${word} ${text}\n`);
  }

  /** Something to know that is no part of the answer. */
  note(text: string): void {
    this.#hideProgress();
    this.#world.stderr.write(`${text}\n`);
  }

  /** How far the work is: a line that stays in its place, for terminals only, and only of work that takes long. */
  progress(text: () => string): void {
    const now = performance.now();
    if (!this.#world.stderr.isTTY || now - this.#start < PATIENCE || now - this.#last < 100) return;
    this.#last = now;
    this.#hideProgress();
    this.#shown = text().slice(0, (this.#world.stderr.columns ?? 80) - 1);
    this.#world.stderr.write(this.#shown);
  }

  #hideProgress(): void {
    if (this.#shown !== '') this.#world.stderr.write(`\r${' '.repeat(this.#shown.length)}\r`);
    this.#shown = '';
  }

  #hasColours(terminal: Terminal): boolean {
    return terminal.isTTY === true && !this.#world.env.NO_COLOR;
  }
}

/** Text from outside cannot move the cursor or change the colours of a terminal. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
