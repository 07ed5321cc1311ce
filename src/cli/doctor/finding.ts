import type { Finding, Severity } from '../../mysql.ts';

/** In the form of what `checkTable()` finds, with codes of the doctor's own beside those of docs/checks.md and docs/php-life-cycle.md. */
export interface DoctorFinding {
  readonly code: string;
  readonly severity: Severity;
  /** Servers, or the files or addresses that PHP's settings are from. */
  readonly where: readonly string[];
  readonly message: string;
  /** Statements that mend it, for each of these servers. */
  readonly sql: readonly string[];
}

const ORDER: readonly Severity[] = ['error', 'warning', 'info'];

/** Errors first. */
export const sorted = (findings: readonly DoctorFinding[]): DoctorFinding[] =>
  ORDER.flatMap((severity) => findings.filter((one) => one.severity === severity));

export const ofTable = ({ servers, ...finding }: Finding): DoctorFinding => ({ ...finding, where: servers });
