// Metrics of sessions for Prometheus. Import it once; a page of your own answers with `await register.metrics()`.
import { subscribe } from 'node:diagnostics_channel';
import { Counter, Histogram } from 'prom-client';

const buckets = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30];
const histogram = (name, help, ...labelNames) =>
  new Histogram({ name: `php_session_${name}_seconds`, help, labelNames, buckets });
const counter = (name, help, ...labelNames) => new Counter({ name: `php_session_${name}_total`, help, labelNames });

const wait = histogram('lock_wait', 'How long requests wait for the lock of a session', 'outcome');
const hold = histogram('lock_hold', 'How long requests hold the lock of a session');
const commit = histogram('commit', 'How long it takes to store a session', 'outcome');
const connection = histogram('connection_wait', 'How long requests wait for a connection, if none is there');
const merged = counter('merges', 'Changes that were put on those of another request');
const conflicts = counter('conflicts', 'Values that two requests have both changed');
const gone = counter('gone', 'Requests whose visitor has logged out meanwhile');
const refused = counter('refused', 'Requests that could not have or store their session', 'code');
const retries = counter('retries', 'What was tried again in the database', 'failure');
const failovers = counter('failovers', 'Moves to another server', 'from', 'to');
const collected = counter('collected', 'Old sessions that were deleted');

const on = (name, listener) => subscribe(`php-session-bridge:${name}`, listener);
on('lock', ({ waited, outcome }) => wait.observe({ outcome }, waited / 1000));
on('release', ({ held }) => hold.observe(held / 1000));
on('commit', ({ duration, outcome }) => commit.observe({ outcome }, duration / 1000));
on('connection', ({ waited }) => connection.observe(waited / 1000));
on('merge', (message) => {
  merged.inc();
  conflicts.inc(message.conflicts);
});
on('gone', () => gone.inc());
on('refuse', ({ code }) => refused.inc({ code }));
on('retry', ({ failure }) => retries.inc({ failure }));
on('failover', ({ from, to }) => failovers.inc({ from, to }));
on('gc', ({ rows }) => collected.inc(rows));
