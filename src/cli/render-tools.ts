import type { ToolView } from '../api/index.ts';
import { isJsonObject, type JsonObject, type JsonValue, printable, shorten } from '../kernel/index.ts';
import { renderServerLine, type ServerReport } from '../status/index.ts';
import { renderTable } from './render-table.ts';

/** One line of `tools list`. */
export type ListedTool = {
  readonly name: string;
  readonly server: string;
  readonly rawName: string;
  readonly title: string | null;
  readonly description: string | null;
  /** The annotations that are hints, as the server gives them. */
  readonly hints: JsonObject;
};

export type ToolList = {
  readonly schemaVersion: 1;
  readonly tools: readonly ListedTool[];
  /** Servers that are not connected, whose tools are therefore not here. */
  readonly missing: readonly ServerReport[];
};

export type ShownTool = { readonly schemaVersion: 1 } & ToolView;

const HINTS = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'];

export function listedTool({ name, server, rawName, definition }: ToolView): ListedTool {
  const annotations = annotationsOf(definition);
  return {
    name,
    server,
    rawName,
    title: textOf(definition['title']) ?? textOf(annotations['title']),
    description: textOf(definition['description']),
    hints: Object.fromEntries(
      Object.entries(annotations).filter(([key, value]) => HINTS.includes(key) && typeof value === 'boolean'),
    ),
  };
}

export function renderToolList({ tools, missing }: ToolList, columns?: number): string {
  const rows = tools.map((tool) => [tool.name, tool.server, hintWords(tool.hints), firstLine(tool)]);
  const width = Math.max(0, ...missing.map(({ name }) => name.length));
  const absent = missing.map((report) => renderServerLine(report, width));
  const table =
    rows.length === 0 ? 'No tools.' : renderTable(['Name', 'Server', 'Hints', 'Description'], rows, columns);
  return [table, ...(absent.length === 0 ? [] : ['', ...absent])].join('\n');
}

export function renderTool({ name, server, rawName, definition }: ShownTool): string {
  const { title, description, hints } = listedTool({ name, server, rawName, definition });
  const schemas = ['inputSchema', 'outputSchema', 'annotations', '_meta'].flatMap((key) =>
    definition[key] === undefined ? [] : ['', `${key}:`, JSON.stringify(definition[key], null, 2)],
  );
  return [
    name,
    `  server: ${server}`,
    `  tool: ${printable(rawName)}`,
    ...(title === null ? [] : [`  title: ${printable(title)}`]),
    ...(hintWords(hints) === '' ? [] : [`  hints: ${hintWords(hints)}`]),
    ...(description === null ? [] : ['', printable(description)]),
    ...schemas.map((line) => printable(line)),
  ].join('\n');
}

/**
 * A tool's result for people: its text as it is, everything else summed up.
 *
 * @param safe Replaces control characters, for a terminal.
 */
export function renderResult(result: JsonObject, safe: boolean): string {
  const content = result['content'];
  const parts = Array.isArray(content) ? content.map(renderContent) : [];
  const structured = result['structuredContent'];
  if (parts.length === 0 && structured !== undefined) parts.push(JSON.stringify(structured, null, 2));
  const text = parts.join('\n').trimEnd();
  return safe ? printable(text) : text;
}

function renderContent(block: JsonValue): string {
  if (!isJsonObject(block)) return '[content that is no object]';
  switch (block['type']) {
    case 'text':
      return String(block['text'] ?? '');
    case 'image':
    case 'audio':
      return `[${block['type']} ${String(block['mimeType'])}, ${byteLength(block['data'])} bytes]`;
    case 'resource_link':
      return `[link ${String(block['uri'])}]`;
    case 'resource':
      return renderResource(block['resource']);
    default:
      return `[content of the type ${JSON.stringify(block['type'] ?? null)}]`;
  }
}

function renderResource(resource: JsonValue | undefined): string {
  if (!isJsonObject(resource)) return '[resource]';
  const text = resource['text'];
  if (typeof text === 'string') return text;
  return `[resource ${String(resource['uri'])}, ${byteLength(resource['blob'])} bytes]`;
}

/** Bytes that a base64 text stands for. */
function byteLength(data: JsonValue | undefined): number {
  if (typeof data !== 'string') return 0;
  return Math.floor((data.replace(/=+$/, '').length * 3) / 4);
}

function hintWords(hints: JsonObject): string {
  const words = [
    ...(hints['readOnlyHint'] === true ? ['read-only'] : []),
    ...(hints['destructiveHint'] === true ? ['destructive'] : []),
    ...(hints['idempotentHint'] === true ? ['idempotent'] : []),
    ...(hints['openWorldHint'] === true ? ['open-world'] : []),
  ];
  return words.join(', ');
}

function firstLine({ title, description }: ListedTool): string {
  const line = (description ?? title ?? '').trim().split('\n')[0] ?? '';
  return shorten(line, 100);
}

function annotationsOf(definition: JsonObject): JsonObject {
  const annotations = definition['annotations'];
  return isJsonObject(annotations) ? annotations : {};
}

function textOf(value: JsonValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
