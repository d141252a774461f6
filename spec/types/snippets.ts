import { join } from 'node:path';
import ts from 'typescript';
import { root } from '../support/root';

/** What the compiler has to say about a snippet: about which piece of it, and what. */
export interface Complaint {
  readonly at: string;
  readonly says: string;
}

/** Where snippets pretend to be, so that relative imports start from here. There is no such folder: snippets meet no file. */
const folder = join(root, 'spec/snippets');

/**
 * Small programs that are compiled as a user of this package would compile them. All of a run's snippets go through one
 * program, for most of the time is spent on the library's types.
 */
export class Snippets {
  static readonly #texts = new Map<string, string>();
  static #complaints: ReadonlyMap<string, readonly Complaint[]> | undefined;
  readonly #prelude: string;

  /** @param prelude - what every snippet begins with: its imports */
  constructor(prelude = '') {
    this.#prelude = prelude;
  }

  /**
   * Adds a snippet. The function returns what the compiler says about the snippet.
   * @param file - the name by which other snippets import this one
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

  /** Compiles all snippets, once. It takes seconds: call it from beforeAll. */
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
      // what can't be exported with a declaration is of no use to a library
      ...program.getDeclarationDiagnostics(file),
    ].map(({ start = 0, length = 0, messageText }) => ({
      at: file.text.slice(start, start + length),
      says: ts.flattenDiagnosticMessageText(messageText, '\n'),
    }));
  };
  return new Map([...texts.keys()].map((name) => [name, complaintsOf(name)]));
}
