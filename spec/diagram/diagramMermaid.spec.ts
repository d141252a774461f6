import { describe, expect, it } from '@jest/globals';
import { createMachine } from 'xstate';
import { connectionMachine } from '../../machines/connectionMachine';
import { singleServerMachine } from '../../machines/singleServerMachine';
import { toMermaid } from '../../server/diagram/toMermaid';
import { echo } from '../../server/index';
import { hostile, hostileNames, odd } from '../support/xstate/oddMachines';

describe('A mermaid diagram', () => {
  it('nests the states, and says where they begin and end', () => {
    const lines = toMermaid(connectionMachine).split('\n');
    expect(lines.slice(0, 6)).toEqual([
      'stateDiagram-v2',
      '  state opening {',
      '    state "accepted" as opening_accepted',
      '    state "identifying" as opening_identifying',
      '    state "admitting" as opening_admitting',
      '    state "handshaking" as opening_handshaking',
    ]);
    expect(lines).toContain('    [*] --> open_flowing');
    expect(lines).toContain('  [*] --> opening');
    expect(lines).toContain('  closed --> [*]');
  });

  it('has one arrow for all transitions from a state to another', () => {
    const lines = toMermaid(connectionMachine).split('\n');
    expect(lines.filter((line) => line.startsWith('  closing --> closed'))).toEqual([
      '  closing --> closed : _socketFeedback.closed',
    ]);
    const toClosed = lines.filter((line) => line.startsWith('  closing_flushing --> closed'));
    expect(toClosed).toEqual([
      '  closing_flushing --> closed : control.shutdownMicroprocess<br/>_socketFeedback.failed<br/>_socketFeedback.overflowed<br/>_timeouts.writeTimeout<br/>_timeouts.maxConnectionDuration',
    ]);
    expect(lines).toContain('  opening_accepted --> open');
    expect(lines).toContain(
      '  closing_lingering --> closed : _socketFeedback.failed<br/>control.shutdownMicroprocess<br/>after lingerTimeout',
    );
  });

  it('notes what leads from a state into itself, which mermaid cannot draw', () => {
    const lines = toMermaid(singleServerMachine).split('\n');
    expect(lines).toContain('  note right of draining : in singleServer, control.serverShutdown');
    expect(lines).toContain('    note right of draining_cutting : in draining, control.shutdownMicroprocess');
    expect(lines.filter((line) => line.includes('draining --> draining'))).toEqual([]);
  });

  it('separates what runs at the same time', () => {
    const lines = toMermaid(odd).split('\n');
    expect(lines[1]).toBe('  state "odd" as state_ {');
    expect(lines.filter((line) => line.trim() === '--')).toEqual(['    --']);
    expect(lines.at(-2)).toBe('  }');
  });

  it('shows a machine without states as what it does', () => {
    expect(toMermaid(echo)).toBe('stateDiagram-v2\n  state "echo" as state_\n  state_ : inbox / reply\n');
  });

  it('gives each state a name of its own, though two have the same letters in theirs', () => {
    const text = toMermaid(
      createMachine({
        id: 'twins',
        initial: 'a_b',
        states: { a_b: {}, 'a-b': {}, a: { initial: 'b', states: { b: {} } } },
      }),
    );
    const names = [...text.matchAll(/ as (\w+)|^ +(?:state )?(\w+)(?: \{)?$/gm)].map(
      ([, alias, plain]) => alias ?? plain,
    );
    expect(names).toHaveLength(4);
    expect(new Set(names).size).toBe(4);
  });

  it('says names that mean something to mermaid as mermaid writes them', () => {
    const text = toMermaid(hostile);
    const declared = [...text.matchAll(/^ {2}state "([^"\n]*)" as (\w+)$/gm)];
    const plain = [...text.matchAll(/^ {2}(\w+)$/gm)];
    expect(declared.length + plain.length).toBe(hostileNames.length);
    // only letters, digits and harmless signs are left: none that ends a label or begins something else
    const labels = [...text.matchAll(/ : (.*)$/gm)].map(([, label = '']) => label);
    for (const words of [...declared.map(([, name = '']) => name), ...labels]) {
      expect(words.replace(/#\d+;|<br\/>/g, '')).toMatch(/^[\p{L}\p{N} _.,*()[\]/→–…-]*$/u);
    }
    expect(text).toContain('"#60;script#62;alert(1)#60;/script#62;"');
    for (const line of text.split('\n')) expect(line).not.toMatch(/^ *(end|state|note|\d+)$/);
  });
});
