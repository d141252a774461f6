// Small programs that the compiler checks. One spec file has all of them, so that the library's types are checked once.
import { beforeAll } from '@jest/globals';
import './documentation';
import './protocolTypes';
import './serverTypes';
import { Snippets } from './snippets';

beforeAll(() => {
  Snippets.compile();
}, 120_000);
