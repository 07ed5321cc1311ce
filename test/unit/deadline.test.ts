import { afterEach, expect, jest, test } from '@jest/globals';
import { Deadline, DeadlineExpired } from '../../src/stores/deadline.ts';

afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

test('a deadline that has passed ends each wait, and asks for no timer below zero, as Node 24 warns about it', async () => {
  jest.useFakeTimers();
  const deadline = new Deadline(1_000);
  jest.advanceTimersByTime(1_500);
  expect(deadline.remaining).toBe(0);
  const timers = jest.spyOn(globalThis, 'setTimeout');
  const ends: unknown[] = [];
  deadline.watch((reason) => ends.push(reason));
  const race = expect(deadline.race(new Promise(() => undefined))).rejects.toBeInstanceOf(DeadlineExpired);
  expect(timers.mock.calls.map(([, milliseconds]) => milliseconds)).toEqual([0, 0]);
  jest.advanceTimersByTime(0);
  expect(ends).toEqual([expect.any(DeadlineExpired)]);
  await race;
});
