import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { type AppKey, givenKeys, keptKeys, parseKey } from './core/app-key.ts';

/** What the environment said, read once, checked and explained. Nothing else in the code reads `process.env`. */
export interface Config {
  host: string;
  port: number;
  /** Where clients reach us: the base of every link we print. No slash at its end. */
  publicUrl: string;
  dataDir: string;
  /** Undefined means the embedded PostgreSQL under `dataDir`. */
  databaseUrl: string | undefined;
  demo: boolean;
  roles: Set<Role>;
  /** Processes that serve the api on one port. With one, everything is in this process. */
  workers: number;
  rateLimitPerMinute: number;
  /** A redis:// URL that makes the limits one for all processes; undefined keeps them in memory. */
  rateLimitStoreUrl: string | undefined;
  /** What encrypts secrets at rest. */
  appKey: AppKey;
  /** The file that the keys are kept in; undefined where APP_KEY gives them. */
  appKeyFile: string | undefined;
  /** CIDR blocks outside the public internet that webhooks may reach. */
  webhookAllowedNetworks: string[];
  webhookTimeoutSeconds: number;
  /** Seconds from the first attempt, one number an attempt. */
  webhookRetrySchedule: number[];
  /** What carries events from the log to the relays: PostgreSQL itself where this is undefined. */
  nats: NatsConfig | undefined;
  /** How many days an attempt, a delivery that has ended and an event of the log are kept. */
  webhookRetentionDays: number;
  /** How often a channel's calendar is read when all goes well. */
  icalPollMinutes: number;
  /** How many months an entry of the audit log is kept: three years, as auditors ask for. */
  auditRetentionMonths: number;
  /** The shop at CMI where agencies pay for Bellhop itself; undefined where they use their own, or none. */
  subscriptionShop: { clientId: string; storeKey: string } | undefined;
  /** Where WhatsApp's Cloud API is, and which version of it. No slash at its end. */
  whatsappApiUrl: string;
  logLevel: string;
  /** What whoever reads `/metrics` has to show; undefined leaves them to this machine. */
  metricsToken: string | undefined;
  /** A port with `/metrics` alone, for a process that doesn't serve the api; undefined opens none. */
  metricsPort: number | undefined;
  /** Somebody has said under which address others reach us, so that a proxy may stand before us. */
  behindProxy: boolean;
  /** An OpenTelemetry collector, as OTLP/HTTP names it; undefined records no traces. */
  otlpEndpoint: string | undefined;
  /** Whether reads are planned into SQL; off executes all of them in the ordinary way, for a comparison. */
  planner: boolean;
  /** Connections to PostgreSQL that requests share. */
  databasePool: number;
}

export interface NatsConfig {
  /** `nats://` or `tls://`, with a user and a password, or a token, in the first of them. */
  urls: string[];
  /** A credentials file with a JWT and its key, as `nsc` makes them. */
  credsFile: string | undefined;
  /** What the stream and its subjects are named after. */
  prefix: string;
}

export type Role = 'api' | 'relay' | 'timers';

/** 0, 1 min, 11 min, 2 h 11 min, 24 h after the first attempt. */
const DEFAULT_SCHEDULE = '0,60,660,7860,86400';

const Environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: whole(0, 65_535).default(4000),
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  DATA_DIR: z.string().default('.data'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  DEMO: z.enum(['on', 'off']).default('on'),
  ROLES: list(z.enum(['api', 'relay', 'timers'])).default(['api', 'relay', 'timers']),
  WORKERS: whole(1, 64).default(1),
  RATE_LIMIT_PER_MINUTE: whole(1, 1_000_000).default(60),
  RATE_LIMIT_STORE_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  APP_KEY: key().optional(),
  APP_KEY_PREVIOUS: list(key()).default([]),
  WEBHOOK_ALLOWED_NETWORKS: list(z.union([z.cidrv4(), z.cidrv6()])).optional(),
  WEBHOOK_TIMEOUT_SECONDS: z.coerce.number().min(0.1).max(120).default(15),
  WEBHOOK_RETRY_SCHEDULE: list(z.coerce.number().min(0))
    .refine((steps) => steps.length > 0 && steps.every((step, i) => i === 0 || step >= steps[i - 1]!), {
      error: 'must be seconds from the first attempt in rising order, like 0,60,660',
    })
    .default(DEFAULT_SCHEDULE.split(',').map(Number)),
  RELAY_TRANSPORT: z.enum(['postgres', 'nats']).default('postgres'),
  NATS_URL: list(
    z.url({ protocol: /^(nats|tls)$/, error: 'must be like nats://127.0.0.1:4222 or tls://…' }),
  ).optional(),
  NATS_CREDS_FILE: z
    .string()
    .refine((path) => existsSync(path), { error: 'is not a file that can be found' })
    .optional(),
  NATS_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, { error: 'may have letters, digits, - and _' })
    .default('bellhop'),
  WEBHOOK_RETENTION_DAYS: whole(2, 3_650).default(90),
  ICAL_POLL_MINUTES: z.coerce.number().min(1).max(1_440).default(15),
  AUDIT_RETENTION_MONTHS: whole(1, 1_200).default(36),
  SUBSCRIPTION_CMI_CLIENT_ID: z.string().optional(),
  SUBSCRIPTION_CMI_STORE_KEY: z.string().optional(),
  WHATSAPP_API_URL: z.url({ protocol: /^https?$/ }).default('https://graph.facebook.com/v23.0'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  METRICS_TOKEN: z.string().min(16).optional(),
  METRICS_PORT: whole(0, 65_535).optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  BELLHOP_PLANNER: z.enum(['on', 'off']).default('on'),
  DATABASE_POOL: whole(2, 200).default(10),
});

/** Reads the environment, or throws one error that names every variable that is wrong and why. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const read = Environment.safeParse(given);
  if (!read.success) {
    const lines = read.error.issues.map((issue) => `  ${issue.path[0]?.toString()}: ${issue.message}`);
    throw new Error(`The environment can't be used:\n${lines.join('\n')}`);
  }
  const e = read.data;
  const dataDir = resolve(e.DATA_DIR);
  const appKeyFile = e.APP_KEY ? undefined : join(dataDir, 'app.key');
  const onALaptop = e.DEMO === 'on' && !e.DATABASE_URL;
  return {
    host: e.HOST,
    port: e.PORT,
    publicUrl: (e.PUBLIC_URL ?? `http://${e.HOST.includes(':') ? `[${e.HOST}]` : e.HOST}:${e.PORT}`).replace(
      /\/+$/,
      '',
    ),
    dataDir,
    databaseUrl: e.DATABASE_URL,
    demo: e.DEMO === 'on',
    roles: new Set(e.ROLES),
    workers: e.WORKERS,
    rateLimitPerMinute: e.RATE_LIMIT_PER_MINUTE,
    rateLimitStoreUrl: e.RATE_LIMIT_STORE_URL,
    appKey: e.APP_KEY ? givenKeys(e.APP_KEY, ...e.APP_KEY_PREVIOUS) : keptKeys(appKeyFile!),
    appKeyFile,
    webhookAllowedNetworks: e.WEBHOOK_ALLOWED_NETWORKS ?? (onALaptop ? ['127.0.0.0/8', '::1/128'] : []),
    webhookTimeoutSeconds: e.WEBHOOK_TIMEOUT_SECONDS,
    webhookRetrySchedule: e.WEBHOOK_RETRY_SCHEDULE,
    nats: e.RELAY_TRANSPORT === 'nats' ? natsOf(e.NATS_URL, e.NATS_CREDS_FILE, e.NATS_PREFIX) : undefined,
    webhookRetentionDays: e.WEBHOOK_RETENTION_DAYS,
    icalPollMinutes: e.ICAL_POLL_MINUTES,
    auditRetentionMonths: e.AUDIT_RETENTION_MONTHS,
    subscriptionShop: shopOf(e.SUBSCRIPTION_CMI_CLIENT_ID, e.SUBSCRIPTION_CMI_STORE_KEY),
    whatsappApiUrl: e.WHATSAPP_API_URL.replace(/\/+$/, ''),
    logLevel: e.LOG_LEVEL,
    metricsToken: e.METRICS_TOKEN,
    metricsPort: e.METRICS_PORT,
    behindProxy: e.PUBLIC_URL !== undefined,
    otlpEndpoint: e.OTEL_EXPORTER_OTLP_ENDPOINT,
    planner: e.BELLHOP_PLANNER === 'on',
    databasePool: e.DATABASE_POOL,
  };
}

function natsOf(urls: string[] | undefined, credsFile: string | undefined, prefix: string): NatsConfig {
  if (urls && urls.length > 0) return { urls, credsFile, prefix };
  throw new Error(`The environment can't be used:\n  NATS_URL: is needed with RELAY_TRANSPORT=nats`);
}

function shopOf(clientId: string | undefined, storeKey: string | undefined): Config['subscriptionShop'] {
  if (clientId && storeKey) return { clientId, storeKey };
  if (!clientId && !storeKey) return undefined;
  const missing = clientId ? 'SUBSCRIPTION_CMI_STORE_KEY' : 'SUBSCRIPTION_CMI_CLIENT_ID';
  throw new Error(`The environment can't be used:\n  ${missing}: is needed with the other of the two`);
}

function key() {
  return z.string().transform((text, { addIssue }) => {
    try {
      return parseKey(text);
    } catch (error) {
      addIssue((error as Error).message);
      return z.NEVER;
    }
  });
}

function whole(least: number, most: number) {
  return z.coerce.number().int().min(least).max(most);
}

function list<T extends z.ZodType>(item: T) {
  return z.preprocess(
    (value) =>
      typeof value === 'string'
        ? value
            .split(',')
            .map((part) => part.trim())
            .filter(Boolean)
        : value,
    z.array(item),
  );
}
