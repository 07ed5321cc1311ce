import type { Deadline } from '../deadline.ts';

/** What runs statements: a `Connection`, for files that it imports itself. */
export interface Queries {
  query<Result>(sql: string | { sql: string; rowsAsArray: false }, deadline: Deadline): Promise<Result>;
}
