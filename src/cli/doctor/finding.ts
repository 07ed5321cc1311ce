import type { Finding } from '../../mysql.ts';

/** In the form of what `checkTable()` finds, with codes of the doctor's own beside those of docs/checks.md and docs/php-life-cycle.md. */
export interface DoctorFinding extends Omit<Finding, 'code' | 'servers'> {
  readonly code: string;
  /** Servers, or the files or addresses that PHP's settings are from. */
  readonly where: readonly string[];
}

export const ofTable = ({ servers, ...finding }: Finding): DoctorFinding => ({ ...finding, where: servers });
