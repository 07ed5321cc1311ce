import type { ContractRunner } from '../under-test.ts';
import { clientContract } from './clients.ts';
import { controlContract } from './control.ts';
import { earlyContract } from './early.ts';
import { failureContract } from './failures.ts';
import { lifeContract } from './life.ts';
import { phpSideContract } from './php-side.ts';
import type { MiddlewareUnderTest } from './under-test.ts';

/**
 * Tests what the session's middleware promises in every framework, over HTTP on 127.0.0.1. The store is in memory: what a real one does
 * is the matter of `storeContract()`.
 *
 * @param name of the framework, for the report
 */
export function middlewareContract(
  { describe, test }: ContractRunner,
  name: string,
  middleware: MiddlewareUnderTest,
): void {
  describe(name, () => {
    const parts = [lifeContract, controlContract, failureContract, clientContract, earlyContract, phpSideContract];
    for (const part of parts) part(test, middleware);
  });
}
