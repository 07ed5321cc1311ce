/** One line of a configuration: `key = value`, or `key[offset] = value`. */
export interface IniEntry {
  readonly key: string;
  readonly offset: string | undefined;
  readonly value: string;
  /** The text in brackets above it; `undefined` before the first one. */
  readonly section: string | undefined;
  /** From 1 on. */
  readonly line: number;
  /** A word in the value that may be a constant of PHP, whose value only PHP knows. */
  readonly constant?: string;
}

export interface Ini {
  readonly entries: readonly IniEntry[];
  /** Where PHP gives up, if it does: what comes after this line, it does not read. */
  readonly errorAt: number | undefined;
}

const eol = String.raw`(?:\r\n|\r|\n)`;

/** What a value is made of. The longest match counts, and of two as long the first: as in php-src's Zend/zend_ini_scanner.l. */
const inValue = tokens({
  // A lone "$" at the end of the text, and the first of two single quotes with nothing between them, end a value too.
  end: String.raw`[ \t]*${eol}|\$?$(?![^])|'(?=')`,
  comment: String.raw`[ \t]*;[^\r\n]*${eol}`,
  // What needs more than there is: PHP stops as at the end of the text.
  stop: String.raw`[ \t]*;[^\r\n]*$(?![^])|'[^']*$(?![^])|[^\r\n"'=;]*\$\\$(?![^])`,
  equals: '=',
  raw: "'[^']+'",
  variable: String.raw`\$\{`,
  on: String.raw`(?:true|on|yes)[ \t]*`,
  off: String.raw`(?:false|off|none|no|null)[ \t]*`,
  word: '[a-zA-Z_][a-zA-Z0-9_]*',
  number: String.raw`-?[0-9]+|[0-9]*\.[0-9]+|[0-9]+\.[0-9]*`,
  operator: String.raw`[&|^~()!][ \t]*`,
  text: String.raw`(?:[^$= \t\n\r;&|^~()!"'\0]|\$(?:\\[^]|[^{\0]))+`,
  quote: String.raw`[ \t]*"`,
  blank: String.raw`[ \t]+`,
});
const inLine = tokens({
  end: String.raw`[ \t]*(?:${eol}|$(?![^]))`,
  comment: String.raw`[ \t]*;[^\r\n]*`,
  section: String.raw`\[(?:'[^']+'|"[^"]*"|\\[^\r\n]|[^\]\r\n;"'\\])*\][ \t]*`,
  label: String.raw`[^=\n\r\t;&|^$~(){}!"[]+`,
  blank: String.raw`[ \t]+`,
});

type Tokens = readonly (readonly [string, RegExp])[];

function tokens(patterns: Record<string, string>): Tokens {
  return Object.entries(patterns).map(([name, pattern]) => [name, new RegExp(pattern, 'iy')]);
}

/** PHP stops reading here, with an error. */
class SyntaxStop extends Error {}

/**
 * Reads what PHP reads: php.ini, `.user.ini`, and the text of `parse_ini_string()` in its usual mode.
 *
 * @param variables what `${NAME}` means where no line before it sets NAME
 */
export function parseIni(text: string, variables: (name: string) => string | undefined): Ini {
  const [upToNul = ''] = text.replace(/^\uFEFF|^\xEF\xBB\xBF/, '').split('\0');
  return new IniReader(upToNul, variables).read();
}

class IniReader {
  readonly #text: string;
  readonly #variables: (name: string) => string | undefined;
  readonly #entries: IniEntry[] = [];
  #at = 0;
  #section: string | undefined;
  #constant: string | undefined;

  constructor(text: string, variables: (name: string) => string | undefined) {
    this.#text = text;
    this.#variables = variables;
  }

  read(): Ini {
    try {
      while (this.#at < this.#text.length) this.#line();
    } catch (error) {
      if (!(error instanceof SyntaxStop)) throw error;
      return { entries: this.#entries, errorAt: this.#lineNumber };
    }
    return { entries: this.#entries, errorAt: undefined };
  }

  get #lineNumber(): number {
    return this.#text.slice(0, this.#at).split(/\r\n|\r|\n/).length;
  }

  #next(of: Tokens): { name: string; text: string } | undefined {
    let found: { name: string; text: string } | undefined;
    for (const [name, pattern] of of) {
      pattern.lastIndex = this.#at;
      const [text] = pattern.exec(this.#text) ?? [];
      if (text !== undefined && (found === undefined || text.length > found.text.length)) found = { name, text };
    }
    return found;
  }

  #line(): void {
    const { name, text } = this.#next(inLine) ?? { name: 'other', text: '' };
    this.#at += text.length;
    if (name === 'other') throw new SyntaxStop();
    if (name === 'section') this.#section = text.slice(1, text.lastIndexOf(']'));
    if (name !== 'label') return;
    if (/^(true|on|yes|false|off|no|none|null) *$/i.test(text) && this.#at < this.#text.length) throw new SyntaxStop();
    const key = text.replace(/^ +| +$/g, '');
    if (key === '') {
      if (/[=[]/.test(this.#text[this.#at] ?? '')) throw new SyntaxStop();
      return;
    }
    const offset = this.#offset();
    const [assign] = this.#match(/[ \t]*=[ \t]*/y) ?? [];
    if (assign === undefined) {
      if (offset !== undefined) throw new SyntaxStop();
      return; // a name alone says nothing
    }
    const line = this.#lineNumber;
    this.#constant = undefined;
    const value = this.#value();
    const constant = this.#constant;
    this.#entries.push({
      key,
      offset,
      value,
      section: this.#section,
      line,
      ...(constant !== undefined && { constant }),
    });
    this.#endOfValue();
  }

  /** PHP has taken the value, whatever follows. */
  #endOfValue(): void {
    const { name, text } = this.#next(inValue) ?? { name: 'other', text: '' };
    if (!['end', 'comment', 'stop'].includes(name)) throw new SyntaxStop();
    this.#at += text.length;
  }

  #offset(): string | undefined {
    const [, inner] = this.#match(/\[[ \t]*([^\]\r\n]*)\]/y) ?? [];
    return inner?.replace(/'([^']+)'|"([^"]*)"/g, '$1$2');
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text) ?? undefined;
    this.#at += found?.[0].length ?? 0;
    return found;
  }

  #value(): string {
    const { name, text } = this.#next(inValue) ?? { name: 'other', text: '' };
    if (name === 'end' || name === 'comment' || name === 'equals') return '';
    if (name !== 'on' && name !== 'off') return this.#expression();
    this.#at += text.length;
    return name === 'on' ? '1' : '';
  }

  /** `a | b`, `~a`, `(a)`: with whole numbers, from left to right. */
  #expression(): string {
    let left = this.#operand();
    for (;;) {
      const operator = this.#operatorIf(/[|&^]/);
      if (operator === undefined) return left;
      const [a, b] = [toInt(left), toInt(this.#operand())];
      left = String(operator === '|' ? a | b : operator === '&' ? a & b : a ^ b);
    }
  }

  #operand(): string {
    const operator = this.#operatorIf(/[~!(]/);
    if (operator === '~') return String(~toInt(this.#operand()));
    if (operator === '!') return toInt(this.#operand()) === 0 ? '1' : '0';
    if (operator === undefined) return this.#texts();
    const inner = this.#expression();
    if (this.#operatorIf(/\)/) === undefined) throw new SyntaxStop();
    return inner;
  }

  #operatorIf(which: RegExp): string | undefined {
    const { name, text } = this.#next(inValue) ?? { name: 'other', text: '' };
    if (name !== 'operator' || !which.test(text)) return undefined;
    this.#at += text.length;
    return text.trim();
  }

  /** Texts that follow each other are one. */
  #texts(): string {
    let value: string | undefined;
    for (;;) {
      const { name, text } = this.#next(inValue) ?? { name: 'other', text: '' };
      if (!['raw', 'variable', 'word', 'number', 'text', 'quote', 'blank'].includes(name)) break;
      this.#at += text.length;
      value = (value ?? '') + this.#text1(name, text);
    }
    if (value === undefined) throw new SyntaxStop();
    return value;
  }

  #text1(name: string, text: string): string {
    if (name === 'raw') return text.slice(1, -1);
    if (name === 'variable') return this.#variable();
    if (name === 'quote') return this.#quoted();
    if (name === 'word' && /^[A-Z][A-Z0-9]*_[A-Z0-9_]+$/.test(text)) this.#constant = text;
    return text;
  }

  #quoted(): string {
    let value = '';
    for (;;) {
      const from = this.#at;
      this.#at = this.#endOfText(from);
      value += this.#text.slice(from, this.#at).replace(/\\(["\\$])/g, '$1');
      const [end, blanks] = this.#match(/"([ \t]*)|\$\{/y) ?? [];
      if (end === undefined) throw new SyntaxStop();
      if (blanks !== undefined) return value;
      value += this.#variable();
    }
  }

  /**
   * Where a text in double quotes ends: at a quote or a variable. A quote after a backslash is a part of it, unless the line ends there.
   */
  #endOfText(from: number): number {
    const text = this.#text;
    let at = from;
    for (; at < text.length; at++) {
      if (text[at] === '"' || (text[at] === '$' && text[at + 1] === '{')) break;
      if (text[at] === '\\' && !/^"(?:[\r\n]|$)/.test(text.slice(at + 1, at + 3))) at++;
    }
    return Math.min(at, text.length);
  }

  /** After the `${`: a name, and from PHP 8.3 on `:-` with what is meant if there is no such name. */
  #variable(): string {
    const [, name, fallback] = this.#match(/([^=\n\r\t;&|^$~(){}!"[\]\0]*?)(?::-([^}\r\n]*))?\}/y) ?? [];
    if (name === undefined) throw new SyntaxStop();
    const before = this.#entries.findLast(({ key, offset }) => key === name.trim() && offset === undefined);
    return before?.value ?? this.#variables(name.trim()) ?? fallback ?? '';
  }
}

/** As C's atoi(). */
function toInt(text: string): number {
  return Number(/^\s*([+-]?\d+)/.exec(text)?.[1] ?? 0) | 0;
}
