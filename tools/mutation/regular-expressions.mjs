/**
 * Regular expressions that accept something else than this one: without an anchor, with another quantifier, with a class
 * of characters turned around, without a flag.
 *
 * @param {string} literal as it stands in the source, with its slashes and flags
 * @returns {string[]}
 */
export function weakenedExpressions(literal) {
  const end = literal.lastIndexOf('/');
  const pattern = literal.slice(1, end);
  const flags = literal.slice(end + 1);
  /** @type {string[]} */
  const weaker = [];
  for (const { at, text, inClass } of pieces(pattern)) {
    for (const other of others(text, inClass)) {
      weaker.push(`/${pattern.slice(0, at)}${other}${pattern.slice(at + text.length)}/${flags}`);
    }
  }
  for (const flag of flags) weaker.push(`/${pattern}/${flags.replace(flag, '')}`);
  return weaker.filter(isValid);
}

/** @param {string} text @param {boolean} inClass */
function others(text, inClass) {
  if (text === '[') return ['[^'];
  if (text === '[^') return ['['];
  if (inClass) return [];
  if (text === '^' || text === '$') return [''];
  if (text === '*') return ['+', ''];
  if (text === '+') return ['*', ''];
  if (text === '?') return ['', '+'];
  const counts = /^\{(\d+)(?:,(\d*))?\}$/.exec(text);
  if (counts === null) return [];
  const [least, most] = [Number(counts[1]), counts[2] ? Number(counts[2]) : undefined];
  if (most === undefined) return [`{${least + 1}}`, `{${least - 1}}`];
  return [`{${least},${most + 1}}`, `{${least},${most - 1}}`, `{${least + 1},${most}}`];
}

/** The pattern in pieces: escapes, quantifiers, brackets, single characters. @param {string} pattern */
function* pieces(pattern) {
  const piece = /\\(?:u\{[0-9a-f]+\}|x[0-9a-f]{2}|p\{\w+\}|.)|\{\d+(?:,\d*)?\}|\[\^?|\(\?(?:[:=!]|<[=!])|./giu;
  let inClass = false;
  for (const match of pattern.matchAll(piece)) {
    const [text] = match;
    yield { at: match.index, text, inClass: inClass };
    if (text.startsWith('[')) inClass = true;
    else if (text === ']') inClass = false;
  }
}

/** @param {string} literal */
function isValid(literal) {
  const end = literal.lastIndexOf('/');
  try {
    new RegExp(literal.slice(1, end), literal.slice(end + 1));
    return literal.length > 2;
  } catch {
    return false;
  }
}
