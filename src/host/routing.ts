import type { Subject } from '../exchanges/index.ts';
import { AppError, isJsonObject, type JsonObject } from '../kernel/index.ts';
import type { Catalogue, ResourceRoute } from '../tools/index.ts';

/** Where a request goes: the server, what it is about, and its params in the server's own words. */
export type Destination = { readonly server: string; readonly subject: Subject; readonly params: JsonObject };

/** Requests that go to a server. Anything else is answered by the gateway or not at all. */
export const FORWARDED = [
  'tools/call',
  'prompts/get',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'completion/complete',
] as const;

/**
 * Finds the servers a request may go to, in the order to try them; more than one only for a resource that nobody lists.
 *
 * @throws AppError `UNKNOWN_TOOL` | `UNKNOWN_PROMPT` | `UNKNOWN_RESOURCE` | `AMBIGUOUS_RESOURCE` | `INVALID_PARAMS`
 */
export function route(catalogue: Catalogue, method: string, params: JsonObject): readonly Destination[] {
  switch (method) {
    case 'tools/call': {
      const name = stringParam(params, 'name', method);
      const found = catalogue.tool(name);
      if (found === null) throw new AppError('UNKNOWN_TOOL', `Unknown tool: ${name}`);
      return [
        {
          server: found.server,
          subject: { kind: 'tool', name: found.name },
          params: renamed(params, 'name', found.name),
        },
      ];
    }
    case 'prompts/get': {
      const name = stringParam(params, 'name', method);
      const found = catalogue.prompt(name);
      if (found === null) throw new AppError('UNKNOWN_PROMPT', `Unknown prompt: ${name}`);
      return [
        {
          server: found.server,
          subject: { kind: 'prompt', name: found.name },
          params: renamed(params, 'name', found.name),
        },
      ];
    }
    case 'completion/complete':
      return completion(catalogue, params);
    default: {
      const uri = stringParam(params, 'uri', method);
      return resourceRoutes(catalogue, uri).map((found) => ({
        server: found.server,
        subject: { kind: 'resource', uri: found.uri },
        params: renamed(params, 'uri', found.uri),
      }));
    }
  }
}

function completion(catalogue: Catalogue, params: JsonObject): readonly Destination[] {
  const ref = params['ref'];
  if (!isJsonObject(ref)) throw invalid('completion/complete', 'ref', 'an object');
  const subject: Subject = { kind: 'completion' };
  if (ref['type'] === 'ref/prompt') {
    const name = stringParam(ref, 'name', 'completion/complete ref');
    const found = catalogue.prompt(name);
    if (found === null) throw new AppError('UNKNOWN_PROMPT', `Unknown prompt: ${name}`);
    return [{ server: found.server, subject, params: { ...params, ref: renamed(ref, 'name', found.name) } }];
  }
  if (ref['type'] === 'ref/resource') {
    const uri = stringParam(ref, 'uri', 'completion/complete ref');
    return resourceRoutes(catalogue, uri).map((found) => ({
      server: found.server,
      subject,
      params: { ...params, ref: renamed(ref, 'uri', found.uri) },
    }));
  }
  throw invalid('completion/complete', 'ref.type', '"ref/prompt" or "ref/resource"');
}

function resourceRoutes(catalogue: Catalogue, uri: string): readonly ResourceRoute[] {
  const answer = catalogue.resource(uri);
  switch (answer.kind) {
    case 'found':
      return answer.candidates;
    case 'ambiguous':
      throw new AppError('AMBIGUOUS_RESOURCE', `two servers offer ${uri}`, {
        hint: `use one of ${answer.uris.join(', ')}`,
        data: { uri },
      });
    case 'unknown':
      throw new AppError('UNKNOWN_RESOURCE', `Resource not found: ${uri}`, { data: { uri } });
    default:
      return answer satisfies never;
  }
}

/** The params object itself where nothing differs. */
function renamed(params: JsonObject, key: string, value: string): JsonObject {
  return params[key] === value ? params : { ...params, [key]: value };
}

function stringParam(params: JsonObject, key: string, method: string): string {
  const value = params[key];
  if (typeof value !== 'string') throw invalid(method, key, 'a string');
  return value;
}

function invalid(method: string, key: string, wanted: string): AppError {
  return new AppError('INVALID_PARAMS', `${method}: "${key}" must be ${wanted}`);
}
