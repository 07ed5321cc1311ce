import { beside } from './beside.mjs';
import { browser } from './browser.mjs';
import { cart } from './cart.mjs';
import { kill } from './kill.mjs';
import { login } from './login.mjs';
import { logoutHorde, logoutNode } from './logout.mjs';
import { mail } from './mail.mjs';
import { preference } from './preference.mjs';
import { refused } from './refused.mjs';
import { rolling } from './rolling.mjs';
import { stormStep } from './storm.mjs';

/** In this order, on one farm. The last one ends servers of it. */
export const steps = [
  login,
  refused,
  preference,
  cart,
  mail,
  logoutHorde,
  logoutNode,
  rolling,
  browser,
  stormStep,
  beside,
  kill,
];
