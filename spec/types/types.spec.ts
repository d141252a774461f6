// What the compiler says of small programs. They are in one spec file, because the library's types are checked only once then.
import { beforeAll } from '@jest/globals';
import './documentation';
import './protocolTypes';
import './serverTypes';
import { Snippets } from './snippets';

beforeAll(() => {
  Snippets.compile();
}, 120_000);
