/** Applies the rules to sources. Pure: paths and texts in, violations out. */
import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import * as rules from './rules.ts';
import { type ImportFact, readFacts, type SourceFacts, type UseFact } from './syntax.ts';

export type RuleName =
  | 'syntax'
  | 'unknown-room'
  | 'one-way'
  | 'door'
  | 'effect-door'
  | 'no-door'
  | 'extension'
  | 'outside-src'
  | 'computed-import'
  | 'export-star'
  | 'pure'
  | 'process'
  | 'reveal'
  | 'console'
  | 'builtin-place'
  | 'package-place';

export type Violation = {
  /** Relative to `src/`. */
  readonly path: string;
  /** 0 for what concerns a file or folder as a whole. */
  readonly line: number;
  readonly rule: RuleName;
  readonly message: string;
};

/** Where a file stands. `src/index.ts` is in the room `index`, which may open everything and be imported by nobody. */
type Place = { readonly room: string; readonly side: 'pure' | 'node' };
type Finding = Omit<Violation, 'path'>;

function placeOf(path: string): Place {
  const [room = '', second] = path.split('/');
  if (second === undefined) return { room: room.replace(/\.ts$/, ''), side: 'pure' };
  return { room, side: second === 'node' && path.split('/').length > 2 ? 'node' : 'pure' };
}

/** True when `place` is one of `places`: a room, the effect side of a room (`room/node`), or of any room (`node`). */
function isIn(place: Place, places: readonly string[]): boolean {
  if (places.includes(place.room)) return true;
  return place.side === 'node' && (places.includes(`${place.room}/node`) || places.includes('node'));
}

/** Everything wrong with one source file. `path` is relative to `src/`, with `/`. */
export function checkFile(path: string, text: string): Violation[] {
  const facts = readFacts(path, text);
  const place = placeOf(path);
  const found: Finding[] = facts.errors.map((message) => ({ line: 0, rule: 'syntax', message }));
  if (path.includes('/') && !(place.room in rules.ROOMS)) {
    found.push({ line: 0, rule: 'unknown-room', message: `"${place.room}" is not in the table of rooms` });
  }
  found.push(...facts.imports.flatMap((fact) => checkImport(path, place, fact)));
  found.push(...facts.uses.flatMap((use) => checkUse(place, use)));
  found.push(...checkProperties(path, facts), ...checkDoor(path, facts));
  const unique = new Map(found.map((finding) => [JSON.stringify(finding), { path, ...finding }]));
  return [...unique.values()].toSorted((a, b) => a.line - b.line);
}

function checkImport(path: string, place: Place, fact: ImportFact): Finding[] {
  const { specifier, line } = fact;
  if (specifier === null) {
    return [{ line, rule: 'computed-import', message: 'the target of an import must be a literal' }];
  }
  if (specifier.startsWith('.')) return checkRelative(path, place, fact);
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) return checkBuiltin(place, fact);
  return checkPackage(place, specifier, line);
}

function checkRelative(path: string, place: Place, fact: ImportFact): Finding[] {
  const { specifier, line } = fact;
  if (specifier === null) return [];
  if (!specifier.endsWith('.ts')) {
    return [{ line, rule: 'extension', message: `${specifier}: relative imports end in .ts` }];
  }
  const target = posix.normalize(posix.join(posix.dirname(path), specifier));
  if (target.startsWith('../')) return [{ line, rule: 'outside-src', message: `${specifier} leaves src/` }];
  const there = placeOf(target);
  if (there.room !== place.room) return checkForeign(place, target, fact).map((finding) => ({ line, ...finding }));
  if (place.side === 'pure' && there.side === 'node') {
    return [{ line, rule: 'pure', message: `${target}: a file outside node/ may not import from node/` }];
  }
  return [];
}

function checkForeign(place: Place, target: string, { names }: ImportFact): Omit<Finding, 'line'>[] {
  const { room } = placeOf(target);
  const allowed = place.room === 'index' || room === 'kernel' || rules.ROOMS[place.room]?.includes(room) === true;
  if (!allowed) return [{ rule: 'one-way', message: `${place.room} may not import ${room}` }];
  if (target === `${room}/index.ts`) return [];
  if (target !== `${room}/node/index.ts`) {
    return [{ rule: 'door', message: `${target}: import the door of ${room}, index.ts` }];
  }
  if (isIn(place, rules.EFFECT_DOOR_OPENERS)) return [];
  const tools = rules.OPEN_TOOLS[target] ?? [];
  if (place.side === 'node' && names.length > 0 && names.every(({ imported }) => tools.includes(imported))) return [];
  return [
    { rule: 'effect-door', message: `${target}: only ${rules.EFFECT_DOOR_OPENERS.join(', ')} open effect doors` },
  ];
}

function checkBuiltin(place: Place, fact: ImportFact): Finding[] {
  const { specifier, line, names, typeOnly } = fact;
  if (specifier === null) return [];
  if (!specifier.startsWith('node:')) {
    return [{ line, rule: 'builtin-place', message: `write node:${specifier}` }];
  }
  const places = rules.BUILTIN_PLACES[specifier];
  if (places !== undefined && !isIn(place, places)) {
    return [{ line, rule: 'builtin-place', message: `${specifier} is for ${places.join(', ')}` }];
  }
  if (place.side === 'node') return specifier === 'node:process' ? checkProcessImport(place, fact) : [];
  const allowed = rules.PURE_BUILTINS[specifier];
  if (allowed === 'all' || (typeOnly && rules.PURE_TYPES.includes(specifier))) return [];
  if (allowed === undefined) return [{ line, rule: 'pure', message: `${specifier} is not for files outside node/` }];
  return names
    .filter(({ imported }) => !allowed.includes(imported))
    .map(({ imported }) => ({
      line,
      rule: 'pure',
      message: `${imported} of ${specifier} is not for files outside node/`,
    }));
}

function checkProcessImport(place: Place, { names, line }: ImportFact): Finding[] {
  if (isIn(place, rules.PROCESS_PLACES)) return [];
  return names
    .filter(
      ({ imported, local }) => rules.PROCESS_MEMBERS.includes(imported) || (isWhole(imported) && local !== 'process'),
    )
    .map(({ imported, local }) => ({
      line,
      rule: 'process',
      message: isWhole(imported)
        ? `call it process, not ${local}`
        : `process.${imported} is for ${rules.PROCESS_PLACES.join(', ')}`,
    }));
}

function isWhole(imported: string): boolean {
  return imported === 'default' || imported === '*';
}

function checkPackage(place: Place, specifier: string, line: number): Finding[] {
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  const places = rules.PACKAGE_PLACES[name];
  if (places === undefined) {
    return [{ line, rule: 'package-place', message: `${name} is not in the table of packages` }];
  }
  if (!isIn(place, places)) {
    return [{ line, rule: 'package-place', message: `${name} is for ${places.join(', ')}` }];
  }
  return place.side === 'pure' && rules.EFFECT_PACKAGES.includes(name)
    ? [{ line, rule: 'pure', message: `${name} has effects and belongs into node/` }]
    : [];
}

function checkUse(place: Place, use: UseFact): Finding[] {
  const { name, member, line } = use;
  if (name === 'console') {
    return isIn(place, rules.CONSOLE_PLACES)
      ? []
      : [{ line, rule: 'console', message: `console is for ${rules.CONSOLE_PLACES.join(', ')}` }];
  }
  if (place.side === 'node') return name === 'process' ? checkProcessUse(place, use) : [];
  if (rules.IMPURE_GLOBALS.includes(name)) return [{ line, rule: 'pure', message: `${name} is an effect` }];
  if (name === 'Date' && isClock(use)) return [{ line, rule: 'pure', message: 'reading the clock is an effect' }];
  const impure = rules.IMPURE_MEMBERS[name];
  return impure !== undefined && use.how !== 'new' && (member === null || member === impure)
    ? [{ line, rule: 'pure', message: `${name}.${member ?? '…'} is clock or chance` }]
    : [];
}

/** `new Date(ms)`, `Date.parse` and `Date.UTC` compute; every other use can read the clock. */
function isClock(use: UseFact): boolean {
  if (use.how === 'new') return use.argumentCount === 0;
  return !(use.how === 'member' && (use.member === 'parse' || use.member === 'UTC'));
}

function checkProcessUse(place: Place, { how, member, line }: UseFact): Finding[] {
  if (isIn(place, rules.PROCESS_PLACES)) return [];
  if (how !== 'member' || member === null) {
    return [{ line, rule: 'process', message: 'use process only as process.member; nothing else is called process' }];
  }
  return rules.PROCESS_MEMBERS.includes(member)
    ? [{ line, rule: 'process', message: `process.${member} is for ${rules.PROCESS_PLACES.join(', ')}` }]
    : [];
}

function checkProperties(path: string, facts: SourceFacts): Finding[] {
  const place = placeOf(path);
  return facts.properties.flatMap(({ name, line }): Finding[] => {
    if (name === 'reveal' && !isIn(place, rules.REVEAL_PLACES) && !rules.REVEAL_PLACES.includes(path)) {
      return [{ line, rule: 'reveal', message: `a secret is revealed only in ${rules.REVEAL_PLACES.join(', ')}` }];
    }
    if (place.side === 'pure' && rules.CHANCE.includes(name))
      return [{ line, rule: 'pure', message: `${name} is chance` }];
    return [];
  });
}

function isDoor(path: string): boolean {
  return /^([^/]+\/(node\/)?)?index\.ts$/.test(path);
}

function checkDoor(path: string, facts: SourceFacts): Finding[] {
  if (!isDoor(path)) return [];
  const stars = facts.imports.filter((fact) => fact.star);
  const found: Finding[] = stars.map(({ line }) => ({
    line,
    rule: 'export-star',
    message: 'a door lists its exports by hand',
  }));
  if (!facts.startsWithBlockComment) {
    found.push({
      line: 1,
      rule: 'no-door',
      message: 'a door starts with a comment: what the room owns, never does, who may call it',
    });
  }
  return found;
}

/** What is missing from the tree as a whole: a room outside the table, a room or an effect side without a door. */
export function checkTree(paths: readonly string[]): Violation[] {
  const sides = new Set(
    paths
      .filter((path) => path.includes('/'))
      .map(placeOf)
      .map(({ room, side }) => (side === 'node' ? `${room}/node` : room)),
  );
  const missing = [...sides].filter(
    (side) => !rules.ROOMS_WITHOUT_DOOR.includes(side.replace('/node', '')) && !paths.includes(`${side}/index.ts`),
  );
  const stray = paths.filter((path) => !path.includes('/') && path !== 'index.ts');
  return [
    ...missing.map(
      (side): Violation => ({ path: side, line: 0, rule: 'no-door', message: `${side}/ has no index.ts` }),
    ),
    ...stray.map(
      (path): Violation => ({ path, line: 0, rule: 'unknown-room', message: 'only index.ts stands outside a room' }),
    ),
  ];
}

/** Import cycles cannot be written when every room names only rooms above it: what in `table` breaks that. */
export function checkTable(table: Readonly<Record<string, readonly string[]>>): string[] {
  const order = Object.keys(table);
  return order.flatMap((room, index) =>
    (table[room] ?? [])
      .filter((named) => !order.slice(0, index).includes(named))
      .map((named) => `${room} names ${named}, which is not above it`),
  );
}
