import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError } from '../../../kernel/index.ts';
import type { Html } from '../../settings/html.ts';
import { admitPage, COOKIE, type PageVerdict, pageHeaders } from '../../settings/page-guard.ts';
import { messagePage, settingsPage } from '../../settings/settings-page.ts';
import { openBrowser } from './open-browser.ts';
import type { SettingChange, SettingsDesk } from './settings-desk.ts';
import { createSettingsForm, type SettingsForm } from './settings-form-state.ts';

/** How long the page waits for somebody to save it. Milliseconds. */
const PAGE_MS = 10 * 60_000;

/** More than people fill in: as many bytes as a form may have. */
const MAX_FORM_BYTES = 2 * 1024 * 1024;

/** How long one request may take to arrive. Milliseconds. */
const REQUEST_MS = 30_000;
/** How often requests are looked at for that. Milliseconds. */
const LOOK_MS = 5_000;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Lets a person fill in the settings on a page of this machine, and stores them. The page has an address that nobody can
 * guess, answers to the first browser that opens it, and closes when it was saved, after ten minutes, and at Ctrl-C.
 *
 * @returns What was stored.
 * @throws AppError `SECRET_CANCELLED` when nothing was saved
 */
export async function askInBrowser(desk: SettingsDesk): Promise<readonly SettingChange[]> {
  const { context, pluginId } = desk;
  const form = await createSettingsForm(desk);
  const { promise, resolve, reject } = Promise.withResolvers<readonly SettingChange[]>();
  const page = {
    path: `/${randomText()}`,
    cookie: randomText(),
    claimed: false,
    formToken: randomText(),
    saved: false,
  };
  const limits = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, connectionsCheckingInterval: LOOK_MS };
  const server = createServer(limits, (request, response) => {
    answer(request, response, { desk, form, page, server, onSaved: resolve }).catch(reject);
  });
  const stop = (): void => reject(new AppError('SECRET_CANCELLED', 'stopped; nothing was stored'));
  const tooLate = (): void =>
    reject(new AppError('SECRET_CANCELLED', 'nobody saved the page within 10 minutes; nothing was stored'));
  const timer = setTimeout(tooLate, PAGE_MS);
  for (const signal of SIGNALS) process.once(signal, stop);
  try {
    const address = `http://${await listen(server)}${page.path}`;
    context.err.write(
      `The settings of ${pluginId} are to be filled in here:\n  ${address}\nThis works in one browser, for 10 minutes. Ctrl-C stops, and nothing is stored.\n`,
    );
    await openBrowser(context, address);
    return await promise;
  } finally {
    clearTimeout(timer);
    for (const signal of SIGNALS) process.off(signal, stop);
    server.close();
    server.closeAllConnections();
  }
}

/** 192 bits of chance, safe in an address. */
function randomText(): string {
  return randomBytes(24).toString('base64url');
}

/** Gives `127.0.0.1:PORT`. */
async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  return hostOf(server);
}

function hostOf(server: Server): string {
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

type Page = {
  readonly path: string;
  readonly cookie: string;
  /** Whether a browser has it. */
  claimed: boolean;
  /** Counts for one sending of the form. */
  formToken: string;
  saved: boolean;
};

type Serving = {
  readonly desk: SettingsDesk;
  readonly form: SettingsForm;
  readonly page: Page;
  readonly server: Server;
  readonly onSaved: (changes: readonly SettingChange[]) => void;
};

async function answer(request: IncomingMessage, response: ServerResponse, serving: Serving): Promise<void> {
  const { page, server } = serving;
  const nonce = randomText();
  const send = (status: number, body: Html): Promise<void> => sendPage(response, { status, body, nonce });
  const keys = { host: hostOf(server), path: page.path, cookie: page.claimed ? page.cookie : null };
  const verdict = page.saved ? 'not_found' : admitPage(request, keys);
  switch (verdict) {
    case 'show':
      page.claimed = true;
      response.setHeader('set-cookie', `${COOKIE}=${page.cookie}; Path=${page.path}; HttpOnly; SameSite=Strict`);
      return send(200, formPage(serving, { nonce, failure: null }));
    case 'take':
      return take(request, { serving, send, nonce });
    case 'taken':
    case 'not_found':
    case 'forbidden':
    case 'wrong_method':
    case 'wrong_type':
      return send(REFUSALS[verdict].status, messagePage({ ...REFUSALS[verdict], good: false, nonce }));
    default:
      return verdict satisfies never;
  }
}

type Refusal = { readonly status: number; readonly title: string; readonly lines: readonly string[] };

const REFUSALS: Readonly<Record<Exclude<PageVerdict, 'show' | 'take'>, Refusal>> = {
  taken: {
    status: 403,
    title: 'Open in another browser',
    lines: [
      'This page answers to the browser that opened it first.',
      'If that was not you, stop the command with Ctrl-C: nothing is stored then. Else go on there, or run the command again.',
    ],
  },
  not_found: { status: 404, title: 'Nothing here', lines: ['Run the command again for a page that works.'] },
  forbidden: { status: 403, title: 'Not allowed', lines: ['Open the address that the command printed.'] },
  wrong_method: { status: 405, title: 'Not allowed', lines: ['Open the address that the command printed.'] },
  wrong_type: { status: 415, title: 'Not understood', lines: ['Open the address that the command printed.'] },
};

const STALE: Refusal = {
  status: 409,
  title: 'Sent twice, or from an older page',
  lines: ['Nothing was saved by this. Go back, load the page again, and fill it in there.'],
};

const TOO_LARGE: Refusal = {
  status: 413,
  title: 'Too much at once',
  lines: ['Nothing was saved. Give long values with the option --from-file of the command.'],
};

type Taking = {
  readonly serving: Serving;
  readonly send: (status: number, body: Html) => Promise<void>;
  readonly nonce: string;
};

async function take(request: IncomingMessage, { serving, send, nonce }: Taking): Promise<void> {
  const { page, form, desk, onSaved } = serving;
  const refuse = (refusal: Refusal): Promise<void> =>
    send(refusal.status, messagePage({ ...refusal, good: false, nonce }));
  const sent = await readForm(request);
  if (sent === 'broken_off') return;
  if (sent === 'too_large') return refuse(TOO_LARGE);
  if (sent.get('form') !== page.formToken) return refuse(STALE);
  page.formToken = randomText();
  const taken = await form.take(sent);
  if (taken.kind === 'wrong') return send(422, formPage(serving, { nonce, failure: null }));
  try {
    if (taken.changes.length > 0) await desk.apply(taken.changes);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const where = error.where === undefined ? '' : ` (${error.where})`;
    return send(500, formPage(serving, { nonce, failure: `${error.message}${where}. ${error.hint}` }));
  }
  page.saved = true;
  const lines = [
    taken.changes.length === 0
      ? `Everything about ${desk.pluginId} stays as it was.`
      : `The settings of ${desk.pluginId} are stored.`,
    'You can close this page. The rest is in your terminal.',
  ];
  await send(200, messagePage({ title: 'Saved', lines, good: true, nonce }));
  onSaved(taken.changes);
}

/**
 * One that is too large is read to its end all the same, since a browser reads no answer before that. Of one that is broken
 * off, or takes too long, nothing counts, and nobody is left to answer.
 */
async function readForm(request: IncomingMessage): Promise<URLSearchParams | 'too_large' | 'broken_off'> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= MAX_FORM_BYTES) chunks.push(chunk);
    }
  } catch {
    return 'broken_off';
  }
  return size > MAX_FORM_BYTES ? 'too_large' : new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

function formPage(
  { desk, form, page }: Serving,
  { nonce, failure }: { readonly nonce: string; readonly failure: string | null },
): Html {
  const { pluginId, plugin, command } = desk;
  return settingsPage({
    ...{ pluginId, command },
    title: plugin.displayName ?? plugin.name,
    description: plugin.description,
    fields: form.fields(),
    failure,
    formToken: page.formToken,
    path: page.path,
    nonce,
  });
}

/** Resolves when it has been handed to the system, so that the server may end after it, or when nobody is there any more. */
async function sendPage(
  response: ServerResponse,
  { status, body, nonce }: { readonly status: number; readonly body: Html; readonly nonce: string },
): Promise<void> {
  if (response.destroyed) return;
  response.writeHead(status, { ...pageHeaders(nonce), 'content-type': 'text/html; charset=utf-8' });
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    response.end(body.toString());
  });
}
