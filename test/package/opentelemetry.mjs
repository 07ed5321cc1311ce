// examples/opentelemetry with OpenTelemetry's own SDK.
import assert from 'node:assert/strict';
import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { visit } from './signals-site.mjs';

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const spans = new InMemorySpanExporter();
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] });
metrics.setGlobalMeterProvider(provider);
await import('./signals.mjs');

const tracer = trace.getTracer('server');
const { answers, id } = await visit((ctx, next) =>
  tracer.startActiveSpan(ctx.path, (span) => next().finally(() => span.end())),
);
assert.deepEqual(answers, ['1', '2', '3', 500]);
await provider.forceFlush();

const all = spans.getFinishedSpans();
const parent = ({ parentSpanContext }) => all.find((span) => span.spanContext().spanId === parentSpanContext?.spanId);
const children = all.filter((span) => span.name.startsWith('session '));
assert.equal(children.length, 4 + 4 + 3, 'a lock and a release for each, and a commit unless it fails');
for (const span of children) assert.match(parent(span).name, /^\//);
const slow = children.find((span) => span.name === 'session held' && parent(span).name === '/slow');
assert(slow.duration[1] > 45e6, `${slow.duration}`);

const metric = (name) =>
  exporter
    .getMetrics()[0]
    .scopeMetrics.flatMap((scope) => scope.metrics)
    .find(({ descriptor }) => descriptor.name === name);
const points = metric('php_session.lock.wait').dataPoints;
assert.deepEqual(
  points.map(({ attributes, value }) => [attributes.outcome, value.count]),
  [['locked', 4]],
);
assert(points[0].value.max > 0.03 && points[0].value.max < 5, 'seconds');
assert.deepEqual(
  metric('php_session.refused').dataPoints.map(({ attributes, value }) => [attributes.code, value]),
  [['ERR_PHP_UNREPRESENTABLE', 1]],
);
assert(
  !JSON.stringify([exporter.getMetrics(), children.map(({ name, attributes }) => ({ name, attributes }))]).includes(id),
);
await provider.shutdown();
