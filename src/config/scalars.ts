import { isAbsolute } from 'node:path';
import { TomlDate } from 'smol-toml';
import type { ScalarType } from './key-types.ts';
import type { Scalar } from './located.ts';
import { standIn } from './stand-ins.ts';

/** What a value of a type is, for "must be …". */
export function expectation(type: ScalarType): string {
  switch (type.kind) {
    case 'boolean':
      return 'true or false';
    case 'integer': {
      const upTo = type.max === Number.MAX_SAFE_INTEGER ? 'or more' : `to ${type.max}`;
      return `a whole number, ${type.min} ${upTo}`;
    }
    case 'seconds':
      return 'a number of seconds, 0 or more';
    case 'one_of':
      return `one of ${type.values.map((value) => `"${value}"`).join(', ')}`;
    case 'text':
    case 'env_name':
    case 'url':
    case 'file_uri':
      return 'a string';
    default:
      return type satisfies never;
  }
}

/** True when a value is of its type, as far as TOML's own types and the range go. */
export function isOfType(type: ScalarType, value: Scalar): boolean {
  switch (type.kind) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return Number.isInteger(value) && Number(value) >= type.min && Number(value) <= type.max;
    case 'seconds':
      return Number.isFinite(value) && Number(value) >= 0;
    case 'one_of':
      return typeof value === 'string' && type.values.includes(value);
    case 'text':
    case 'env_name':
    case 'url':
    case 'file_uri':
      return typeof value === 'string';
    default:
      return type satisfies never;
  }
}

/** What is wrong with a string as such, completing "KEY …"; null when nothing is. Never quotes the string. */
export function textProblem(type: ScalarType, text: string): string | null {
  if (text.includes('\0')) return 'must not hold a NUL character';
  if (type.kind === 'text') return type.nonEmpty && text.trim() === '' ? 'must not be empty' : null;
  if (type.kind === 'env_name')
    return /^\$|\$\{/.test(text) ? 'must be the name of a variable alone, without `$`' : variableProblem(text);
  if (type.kind === 'file_uri') {
    return URL.canParse(text) && new URL(text).protocol === 'file:' ? null : 'must be a `file://` URI';
  }
  if (type.kind !== 'url') return null;
  // What leaves these out reads another host than what takes them for the end of one.
  if (/[\\#\t\r\n]/.test(text)) return 'must not hold a backslash, a `#`, a tab or a line break';
  if (!URL.canParse(text)) return 'must be a URL such as "https://mcp.example.com/mcp"';
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password; use `http_headers`';
  return /^https?:$/.test(url.protocol) ? null : 'must start with http:// or https://';
}

/** What is wrong with the address of a server, whose references are filled in, completing "KEY …"; null when nothing is. */
export function urlProblem(url: string): string | null {
  return textProblem({ kind: 'url' }, url);
}

/** What is wrong with the value of a header, completing "KEY …": HTTP carries Latin-1 without control characters. */
export function headerProblem(value: string): string | null {
  if (/[\r\n]/.test(value)) return 'must not hold a line break';
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  return /[\u0000-\u0008\u000b-\u001f\u007f]|[^\u0000-\u00ff]/.test(value)
    ? 'must hold only characters that a header can carry: no control characters, and none beyond Latin-1'
    : null;
}

/**
 * An address as it may be shown, which may hold references. One that is not as it should be may hide a password anywhere
 * before its last `@`.
 */
export function shownUrl(url: string): string {
  return textProblem({ kind: 'url' }, standIn(url, true)) === null
    ? url
    : url.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1*****@');
}

/** `text` with `*****` for the user name and password of an address. */
export function withoutUserInfo(text: string): string {
  return text.replaceAll(/(\b[a-z][a-z0-9+.-]*:\/\/)[^/?#\s]+@/gi, '$1*****@');
}

/** What is wrong with a name that is a key in a table. */
export function nameProblem(kind: 'variable' | 'header' | 'folder' | undefined, name: string): string | null {
  if (kind === 'variable') return variableProblem(name);
  if (kind === 'folder') return isAbsolute(name) ? null : 'is no absolute path, and has no effect';
  if (kind !== 'header') return null;
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) ? null : 'is not a valid header name';
}

function variableProblem(name: string): string | null {
  return name !== '' && !/[=\0\s]/.test(name) ? null : 'is not a valid name of a variable';
}

/** What a single value is, for "…, and is a string". */
export function typeName(value: Scalar): string {
  if (value === null) return 'null';
  if (value instanceof TomlDate) return 'a date or time';
  switch (typeof value) {
    case 'string':
      return 'a string';
    case 'boolean':
      return 'a boolean';
    default:
      return 'a number';
  }
}

/** True for names and addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}
