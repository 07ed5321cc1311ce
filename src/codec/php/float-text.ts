/**
 * The text that PHP's `serialize()` gives a float (php-src: `smart_str_append_double`, `zend_gcvt` in Zend/zend_strtod.c).
 *
 * @param precision php.ini's `serialize_precision`: -1 is the shortest text that gives the same float again, 17 is
 *   what PHP up to 7.0 and old php.ini files have
 */
export function floatText(value: number, precision: -1 | 17): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NAN' : value > 0 ? 'INF' : '-INF';
  const size = Math.abs(value);
  // Between these bounds PHP and JavaScript both write plain decimals, and both write the shortest digits.
  if (precision === -1 && size >= 1e-4 && size < 1e17) return String(value);

  const [digits, exponent] = decimal(size, precision);
  const sign = value < 0 ? '-' : '';
  // zend_gcvt changes to exponents below 1.0E-4 and from 1.0E+17 on.
  if (exponent < -4 || exponent >= 17) {
    return `${sign}${digits[0]}.${digits.slice(1) || '0'}E${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return sign + digits.padEnd(exponent + 1, '0');
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

/** The significant digits, without zeros at their end, and the exponent of the first one. */
function decimal(size: number, precision: -1 | 17): [digits: string, exponent: number] {
  const [mantissa, exponent] = size.toExponential(precision === -1 ? undefined : 16).split('e') as [string, string];
  let digits = mantissa.replace('.', '');
  if (precision === 17) {
    // Of two numbers that are equally near JavaScript takes the larger one, and PHP the one with the even digit. (A hundred digits are
    // exact: no tie has more.)
    if (/^.{18}50*e/.test(size.toExponential(100)))
      digits = digits.replace(/[13579]$/, (odd) => String(Number(odd) - 1));
    digits = digits.replace(/0+$/, '');
  }
  return [digits, Number(exponent)];
}
