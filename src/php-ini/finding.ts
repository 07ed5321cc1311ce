/** What `optionsFromPhpIni()` and `checkPhpOptions()` can find; stable within a major version. docs/php-life-cycle.md has each. */
export type PhpFindingCode =
  | 'ini-unreadable'
  | 'ini-syntax'
  | 'ini-constant'
  | 'ini-section'
  | 'value-refused'
  | 'save-handler'
  | 'serialize-handler'
  | 'auto-start'
  | 'use-cookies'
  | 'use-only-cookies'
  | 'trans-sid'
  | 'referer-check'
  | 'upload-progress'
  | 'differs';

/**
 * - `error`: the two sides do not share their sessions, or sessions are lost
 * - `warning`: they do; what the finding says can happen
 * - `info`: nothing is wrong, but good to know
 */
export type PhpSeverity = 'error' | 'warning' | 'info';

/** One thing about PHP's side that an operator should know. In the form of what `checkTable()` finds. */
export interface PhpFinding {
  readonly code: PhpFindingCode;
  readonly severity: PhpSeverity;
  /** The setting of php.ini that it is about; `undefined` for a whole file. */
  readonly setting: string | undefined;
  /** Where it was found: a file, an address, or `php.ini` for a text. */
  readonly servers: readonly string[];
  /** What it means here. */
  readonly message: string;
  /** Always empty: no statement can fix it. */
  readonly sql: readonly [];
}

/** The parts of a finding that depend on it. */
export function finding(
  code: PhpFindingCode,
  severity: PhpSeverity,
  setting: string | undefined,
  where: string,
  message: string,
): PhpFinding {
  return { code, severity, setting, servers: [where], message, sql: [] };
}

const order: readonly PhpSeverity[] = ['error', 'warning', 'info'];

/** Errors first. */
export function sorted(findings: readonly PhpFinding[]): PhpFinding[] {
  return order.flatMap((severity) => findings.filter((one) => one.severity === severity));
}
