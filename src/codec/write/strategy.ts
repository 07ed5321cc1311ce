/**
 * How much the writer knows about values. Each strategy costs more than the one before it:
 *
 * - `patch`: it copies unchanged values, and knows no numbers
 * - `number`: it writes all values and counts them, so that it can write an `r:`
 * - `references`: before it writes, it also finds all PHP references, so that it can write an `R:`
 */
export type WriteStrategy = 'patch' | 'number' | 'references';

/** Thrown by the writer if its strategy knows too little. */
export const escalate: unique symbol = Symbol('needs the next strategy');
