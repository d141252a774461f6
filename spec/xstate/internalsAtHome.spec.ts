import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import ts from 'typescript';
import { internals } from '../../actors/xstate/internals';
import { root } from '../support/root';

// Everyday words: promises, paths and patterns have them too, so only a reader can tell whether they are XState's.
const everyday = new Set(['resolve', 'execute', 'exec', 'check', 'assignment']);

const isPrivate = (name: string): boolean =>
  /^_[a-z]\w*$/.test(name) || (!everyday.has(name) && internals.some((internal) => internal === name));

/** The folders and files where private names of other packages belong. */
const homes = [/^actors\/xstate\//, /^actors\/socket\/nodeInternals\.ts$/];

/** The name that a syntax node uses to read or declare a property. */
function reachedName(node: ts.Node): string | undefined {
  const isOwn = (target: ts.Node): boolean =>
    target.kind === ts.SyntaxKind.ThisKeyword || target.kind === ts.SyntaxKind.SuperKeyword;
  if (ts.isPropertyAccessExpression(node)) return isOwn(node.expression) ? undefined : node.name.text;
  if (ts.isElementAccessExpression(node)) return textOf(node.argumentExpression);
  if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent))
    return textOf(node.propertyName ?? node.name);
  if (ts.isPropertySignature(node) || ts.isMethodSignature(node)) return textOf(node.name);
  if (ts.isPropertyAssignment(node)) return textOf(node.name);
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.InKeyword) return textOf(node.left);
  return undefined;
}

const textOf = (node: ts.Node): string | undefined =>
  ts.isIdentifier(node) || ts.isStringLiteralLike(node) ? node.text : undefined;

/** Each place in a file that uses a private name. */
function reaches(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const name = reachedName(node);
    if (name !== undefined && isPrivate(name)) {
      found.push(`${file}:${String(source.getLineAndCharacterOfPosition(node.getStart()).line + 1)} ${name}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const sources = ['machines', 'actors', 'server'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name.replaceAll(sep, '/')}`)
    // the page runs in a browser, which has neither
    .filter((name) => !name.startsWith('server/inspect/page/')),
);

describe('The private names of XState and of Node', () => {
  it('are used at home, and nowhere else', () => {
    const strangers = sources.filter((file) => !homes.some((home) => home.test(file)));
    expect(strangers.length).toBeGreaterThan(100);
    expect(strangers.flatMap((file) => reaches(file, readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });

  it('are found in whatever way they are reached', () => {
    const ways = [
      'actor._parent;',
      "actor?.['_parent'];",
      'const { _parent: above } = actor;',
      'const { _parent } = actor;',
      "if ('_parent' in actor) act();",
      'interface Known { readonly _parent?: unknown }',
      'Object.create(system, { _parent: { value: tell } });',
      'scope.actionExecutor(action);',
    ];
    expect(ways.flatMap((way) => reaches('way.ts', way))).toHaveLength(ways.length);
  });

  it("are not taken for a class's own", () => {
    expect(reaches('own.ts', 'class A { override _read() { this._final(); super._destroy(); } }')).toEqual([]);
  });
});
