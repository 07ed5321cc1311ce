// Bytes as in PHP's own check; a leading backslash is refused since 8.1.
const className = /^[0-9A-Za-z_\x80-\u{10ffff}][0-9A-Za-z_\\\x80-\u{10ffff}]*$/u;
// A case is a constant of its class; a name that PHP's own grammar has not can be none.
const caseName = /^[A-Za-z_\x80-\u{10ffff}][0-9A-Za-z_\x80-\u{10ffff}]*$/u;

/** Most objects of a session are of one class, or of few. */
let lastClassName = 'stdClass';

/** Whether PHP takes this as the name of a class in serialized data. */
export function isClassName(name: string): boolean {
  if (name === lastClassName) return true;
  if (!className.test(name)) return false;
  lastClassName = name;
  return true;
}

/** Whether PHP may have an enum with a case of this name. */
export function isCaseName(name: string): boolean {
  return caseName.test(name);
}
