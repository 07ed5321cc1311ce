// The same bytes as in PHP's own check. PHP refuses a leading backslash since 8.1.
const className = /^[0-9A-Za-z_\x80-\u{10ffff}][0-9A-Za-z_\\\x80-\u{10ffff}]*$/u;
// A case is a constant of its class, so its name follows PHP's grammar.
const caseName = /^[A-Za-z_\x80-\u{10ffff}][0-9A-Za-z_\x80-\u{10ffff}]*$/u;

/** Most objects of a session are of one class, or of few: the last name need not be checked again. */
let lastClassName = 'stdClass';

/** Whether PHP accepts this name of a class in serialized data. */
export function isClassName(name: string): boolean {
  if (name === lastClassName) return true;
  if (!className.test(name)) return false;
  lastClassName = name;
  return true;
}

/** Whether PHP accepts this as a case of an enum, `class:case`, in serialized data. It allows a backslash before the class. */
export function isEnumName(name: string): boolean {
  const colon = Math.max(name.indexOf(':'), 0);
  return isCaseName(name.slice(colon + 1)) && isClassName(name.slice(name.startsWith('\\') ? 1 : 0, colon));
}

/** Whether an enum of PHP may have a case of this name. */
export function isCaseName(name: string): boolean {
  return caseName.test(name);
}
