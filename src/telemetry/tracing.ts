import { type Span as OtelSpan, ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { type Facts, recordWith, type Span } from '../core/trace.ts';
import { VERSION } from '../core/version.ts';

const KINDS = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  internal: SpanKind.INTERNAL,
};

/**
 * Records what this process does and sends it to an OpenTelemetry collector, over OTLP/HTTP. Of a trace that its caller
 * doesn't sample nothing is recorded. This file is loaded only where a collector is named.
 */
export function startTracing(endpoint: string): { stop(): Promise<void> } {
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'bellhop', 'service.version': VERSION }),
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: EXPORT_EVERY_MS })],
  });
  const tracer = provider.getTracer('bellhop', VERSION);

  recordWith({
    begin(name, { kind, parent, facts, begun }) {
      const how = { kind: KINDS[kind], attributes: facts, startTime: begun };
      const span = tracer.startSpan(name, how, contextOf(parent));
      return spanOf(span);
    },
  });
  return {
    async stop() {
      recordWith(undefined);
      await provider.shutdown(); // Sends what is left.
    },
  };
}

const EXPORT_EVERY_MS = 1_000;

function contextOf(traceparent: string | undefined) {
  if (!traceparent) return ROOT_CONTEXT;
  const [, traceId, spanId, flags] = traceparent.split('-') as [string, string, string, string];
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

function spanOf(span: OtelSpan): Span {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    rename: (name) => void span.updateName(name),
    end(facts: Facts = {}, failure?: string) {
      span.setAttributes(facts);
      if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
      span.end();
    },
  };
}
