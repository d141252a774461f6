import { describe, expect, it } from '@jest/globals';
import { isIPv6 } from 'node:net';
import { parseProxyHeader } from '../../../actors/socket/proxyProtocol/parseProxyHeader';
import { ProxyHeaderError } from '../../../actors/socket/proxyProtocol/proxyHeaderError';
import { describe as describeValue } from '../../../machines/vocabulary/errors';
import { parseWhole, refusal, type Refusal } from '../../support/proxy/proxyHeaders';

const line = (text: string): Buffer => Buffer.from(text, 'latin1');
const refused = (text: string): Refusal => refusal(line(text));
/** Expects that the text is refused at its last byte, and still refused when more bytes come. */
const refusedAtEnd = (text: string): string => {
  const { after, problem } = refused(`${text}${' '.repeat(120)}`);
  expect(after).toBe(text.length);
  return problem;
};

describe('A PROXY header of version 1', () => {
  it('tells both ends of TCP over IPv4', () => {
    expect(parseWhole(line('PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n'))).toEqual({
      version: 1,
      command: 'PROXY',
      transport: 'tcp4',
      source: { address: '192.168.0.1', port: 56324 },
      destination: { address: '192.168.0.11', port: 443 },
      tlvs: { others: [] },
      length: 47,
    });
  });

  it('tells both ends of TCP over IPv6', () => {
    expect(parseWhole(line('PROXY TCP6 2001:db8::1 ::1 0 65535\r\n'))).toMatchObject({
      transport: 'tcp6',
      source: { address: '2001:db8::1', port: 0 },
      destination: { address: '::1', port: 65535 },
    });
  });

  it.each([
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['::FFFF:c000:201', '::ffff:192.0.2.1'],
  ])('writes %s as Node does: %s', (written, address) => {
    const { source, destination } = parseWhole(line(`PROXY TCP6 ${written} ${written} 1 2\r\n`));
    expect([source, destination]).toEqual([
      { address, port: 1 },
      { address, port: 2 },
    ]);
  });

  it.each(['\r\n', ' \r\n', ' ffff::1 ffff::2 65535 65535\r\n', ' a\rb\nc \0\xff\r\r\n'])(
    'knows no ends of an UNKNOWN connection, whatever follows: %j',
    (rest) => {
      const text = `PROXY UNKNOWN${rest}`;
      const expected = {
        version: 1,
        command: 'PROXY',
        transport: 'unknown',
        tlvs: { others: [] },
        length: text.length,
      };
      expect(parseWhole(line(text))).toEqual(expected);
    },
  );

  it('may have 107 bytes, and not one more', () => {
    const start = 'PROXY UNKNOWN ';
    const problem = 'there is no CRLF in the first 107 bytes';
    expect(parseWhole(line(`${start}${'x'.repeat(105 - start.length)}\r\n`)).length).toBe(107);
    expect(refused(`${start}${'x'.repeat(106 - start.length)}\r\n`)).toEqual({ after: 107, problem });
    expect(refused(`${start}${'x'.repeat(200)}`)).toEqual({ after: 107, problem });
    // two good addresses that are too long together
    const address = '0000:0000:0000:0000:0000:ffff:255.255.255.255';
    expect(isIPv6(address)).toBe(true);
    expect(refused(`PROXY TCP6 ${address} ${address} 65535 65535\r\n`)).toEqual({ after: 107, problem });
  });

  it('is refused at the first byte that fits no version', () => {
    const problem = 'the first byte is 0x47, with which no version begins';
    expect(refused('GET / HTTP/1.1\r\n')).toEqual({ after: 1, problem });
    expect(refused('\x16\x03\x01').after).toBe(1);
    expect(refused('\0').after).toBe(1);
    expect(refused('proxy TCP4').after).toBe(1);
  });

  it.each(['PX', 'PROXY\t', 'PROXY  ', 'PROXY U\0', 'PROXY TCP5', 'PROXY UD', 'PROXY TCP4\r', 'PROXY t'])(
    'is refused at the first byte of its first words that is wrong: %j',
    (text) => {
      const problem = `the line ${describeValue(text)} doesn't begin with PROXY and TCP4, TCP6 or UNKNOWN`;
      expect(refusedAtEnd(text)).toBe(problem);
    },
  );

  it.each(['PROXY UNKNOWNS\r\n', 'PROXY UNKNOWN\n', 'PROXY UNKNOWN\r ', 'PROXY UNKNOWN\t\r\n'])(
    'needs a space or the CRLF after UNKNOWN: %j is refused',
    (text) => {
      expect(refused(text).problem).toMatch(/doesn't begin with/);
    },
  );

  it.each([
    ['PROXY TCP4 256.0.0.1 ', "'256.0.0.1' is not an IPv4 address"],
    ['PROXY TCP4 01.2.3.4 ', "'01.2.3.4' is not an IPv4 address"],
    ['PROXY TCP4 1.2.3 ', "'1.2.3' is not an IPv4 address"],
    ['PROXY TCP4 1.2.3.4.5 ', "'1.2.3.4.5' is not an IPv4 address"],
    ['PROXY TCP4 :', "':' is not an IPv4 address"],
    ['PROXY TCP4  ', "'' is not an IPv4 address"],
    ['PROXY TCP4 1.2.3.4  ', "'' is not an IPv4 address"],
    ['PROXY TCP4 1.2.3.4\t', "'1.2.3.4\\t' is not an IPv4 address"],
    ['PROXY TCP6 1.2.3.4 ', "'1.2.3.4' is not an IPv6 address"],
    ['PROXY TCP6 fe80::1%', "'fe80::1%' is not an IPv6 address"],
    ['PROXY TCP6 12345:: ', "'12345::' is not an IPv6 address"],
    ['PROXY TCP6 1::2::3 ', "'1::2::3' is not an IPv6 address"],
    ['PROXY TCP6 1:2:3:4:5:6:7 ', "'1:2:3:4:5:6:7' is not an IPv6 address"],
    ['PROXY TCP6 [', "'[' is not an IPv6 address"],
    ['PROXY TCP4 1.2.3.4 5.6.7.8 01 ', "'01' is not a port"],
    ['PROXY TCP4 1.2.3.4 5.6.7.8 00 ', "'00' is not a port"],
    ['PROXY TCP4 1.2.3.4 5.6.7.8 65536 ', "'65536' is not a port"],
    ['PROXY TCP4 1.2.3.4 5.6.7.8 123456', "'123456' is not a port"],
    ['PROXY TCP4 1.2.3.4 5.6.7.8 -', "'-' is not a port"],
    ['PROXY TCP4 1.2.3.4 5.6.7.8 +', "'+' is not a port"],
    ['PROXY TCP4 1.2.3.4 5.6.7.8  ', "'' is not a port"],
    ['PROXY TCP4 1.2.3.4 5.6.7.8 1 \r', "'' is not a port"],
    ['PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r', "'65536' is not a port"],
    ['PROXY TCP4 1.2.3.4 5.6.7.8 1 2 ', 'there is more in the line than two addresses and two ports'],
    ['PROXY TCP4 1.2.3.4 5.6.7.8 1\r', 'there is less in the line than two addresses and two ports'],
    ['PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n', "'2\\n' is not a port"],
    ['PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\r', 'a CR is not followed by LF'],
  ])('is refused as soon as a field is wrong: %j', (text, problem) => {
    expect(refusedAtEnd(text)).toBe(problem);
  });

  it('is refused with a message of one line that shows little of what came', () => {
    expect(() => parseProxyHeader(line(`P\r\n\x1b[2J${'x'.repeat(1000)}`))).toThrow(
      new ProxyHeaderError(
        `the line 'P\\r\\n\\u001b[2J${'x'.repeat(53)}…' doesn't begin with PROXY and TCP4, TCP6 or UNKNOWN`,
      ),
    );
  });
});
