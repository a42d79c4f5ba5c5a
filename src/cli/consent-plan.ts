import type { Agreement, ConsentFacts } from '../marketplace/index.ts';

/** What is known before a plugin is put in place. */
export type ConsentCase = {
  /** `plugin add NAME` says which plugin, which is enough for a first install; an upgrade does not. */
  readonly named: boolean;
  /** A first install, or more than was agreed to. */
  readonly widens: boolean;
  /** It would get what nobody can tell was meant for it: naming the plugin says nothing of that. */
  readonly handsOver: boolean;
  readonly facts: ConsentFacts;
  /** What was agreed to; null for a first install. */
  readonly before: { readonly facts: ConsentFacts; readonly requestsAccepted: boolean } | null;
  /** A person can be asked. */
  readonly interactive: boolean;
  /** `--yes`. */
  readonly yes: boolean;
  /** `--accept-requests`. */
  readonly acceptRequests: boolean;
  /** A requirements file wants this plugin. */
  readonly required?: boolean;
};

/** `ask`: a person decides. `refuse`: nobody is there to agree, and the command does not say it either. */
export type ConsentPlan = {
  readonly consent: Agreement['how'] | 'ask' | 'refuse';
  readonly requests: boolean | 'ask';
};

/** What has to be asked before a plugin is put in place, and what follows without a question. */
export function planConsent(facts: ConsentCase): ConsentPlan {
  return { consent: planAgreement(facts), requests: planRequests(facts) };
}

function planAgreement(facts: ConsentCase): ConsentPlan['consent'] {
  const { named, widens, handsOver, before, interactive, yes, required } = facts;
  if (!widens && !handsOver) return 'unchanged';
  if (required === true) return 'requirements';
  if (yes) return 'yes';
  if (interactive) return 'ask';
  return named && before === null && !handsOver ? 'no_terminal' : 'refuse';
}

/** Requests that were accepted stay in force as long as there is no other one among them. */
function planRequests({ facts, before, interactive, yes, acceptRequests, required }: ConsentCase): boolean | 'ask' {
  const wanted = requestsOf(facts);
  if (wanted.length === 0) return false;
  if (acceptRequests) return true;
  const known = new Set(before === null ? [] : requestsOf(before.facts));
  if (before !== null && wanted.every((request) => known.has(request))) return before.requestsAccepted;
  return interactive && !yes && required !== true ? 'ask' : false;
}

/** What the servers of a plugin ask for, each with the server's name. */
export function requestsOf({ servers }: ConsentFacts): readonly string[] {
  return servers.flatMap(({ name, requests }) => requests.map((request) => `${name}: ${request}`));
}
