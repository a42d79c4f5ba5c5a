/**
 * Whether a URI could have been made from an RFC 6570 template. Each expression matches as much as its kind allows:
 * simple ones stop at `/`, `?` and `#`; reserved (`{+x}`, `{#x}`) and exploded ones do not.
 */
export function matchesTemplate(template: string, uri: string): boolean {
  const parts = template.split(/(\{[^{}]*\})/);
  const pattern = parts
    .map((part) => (part.startsWith('{') && part.endsWith('}') ? expression(part.slice(1, -1)) : escape(part)))
    .join('');
  return new RegExp(`^${pattern}$`, 'u').test(uri);
}

function expression(inner: string): string {
  const operator = inner[0] ?? '';
  if (operator === '?' || operator === '&') return String.raw`(?:[?&][^#]*)?`;
  return operator === '+' || operator === '#' || operator === '/' || inner.includes('*') ? '.*' : '[^/?#]*';
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
}
