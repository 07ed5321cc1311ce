import { beforeEach, describe, expect, test } from '@jest/globals';
import { MergeModel } from '../../tools/storm/merge-model.mjs';
import { Cookie, type Incarnation, Model, type Page, type Sent } from '../../tools/storm/model.mjs';

// The storm is worth what its model notices.

let model: Model;
let incarnation: Incarnation;
let cookie: Cookie;

beforeEach(() => {
  model = new Model({ faults: false });
  model.newIncarnation();
  incarnation = model.newIncarnation();
  cookie = new Cookie('id', incarnation);
});

const send = (action: Sent['action'], on = cookie) => model.send(action, on);
const page = (count: number, more: Partial<Page> = {}): Page => ({
  incarnation: 1,
  count,
  keys: ['incarnation', 'count', 'login-1'],
  ...more,
});
const newCookie = (action: Sent['action']) => (action === 'logout' ? '' : action === 'regenerate' ? 'new' : undefined);
const answer = (sent: Sent, to: Page) => model.answered(sent, to, newCookie(sent.action), 'node-1');
const count = (to: number) => answer(send('count'), page(to));
const problems = () => [...model.problems.keys()];

describe('what may be', () => {
  test('answers that come in another order, around a regenerate and a logout', () => {
    const [first, second, third, regenerate] = [send('count'), send('count'), send('count'), send('regenerate')];
    answer(second, page(2));
    answer(regenerate, page(2));
    answer(first, page(1));
    model.nobody(third);
    const next = new Cookie('new', incarnation);
    const [fourth, logout, fifth] = [send('count', next), send('logout', next), send('count', next)];
    model.nobody(fifth);
    answer(logout, page(3));
    answer(fourth, page(3));
    model.checkEnded();
    expect(problems()).toEqual([]);
  });

  test('an increment without an answer counts, or does not', () => {
    model.unanswered(send('count'));
    count(2);
    answer(send('logout'), page(2));
    model.checkEnded();
    expect(incarnation.allows(1)).toBe(true);
    expect(incarnation.allows(3)).toBe(false);
    expect(problems()).toEqual([]);
  });

  test('a session is gone after a logout without an answer', () => {
    model.unanswered(send('logout'));
    model.nobody(send('count'));
    expect(problems()).toEqual([]);
  });
});

describe('what may not be', () => {
  test('the same count twice', () => {
    const [first, second] = [send('count'), send('count')];
    answer(first, page(1));
    answer(second, page(1));
    expect(problems()).toEqual(['two requests have counted to the same']);
  });

  test('a count that goes back', () => {
    const slow = send('count');
    count(2);
    answer(send('look'), page(1));
    expect(problems()).toContain('an acknowledged update is lost');
    answer(slow, page(1));
  });

  test('more than was sent', () => {
    count(2);
    expect(problems()).toEqual(['more was counted than was sent']);
  });

  test('a session that is gone without a logout', () => {
    model.nobody(send('count'));
    expect(problems()).toEqual(['a session is gone without a logout']);
  });

  test('a logout that two have done', () => {
    const [first, second] = [send('logout'), send('logout')];
    answer(first, page(0));
    answer(second, page(0));
    expect(problems()).toEqual(['a session id has ended twice']);
  });

  test('an id that works after its end', () => {
    answer(send('logout'), page(0));
    count(0);
    expect(problems()).toContain('a session id works after its end');
  });

  test('a count after the logout, by a request that was sent before it', () => {
    const [slow, logout] = [send('count'), send('logout')];
    answer(logout, page(0));
    answer(slow, page(1));
    expect(problems()).toContain('a count after the logout');
  });

  test('a logout that finds less than was acknowledged', () => {
    const [slow, logout] = [send('count'), send('logout')];
    count(1);
    answer(logout, page(1));
    answer(slow, page(1));
    model.checkEnded();
    expect(problems()).toContain('a wrong counter');
  });

  test('keys from before a logout, and sessions of others', () => {
    answer(send('look'), page(0, { keys: ['incarnation', 'count', 'login-1', 'login-0'] }));
    expect(problems()).toEqual(['a key from before a logout']);
    answer(send('look'), page(0, { incarnation: 0 }));
    expect(problems()).toContain('a session of another visitor');
  });

  test('a cookie without a reason, and a reason without a cookie', () => {
    model.answered(send('look'), page(0), 'other', 'node-1');
    model.answered(send('regenerate'), page(0), undefined, 'node-1');
    expect(problems()).toEqual(['a cookie is new that should be none', 'a cookie is none that should be new']);
  });
});

describe("with the lock 'merge'", () => {
  beforeEach(() => {
    model = new MergeModel({ faults: false });
    model.newIncarnation();
    incarnation = model.newIncarnation();
    cookie = new Cookie('id', incarnation);
  });
  const own = (...sent: Sent[]) => page(0, { keys: [...page(0).keys, ...sent.map(({ key = '' }) => key)] });

  test('two that run at the same time need not see each other; a later one sees both', () => {
    const [first, second] = [send('count'), send('count')];
    answer(first, own(first));
    answer(second, own(second));
    answer(send('look'), own(first, second));
    model.checkStored(incarnation, own(first, second), 'in the table');
    expect(problems()).toEqual([]);
  });

  test('a key that was acknowledged is lost', () => {
    const [first, second] = [send('count'), send('count')];
    answer(first, own(first));
    answer(second, own(second));
    answer(send('look'), own(second));
    expect(problems()).toEqual(['an acknowledged update is lost']);
    expect(model.problems.get('an acknowledged update is lost')?.example).toContain(`without ${first.key}`);
  });

  test('it is lost from the table', () => {
    const first = send('count');
    answer(first, own(first));
    model.checkStored(incarnation, own(), 'in the table');
    expect(problems()).toEqual(['an acknowledged update is lost']);
  });

  test('a key that came while the id was ended may be anywhere', () => {
    const [late, regenerate] = [send('count'), send('regenerate')];
    answer(late, own(late));
    answer(regenerate, own());
    model.checkStored(incarnation, own(), 'in the table');
    expect(model.isLeft([late.key ?? ''])).toBe(true);
    expect(problems()).toEqual([]);
  });

  test('a key of another login, and a login that comes back under its old id', () => {
    const first = send('count');
    model.answered(send('look', new Cookie('other', model.newIncarnation())), own(first), undefined, 'node-1');
    expect(problems()).toEqual(['a session of another visitor', 'a key from before a logout']);
    expect(model.isLeft(own(first).keys)).toBe(false);
  });
});
