import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { parseProxyHeader } from '../../actors/socket/proxyProtocol/parseProxyHeader';
import type { ProxyHeader } from '../../machines/vocabulary/proxyHeader';
import { Client } from '../support/client';
import { startHaproxy } from '../support/proxy/haproxy';

/** How a connection to the server behind HAProxy begins. */
interface Arrival {
  readonly header: ProxyHeader;
  /** The bytes that came together with the end of the header. */
  readonly rest: string;
}

const endings: (() => unknown)[] = [];
let server: Server;
let backend: string;
const sockets = new Set<Socket>();

beforeEach(async () => {
  server = createServer((socket) => sockets.add(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  backend = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  server.close();
  await once(server, 'close');
});

async function behindHaproxy(config: string, host?: string): Promise<number> {
  const haproxy = await startHaproxy(config, host === undefined ? [] : [host]);
  endings.push(() => haproxy.stop());
  return haproxy.ports[0] ?? 0;
}

async function client(port: number, host: string): Promise<Client> {
  const client = await Client.connect({ port, host });
  endings.push(() => client.destroy());
  return client;
}

/** Waits for the next connection, until its header is complete and some of the client's bytes have come. */
function arrival(leastRest = 'hello'.length): Promise<Arrival> {
  return new Promise((resolve, reject) => {
    server.once('connection', (socket) => {
      let bytes = Buffer.alloc(0);
      socket.on('data', (data) => {
        bytes = Buffer.concat([bytes, data]);
        try {
          const header = parseProxyHeader(bytes);
          if (header === undefined || bytes.length < header.length + leastRest) return;
          resolve({ header, rest: bytes.toString('utf8', header.length) });
        } catch (error) {
          reject(error as Error);
        }
      });
    });
  });
}

describe('HAProxy', () => {
  describe.each([
    ['send-proxy', 1],
    ['send-proxy-v2', 2],
    ['send-proxy-v2 proxy-v2-options crc32c', 2],
  ])('with %s', (option, version) => {
    it.each([
      ['127.0.0.1', 'tcp4'],
      ['::1', 'tcp6'],
    ])('tells the real address of a client on %s', async (address, transport) => {
      const port = await behindHaproxy(`listen relay\n bind fd@4\n server s ${backend} ${option}`, address);
      const arrived = arrival();
      const { socket } = await client(port, address);
      socket.write('hello');
      const { header, rest } = await arrived;
      expect(header).toMatchObject({
        version,
        command: 'PROXY',
        transport,
        // the address in Node's own spelling
        source: { address: socket.localAddress, port: socket.localPort },
        destination: { address: socket.remoteAddress, port },
        tlvs: { others: [] },
      });
      expect(rest).toBe('hello');
    });
  });

  it('tells the address that another HAProxy has told it', async () => {
    const far = await behindHaproxy(
      `listen near\n bind fd@4 accept-proxy\n server s ${backend} send-proxy-v2`,
      '127.0.0.1',
    );
    const arrived = arrival();
    const proxy = await client(far, '127.0.0.1');
    await proxy.send('PROXY TCP6 2001:DB8::0:1 ::ffff:192.0.2.1 1 2\r\nhello');
    expect((await arrived).header).toMatchObject({
      transport: 'tcp6',
      source: { address: '2001:db8::1', port: 1 },
      destination: { address: '::ffff:192.0.2.1', port: 2 },
    });
  });

  it.each([
    ['send-proxy-v2', 16],
    // HAProxy's additions are discarded
    ['send-proxy-v2 proxy-v2-options crc32c', 23],
  ])('checks our health with %s on its own account', async (option, length) => {
    const arrived = arrival(0);
    await behindHaproxy(`backend back\n server s ${backend} ${option} check check-send-proxy inter 50`);
    const { header } = await arrived;
    expect(header).toEqual({ version: 2, command: 'LOCAL', transport: 'unknown', tlvs: { others: [] }, length });
  });

  it('checks our health with send-proxy as its own client', async () => {
    const arrived = arrival(0);
    await behindHaproxy(`backend back\n server s ${backend} send-proxy check check-send-proxy inter 50`);
    const { header } = await arrived;
    // HAProxy resets such a connection as soon as it has sent the header, so its end is gone already
    expect(header).toMatchObject({ version: 1, command: 'PROXY', transport: 'tcp4' });
    expect(header.source?.address).toBe('127.0.0.1');
    expect(`${String(header.destination?.address)}:${String(header.destination?.port)}`).toBe(backend);
  });
});

describe('HAProxy that ends TLS', () => {
  let folder: string;
  /** A certificate with its key, in PEM. */
  const pem: Record<string, string> = {};

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'certificates-'));
    for (const name of ['proxy.example', 'client', 'stranger']) {
      const file = join(folder, name);
      const what = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', `/CN=${name}`];
      execFileSync('openssl', ['req', '-x509', ...what, '-keyout', file, '-out', `${file}.crt`], { stdio: 'ignore' });
      pem[name] = readFileSync(`${file}.crt`, 'utf8') + readFileSync(file, 'utf8');
      execFileSync('sh', ['-c', `cat ${file}.crt ${file} > ${file}.pem`]);
    }
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const options = 'unique-id,ssl,cert-cn,ssl-cipher,cert-sig,cert-key,authority,crc32c';

  async function headerFor(how: ConnectionOptions): Promise<ProxyHeader> {
    const certificates = `crt ${folder}/proxy.example.pem ca-file ${folder}/client.crt`;
    const port = await behindHaproxy(
      `frontend front
        bind fd@4 ssl ${certificates} verify optional crt-ignore-err all ca-ignore-err all alpn h2,postgresql
        unique-id-format connection-%ci:%cp
        default_backend back
      backend back
        server s ${backend} send-proxy-v2 proxy-v2-options ${options}`,
      '127.0.0.1',
    );
    const arrived = arrival();
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...how });
    endings.push(() => socket.destroy());
    await once(socket, 'secureConnect');
    socket.write('hello');
    const { header, rest } = await arrived;
    expect(rest).toBe('hello');
    expect(header.source).toEqual({ address: '127.0.0.1', port: socket.localPort });
    expect(header.tlvs.uniqueId?.toString()).toBe(`connection-127.0.0.1:${String(socket.localPort)}`);
    return header;
  }

  it('tells what it knows of a client with a certificate', async () => {
    const how = { servername: 'www.example', ALPNProtocols: ['postgresql'], cert: pem['client'], key: pem['client'] };
    expect((await headerFor(how as ConnectionOptions)).tlvs).toMatchObject({
      alpn: 'postgresql',
      authority: 'www.example',
      ssl: {
        encrypted: true,
        certificateInConnection: true,
        certificateInSession: true,
        verified: true,
        verify: 0,
        version: 'TLSv1.3',
        commonName: 'client',
        cipher: 'TLS_AES_256_GCM_SHA384',
        signatureAlgorithm: 'ecdsa-with-SHA256',
        keyAlgorithm: 'EC256',
        others: [],
      },
      others: [],
    });
  });

  it('says 0 for a client without a certificate, who is not verified for that', async () => {
    const { tlvs } = await headerFor({ maxVersion: 'TLSv1.2' });
    expect(tlvs).not.toHaveProperty('authority');
    expect(tlvs.ssl).not.toHaveProperty('commonName');
    expect(tlvs.ssl).toMatchObject({ encrypted: true, certificateInConnection: false, version: 'TLSv1.2' });
    expect(tlvs.ssl).toMatchObject({ verify: 0, verified: false });
  });

  it("tells that a client's certificate is not to be trusted", async () => {
    const { tlvs } = await headerFor({ cert: pem['stranger'], key: pem['stranger'] } as ConnectionOptions);
    expect(tlvs.ssl).toMatchObject({ certificateInConnection: true, commonName: 'stranger', verified: false });
    // OpenSSL's number for a self-signed certificate
    expect(tlvs.ssl?.verify).toBe(18);
  });
});
