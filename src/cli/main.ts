import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { VERSION } from '../core/version.ts';
import { type Answer, failure, type Io } from './answer.ts';
import type { Since } from './webhook-missed.ts';

/**
 * The `bellhop` command. Resolves with the exit code: 0 when it did what was asked, 1 when that failed, 2 when it wasn't
 * understood. With --json, stdout gets one JSON document and nothing else, errors included.
 */
export async function run(argv: string[], io: Io = process): Promise<number> {
  const json = argv.includes('--json');
  let exitCode = 0;
  const print = ({ data, text, exitCode: code = 0 }: Answer) => {
    if (json) io.stdout.write(`${JSON.stringify(data)}\n`);
    else (code === 0 ? io.stdout : io.stderr).write(text);
    exitCode = code;
  };
  try {
    await program(io, json, print, (code) => {
      exitCode = code;
    }).parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) print(failure(error));
    else if (error.exitCode !== 0) {
      exitCode = 2; // Commander has told people what was wrong.
      if (json)
        io.stdout.write(
          `${JSON.stringify({ error: { code: 'USAGE', message: error.message.replace(/^error: /, '') } })}\n`,
        );
    }
  }
  return exitCode;
}

/** The commands. Each loads what it needs when it runs, so that `--help` and small commands start at once. */
function program(io: Io, json: boolean, print: (answer: Answer) => void, exit: (code: number) => void): Command {
  const bellhop = new Command('bellhop')
    .description('A GraphQL-first gateway for hospitality, with REST and signed webhooks.')
    .version(VERSION)
    .option('--json', 'print one JSON document on stdout and nothing else')
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void (json || io.stderr.write(text)),
    })
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .showHelpAfterError('(--help shows what can be said)')
    .addHelpText('after', EXAMPLES);

  bellhop
    .command('serve')
    .description('run the server: gateway, relay and timers, as ROLES says')
    .action(async () => {
      const { serve } = await import('../serve.ts');
      exit(await serve({ json }));
    });

  bellhop
    .command('migrate')
    .description('bring the database to this version (serve does it by itself)')
    .action(async () => {
      const { withServices } = await import('./services.ts');
      await withServices(async () => {});
      print({ data: { migrated: true, version: VERSION }, text: `The database is at version ${VERSION}.\n` });
    });

  const agency = bellhop.command('agency').description('agencies: whom Bellhop works for');
  agency
    .command('create')
    .description('create an agency, on a trial of 14 days')
    .requiredOption('--name <name>', 'what it is called')
    .option('--currency <code>', 'ISO 4217; its prices are in it, and it cannot be changed later', 'MAD')
    .option('--timezone <name>', 'IANA name; "today" is the date there', 'Africa/Casablanca')
    .option('--commission-percent <percent>', "the agency's share of a stay when a booking doesn't say", percent, 10)
    .action(async (options) => {
      const { agencyCreate } = await import('./agency.ts');
      print(await agencyCreate(options));
    });

  const audit = bellhop.command('audit').description('the audit log');
  audit
    .command('verify')
    .description('recompute the chain of the audit log; the exit code is 1 when it is broken')
    .option('--agency <id>', 'of this agency; of all when not said', id)
    .option('--head <seq:hash>', 'where its chain ended once, as somebody else has noted it')
    .action(async (options) => {
      const { auditVerify } = await import('./audit.ts');
      print(await auditVerify(options));
    });
  audit
    .command('forget')
    .description('forget what is personal in the lines about somebody; the lines and their chain stay')
    .argument('<subjects...>', 'as the lines name them, like booking:12', subjects)
    .requiredOption('--agency <id>', 'whose log', id)
    .action(async (named, { agency }) => {
      const { auditForget } = await import('./audit.ts');
      print(await auditForget({ agency, subjects: named }));
    });

  bellhop
    .command('keys')
    .description('the keys that encrypt secrets in the database')
    .command('rotate')
    .description(
      'make a new key and seal everything anew, beside running servers; can be repeated when it was cut short',
    )
    .action(async () => {
      const { keysRotate } = await import('./keys.ts');
      print(await keysRotate());
    });

  const bi = bellhop.command('bi').description('logins of PostgreSQL that read reporting.* for BI tools');
  bi.command('create-role')
    .description('make a login that reads one agency; its password is shown once')
    .requiredOption('--agency <id>', 'the agency that it reads', id)
    .requiredOption('--name <name>', 'what it is for, like metabase')
    .action(async (options) => {
      const { biCreateRole } = await import('./bi.ts');
      print(await biCreateRole(options));
    });
  bi.command('list')
    .description('list these logins')
    .option('--agency <id>', 'of this agency; of all when not said', id)
    .action(async (options) => {
      const { biList } = await import('./bi.ts');
      print(await biList(options));
    });
  bi.command('drop-role')
    .description('take a login away, and end its sessions')
    .requiredOption('--agency <id>', 'the agency that it reads', id)
    .requiredOption('--name <name>', 'what it is for')
    .action(async (options) => {
      const { biDropRole } = await import('./bi.ts');
      print(await biDropRole(options));
    });

  addSubscription(bellhop, print);

  const token = bellhop.command('token').description('API tokens');
  token
    .command('create')
    .description('make a token; it is shown once')
    .requiredOption('--agency <id>', 'the agency it belongs to', id)
    .requiredOption('--name <name>', 'what it is for')
    .requiredOption('--abilities <list>', "exact abilities, separated by commas, or '*' for all", names)
    .option('--expires-at <instant>', 'ISO 8601, like 2027-01-01T00:00:00Z; never when not said', moment)
    .action(async (options) => {
      const { tokenCreate } = await import('./token.ts');
      print(await tokenCreate(options));
    });
  token
    .command('revoke')
    .description('refuse a token from now on')
    .argument('<id>', 'the number before the | of the token', id)
    .action(async (tokenId) => {
      const { tokenRevoke } = await import('./token.ts');
      print(await tokenRevoke(tokenId));
    });

  bellhop
    .command('import')
    .description('bring data in')
    .command('bookings')
    .description('import bookings from a CSV file')
    .argument('<file>', 'CSV in UTF-8 with a header row, or - for stdin')
    .requiredOption('--agency <id>', 'the agency they belong to', id)
    .option('--create-properties', 'make unknown properties, with as many units as their busiest night needs', false)
    .option('--silent-events', 'write history: in the event log, but sent to nobody', false)
    .addHelpText('after', IMPORT_HELP)
    .action(async (file, options) => {
      const { importBookingsCommand } = await import('./import-bookings.ts');
      print(await importBookingsCommand({ ...options, file, progress: !json && io.stderr.isTTY === true }, io));
    });

  bellhop
    .command('webhook')
    .description('webhooks')
    .command('listen')
    .description('receive webhooks on this machine, verify and print them; with --json one line an event')
    .requiredOption('--port <port>', 'where to listen; 0 finds a free one', port)
    .addOption(new Option('--secret <secret>', "the endpoint's whsec_… secret").argParser(secret).conflicts('register'))
    .option('--register', 'register with a running Bellhop for as long as this listens; needs --token')
    .option(
      '--forward <url>',
      'hand on what is verified, with the same headers and bytes, and answer what is answered',
      httpUrl,
    )
    .option(
      '--since <cursor|time>',
      'first tell what has happened since then, from the event log; needs --token',
      since,
    )
    .option('--token <token>', 'a token that has the ability webhooks:write, and events:read for --since')
    .option('--events <list>', 'what to be told of', names, ['*'])
    .option('--server <url>', 'where Bellhop answers', 'http://127.0.0.1:4000')
    .addHelpText('after', LISTEN_HELP)
    .action(async ({ token, server, ...options }, command: Command) => {
      if (!options.secret && !(options.register && token))
        command.error('error: say --secret, or --register with --token');
      if (options.since && !token) command.error('error: --since reads the event log, and needs --token');
      const { webhookListen } = await import('./webhook-listen.ts');
      await webhookListen({ ...options, server: token && { url: server, token }, json }, io, untilSignalled());
    });

  return bellhop;
}

/** What an agency pays for Bellhop, as whoever runs it knows of it. */
function addSubscription(bellhop: Command, print: (answer: Answer) => void): void {
  const subscription = bellhop.command('subscription').description('what agencies pay for Bellhop');
  subscription
    .command('show')
    .description('the plan of an agency, and until when it lasts')
    .requiredOption('--agency <id>', 'whose', id)
    .action(async (options) => {
      const { subscriptionShow } = await import('./subscription.ts');
      print(await subscriptionShow(options));
    });
  const told = (name: string, description: string) =>
    subscription
      .command(name)
      .description(description)
      .requiredOption('--agency <id>', 'whose', id)
      .addOption(new Option('--plan <plan>', 'what is paid').choices(['starter', 'business']).makeOptionMandatory())
      .option('--months <count>', 'for how long', count, 1)
      .option('--amount <amount>', "in the agency's currency", '0')
      .option('--method <name>', 'how it was paid', 'transfer')
      .option('--reference <text>', 'of the transfer or the bill; told again, it changes nothing');
  told('pay', 'record a payment that has come; it renews the plan').action(async ({ plan, ...options }) => {
    const { subscriptionPay } = await import('./subscription.ts');
    print(await subscriptionPay({ ...options, plan: plan.toUpperCase() }));
  });
  told('fail', 'record a payment that failed; the first starts a week of grace')
    .option('--reason <text>', 'why')
    .action(async ({ plan, ...options }) => {
      const { subscriptionFail } = await import('./subscription.ts');
      print(await subscriptionFail({ ...options, plan: plan.toUpperCase() }));
    });
}

const EXAMPLES = `
Examples:
  bellhop serve
  bellhop agency create --name "Atlas Conciergerie" --currency MAD
  bellhop token create --agency 42 --name "Channel manager" --abilities bookings:read,bookings:write
  bellhop import bookings --agency 42 bookings.csv --create-properties
  bellhop audit verify --agency 42
  bellhop subscription pay --agency 42 --plan business --months 12 --amount 9900 --reference VIR-2026-0815
  bellhop bi create-role --agency 42 --name metabase
  bellhop webhook listen --port 4100 --register --token '7|…' --events 'booking.*'
`;

const IMPORT_HELP = `
Columns, in any order; the first four are required:
  reference, property, check_in, check_out, status, source, adults, children, guest_name, guest_email,
  gross_amount, commission_amount, currency, booked_at

Without them: status confirmed, source direct, one adult, the property's price for each night, the agency's commission
and currency. A booking whose reference is there already is left as it is, so an import can be repeated. A bad row is
reported with its line and doesn't stop the others; the exit code is 1 only when the file can't be read to its end.
A property made by --create-properties goes on growing with later imports until somebody gives it a name or a kind.
`;

const LISTEN_HELP = `
Examples:
  bellhop webhook listen --port 4100 --secret whsec_… --forward http://localhost:3000/hooks
  bellhop webhook listen --port 4100 --register --token '7|…' --since 2027-01-01 --forward http://localhost:3000/hooks

What isn't verified is never forwarded; the line says which rule failed. What was missed is signed anew with the same secret, in
Bellhop's own envelope and with the bytes that webhooks send. The last line names the cursor to begin with the next time.
`;

function id(text: string): number {
  return whole(text, 1, 2_147_483_647);
}

/** Commander hands over one at a time, with those before it. */
function subjects(text: string, before: string[] = []): string[] {
  if (!/^[a-z_]+:[\w-]+$/.test(text)) throw new InvalidArgumentError('It must be like booking:12.');
  return [...before, text];
}

function count(text: string): number {
  return whole(text, 1, 1_000);
}

function port(text: string): number {
  return whole(text, 0, 65_535);
}

function whole(text: string, least: number, most: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= least && number <= most))
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  return number;
}

function secret(text: string): string {
  if (!/^whsec_[A-Za-z0-9+/]+={0,2}$/.test(text))
    throw new InvalidArgumentError('It must be the whole whsec_… text that registering the endpoint answered with.');
  return text;
}

function httpUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new InvalidArgumentError('It must be like http://localhost:3000/hooks.');
  return text;
}

/** A date begins with four digits, as no cursor does. */
function since(text: string): Since {
  return /^\d{4}-\d{2}/.test(text) ? { since: moment(text).toISOString() } : { after: text };
}

function percent(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError('It must be a number like 10 or 12.5.');
  return Number(text);
}

function names(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
}

/** Without an offset it would mean another moment on another machine. */
function moment(text: string): Date {
  const at = new Date(text);
  if (!/^\d{4}-\d{2}-\d{2}(T.*(Z|[+-]\d{2}:\d{2}))?$/.test(text) || Number.isNaN(at.getTime())) {
    throw new InvalidArgumentError('It must be like 2027-01-01 or 2027-01-01T00:00:00+01:00.');
  }
  return at;
}

function untilSignalled(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal));
  });
}
