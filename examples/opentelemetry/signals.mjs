// Metrics and spans of sessions, by OpenTelemetry's API. Import it once, after the SDK was set up.
import { subscribe } from 'node:diagnostics_channel';
import { metrics, trace } from '@opentelemetry/api';

const meter = metrics.getMeter('php-session-bridge');
const tracer = trace.getTracer('php-session-bridge');

const seconds = {
  unit: 's',
  advice: { explicitBucketBoundaries: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30] },
};
const wait = meter.createHistogram('php_session.lock.wait', seconds);
const hold = meter.createHistogram('php_session.lock.hold', seconds);
const commit = meter.createHistogram('php_session.commit.duration', seconds);
const connection = meter.createHistogram('php_session.connection.wait', seconds);
const refused = meter.createCounter('php_session.refused');
const retries = meter.createCounter('php_session.retries');
const failovers = meter.createCounter('php_session.failovers');

const on = (name, listener) => subscribe(`php-session-bridge:${name}`, listener);

/** A signal comes in its request's context, at the end of what it tells of: so the span of the request is the parent of this one. */
function measure(histogram, name, milliseconds, attributes) {
  histogram.record(milliseconds / 1000, attributes);
  const end = Date.now();
  tracer.startSpan(name, { startTime: end - milliseconds, attributes }).end(end);
}

on('lock', ({ waited, outcome }) => measure(wait, 'session lock', waited, { outcome }));
on('release', ({ held }) => measure(hold, 'session held', held));
on('commit', ({ duration, outcome }) => measure(commit, 'session commit', duration, { outcome }));
on('connection', ({ waited, isNew }) => measure(connection, 'session connection', waited, { is_new: isNew }));
on('refuse', ({ code }) => refused.add(1, { code }));
on('retry', ({ failure }) => retries.add(1, { failure }));
on('failover', ({ from, to }) => failovers.add(1, { from, to }));
