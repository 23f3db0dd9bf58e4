import { describe, expect, it } from 'vitest';
import { readTraceSettings } from './trace-settings.ts';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

describe('the settings of traces', () => {
  it.each([
    {},
    { OTEL_SERVICE_NAME: 'x' },
    { OTEL_TRACES_EXPORTER: 'none', ...ENDPOINT },
    { OTEL_SDK_DISABLED: 'true', ...ENDPOINT },
    { OTEL_SDK_DISABLED: 'TRUE', OTEL_TRACES_EXPORTER: 'otlp' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
  ])('ask for none with %o', (env) => {
    expect(readTraceSettings(env)).toEqual({ settings: undefined, problems: [] });
  });

  it.each([
    [ENDPOINT, ['http/protobuf']],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector:4318/v1/traces' }, ['http/protobuf']],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, ['http/protobuf']],
    [{ OTEL_SDK_DISABLED: 'false', ...ENDPOINT }, ['http/protobuf']],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', ...ENDPOINT }, ['http/json']],
    [
      {
        OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
        ...ENDPOINT,
      },
      ['http/json'],
    ],
    [{ OTEL_TRACES_EXPORTER: 'console' }, ['console']],
    [{ OTEL_TRACES_EXPORTER: 'otlp, console' }, ['http/protobuf', 'console']],
  ])('say of %o where they go', (env, exporters) => {
    const { settings, problems } = readTraceSettings(env);
    expect(settings?.exporters).toEqual(exporters);
    expect(problems).toEqual([]);
  });

  it('are sampled as their caller says, and all others, if nothing else is said', () => {
    expect(readTraceSettings(ENDPOINT).settings).toMatchObject({ sampler: 'parentbased_always_on', ratio: 1 });
    const env = { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' };
    expect(readTraceSettings(env).settings).toMatchObject({ sampler: 'traceidratio', ratio: 0.25 });
  });

  it('send nothing over a protocol that is not spoken, and say so', () => {
    const { settings, problems } = readTraceSettings({ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' });
    expect(settings).toBeUndefined();
    expect(problems).toEqual([
      'OTEL_EXPORTER_OTLP_PROTOCOL: grpc is not one of http/protobuf, http/json; nothing is sent',
    ]);
  });

  it.each(['collector:4318', '127.0.0.1:4318', 'ftp://collector'])('send nothing to %s, and say so', (endpoint) => {
    const { settings, problems } = readTraceSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
    expect(settings).toBeUndefined();
    expect(problems).toEqual(['OTEL_EXPORTER_OTLP_ENDPOINT: is no URL of http or https; nothing is sent']);
  });

  it('that are wrong are their defaults, and every one is said', () => {
    const wrong = {
      ...ENDPOINT,
      OTEL_TRACES_EXPORTER: 'otlp,zipkin',
      OTEL_TRACES_SAMPLER: 'sometimes',
      OTEL_TRACES_SAMPLER_ARG: '2',
      OTEL_BSP_SCHEDULE_DELAY: 'soon',
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '0',
    };
    const { settings, problems } = readTraceSettings(wrong);
    expect(settings).toMatchObject({ exporters: ['http/protobuf'], sampler: 'parentbased_always_on', ratio: 1 });
    expect(settings?.batch).toMatchObject({ scheduledDelayMillis: 5000, maxExportBatchSize: 512 });
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'OTEL_TRACES_EXPORTER',
      'OTEL_TRACES_SAMPLER',
      'OTEL_TRACES_SAMPLER_ARG',
      'OTEL_BSP_SCHEDULE_DELAY',
      'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
    ]);
  });
});
