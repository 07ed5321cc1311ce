// examples/prometheus.
import assert from 'node:assert/strict';
import { register } from 'prom-client';
import './signals.mjs';
import { visit } from './signals-site.mjs';

const { answers, id } = await visit();
assert.deepEqual(answers, ['1', '2', '3', 500]);
const page = await register.metrics();
const value = (line) => Number(page.match(new RegExp(`^${line} (.*)$`, 'm'))?.[1]);
assert.equal(value('php_session_lock_wait_seconds_count{outcome="locked"}'), 4);
assert.equal(value('php_session_commit_seconds_count{outcome="created"}'), 1);
assert.equal(value('php_session_commit_seconds_count{outcome="written"}'), 2);
assert.equal(value('php_session_refused_total{code="ERR_PHP_UNREPRESENTABLE"}'), 1);
assert(value('php_session_lock_hold_seconds_sum') > 0.045, page);
assert(value('php_session_lock_wait_seconds_bucket{le="0.03",outcome="locked"}') === 3, page);
assert(!page.includes(id));
