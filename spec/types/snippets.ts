import { join } from 'node:path';
import ts from 'typescript';
import { root } from '../support/root';

/** An error of the compiler's about a snippet: the piece of the snippet, and the message. */
export interface Complaint {
  readonly at: string;
  readonly says: string;
}

/** The folder of the snippets' file names, for their relative imports. The folder doesn't exist. */
const folder = join(root, 'spec/snippets');

/**
 * Small programs that are compiled as a user of this package would compile them. One compiler program has all snippets
 * of a run, because the library's types take most of the time.
 */
export class Snippets {
  static readonly #texts = new Map<string, string>();
  static #complaints: ReadonlyMap<string, readonly Complaint[]> | undefined;
  readonly #prelude: string;

  /** @param prelude - the imports with which every snippet begins */
  constructor(prelude = '') {
    this.#prelude = prelude;
  }

  /**
   * Adds a snippet. Returns a function that returns the compiler's errors about the snippet.
   * @param file - the file name by which other snippets import this one
   */
  add(text: string, file = String(Snippets.#texts.size + 1)): () => readonly Complaint[] {
    const name = join(folder, `${file}.ts`);
    Snippets.#texts.set(name, this.#prelude + text);
    return () => {
      const found = Snippets.compile().get(name);
      if (found === undefined) throw new Error('Snippets are added before the first one is asked about');
      return found;
    };
  }

  /** Compiles all snippets, once. This takes seconds, so it belongs in a beforeAll. */
  static compile(): ReadonlyMap<string, readonly Complaint[]> {
    return (this.#complaints ??= check(this.#texts));
  }
}

function check(texts: ReadonlyMap<string, string>): ReadonlyMap<string, readonly Complaint[]> {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: unknown;
  };
  const parsed = ts.parseJsonConfigFileContent(config, ts.sys, root);
  // a snippet need not use all that its prelude imports
  const options = { ...parsed.options, noUnusedLocals: false };
  const host = ts.createCompilerHost(options);
  host.getCurrentDirectory = () => root;
  host.fileExists = (name) => texts.has(name) || ts.sys.fileExists(name);
  host.directoryExists = (name) => name === folder || ts.sys.directoryExists(name);
  host.readFile = (name) => texts.get(name) ?? ts.sys.readFile(name);
  const program = ts.createProgram([...texts.keys()], options, host);
  const [general] = [...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics()];
  if (general !== undefined) throw new Error(ts.flattenDiagnosticMessageText(general.messageText, '\n'));
  const complaintsOf = (name: string): readonly Complaint[] => {
    const file = program.getSourceFile(name);
    if (file === undefined) throw new Error(`${name} was not compiled`);
    return [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
      // libraries need exports with declarations
      ...program.getDeclarationDiagnostics(file),
    ].map(({ start = 0, length = 0, messageText }) => ({
      at: file.text.slice(start, start + length),
      says: ts.flattenDiagnosticMessageText(messageText, '\n'),
    }));
  };
  return new Map([...texts.keys()].map((name) => [name, complaintsOf(name)]));
}
