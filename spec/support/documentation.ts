import { blocksIn } from './pages';

/** The pages with programs, and the number of programs on each page. */
export const programPages = {
  'README.md': 5,
  'SECURITY.md': 1,
  'docs/embedding.md': 3,
  'docs/inspecting.md': 2,
  'docs/limits.md': 4,
  'docs/operating.md': 2,
  'docs/protocols.md': 2,
  'docs/testing.md': 8,
  'docs/tls.md': 2,
} as const;

/** The blocks of TypeScript on a page. */
export const programsIn = (page: string): string[] => blocksIn(page, 'ts');

/** The blocks of TypeScript on all pages. */
export const programs = Object.keys(programPages).flatMap(programsIn);

/** The file name of the one block that another block imports. */
export const orderFile = './order.mjs';

/** Whether a block is {@link orderFile}. */
export const isOrder = (code: string): boolean => code.startsWith('import') && code.includes("id: 'order'");

/** A block as a module: the block's imports, and a function that runs the rest and returns the block's exports. */
export function asModule(code: string): string {
  const lines = code.split('\n');
  const imports = lines.filter((line) => line.startsWith('import '));
  const rest = lines.filter((line) => !line.startsWith('import ')).join('\n');
  const exported = [...rest.matchAll(/^export const (\w+)/gm)].map(([, name]) => name);
  if (rest.includes('\nexport default ')) exported.push('default: exported');
  const body = rest.replace(/^export default /gm, 'const exported = ').replace(/^export /gm, '');
  return `${imports.join('\n')}\nexport async function block() {\n${body}\nreturn { ${exported.join(', ')} };\n}\n`;
}
