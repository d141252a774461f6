import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { tooMuch } from '../../support/fixtures';
import { Net, networks, portOf, tick, turns } from '../../support/networks';

describe.each(networks)('A socket on %s', (_, make) => {
  const net = new Net(make);

  describe('tells of itself', () => {
    it('while it connects', async () => {
      const server = await net.listen();
      const { socket } = net.call(server);
      socket.write('early ');
      socket.write('bird');
      expect(socket).toMatchObject({ connecting: true, pending: true, readyState: 'opening', bytesWritten: 10 });
      expect([socket.address(), socket.remoteAddress, socket.timeout]).toEqual([{}, undefined, undefined]);
      await once(socket, 'connect');
      expect(socket).toMatchObject({ connecting: false, pending: false, readyState: 'open', bytesWritten: 10 });
    });

    it('its addresses, and their families', async () => {
      const server = await net.listen();
      const [client, { socket: other }] = await net.connect(server);
      const { socket } = client;
      expect(socket.address()).toEqual({ address: '127.0.0.1', family: 'IPv4', port: other.remotePort });
      expect(other.address()).toEqual({ address: '127.0.0.1', family: 'IPv4', port: portOf(server) });
      expect([socket.localFamily, socket.remoteFamily]).toEqual(['IPv4', 'IPv4']);
      expect([other.localFamily, other.remoteFamily]).toEqual(['IPv4', 'IPv4']);
    });

    it('what its peer’s address was, if it was asked for it in time', async () => {
      const [client, { socket }] = await net.pair();
      const { remotePort } = socket;
      client.socket.resetAndDestroy();
      await turns();
      expect(socket.remoteAddress).toBe('127.0.0.1');
      socket.destroy();
      expect(socket).toMatchObject({ remoteAddress: '127.0.0.1', remotePort, remoteFamily: 'IPv4' });
      expect([socket.address(), socket.localFamily]).toEqual([{}, undefined]);
      expect([client.socket.remoteAddress, client.socket.remoteFamily]).toEqual([undefined, undefined]);
    });

    it('which directions are open', async () => {
      const [client, server] = await net.pair();
      client.reads().socket.end();
      expect([client.socket.readyState, server.socket.readyState]).toEqual(['readOnly', 'open']);
      await server.reads().sees('end');
      expect(server.socket.readyState).toBe('writeOnly');
      server.socket.destroy();
      expect(server.socket).toMatchObject({ readyState: 'closed', pending: true });
      await client.closed;
      expect(client.socket).toMatchObject({ readyState: 'closed', pending: true });
    });

    it('what was written, without what failed at once', async () => {
      const [client, server] = await net.pair();
      await server.write('hello');
      client.socket.resetAndDestroy();
      await turns();
      expect(await server.write('too late!!')).toBe('ECONNRESET');
      expect(server.socket.bytesWritten).toBe(5);
    });

    it('what was written, sent or not', async () => {
      const [{ socket }] = await net.pair();
      socket.write('é');
      expect(socket.bytesWritten).toBe(2);
      socket.write(tooMuch);
      socket.write('é');
      socket.write(Buffer.from('ab'));
      socket.write('ff00', 'hex');
      expect(socket.bytesWritten).toBe(2 + tooMuch.length + 6);
      socket.destroy();
      await once(socket, 'close');
      // what was never handed on is gone
      expect(socket.bytesWritten).toBe(2 + tooMuch.length);
    });

    it('what waits, in bytes or in characters as it was given', async () => {
      const [{ socket }] = await net.pair();
      socket.write(tooMuch);
      socket.write('éé');
      socket.write(Buffer.from('éé'));
      expect(socket.writableLength).toBe(tooMuch.length + 2 + 4);
    });
  });

  it('takes text in any encoding, alone and behind other writes', async () => {
    const [client, server] = await net.pair();
    client.socket.write('6869', 'hex');
    client.socket.cork();
    client.socket.write('IQ==', 'base64');
    client.socket.write('é');
    client.socket.write(Buffer.from('?'));
    client.socket.uncork();
    await server.reads().receives(6);
    expect(server.received.toString()).toBe('hi!é?');
  });

  it('has settings of the kernel’s that change nothing here, and can be chained', async () => {
    const [{ socket }] = await net.pair();
    expect(socket.setNoDelay().setNoDelay(false).setKeepAlive(true, 1_000).ref().unref()).toBe(socket);
  });

  describe('that is destroyed soon', () => {
    it('writes all before', async () => {
      const [client, server] = await net.pair();
      client.socket.write(tooMuch);
      client.socket.destroySoon();
      await turns();
      expect([client.socket.destroyed, client.log]).toEqual([false, []]);
      server.socket.resume();
      expect(await client.closed).toEqual(['finish', 'closed']);
      await server.sees('end');
      expect(server.socket.bytesRead).toBe(tooMuch.length);
    });

    it('is destroyed at once when it has ended', async () => {
      const [client] = await net.pair();
      client.socket.end();
      await client.sees('finish');
      client.socket.destroySoon();
      expect(client.socket.destroyed).toBe(true);
    });
  });

  it('without allowHalfOpen says EPIPE of a write after the peer’s end', async () => {
    const [client, server] = await net.pair({ allowHalfOpen: false });
    client.reads();
    server.socket.end();
    await client.sees('end');
    await tick();
    const failure = once(client.socket, 'error');
    expect(await client.write('too late')).toBe('EPIPE');
    expect((await failure)[0]).toMatchObject({ message: 'This socket has been ended by the other party' });
    expect(await client.closed).toEqual(['end', 'EPIPE', 'closed by error']);
    expect(await client.write('much too late')).toBe('EPIPE');
  });

  it('without allowHalfOpen says EPIPE of a write once both ends have ended', async () => {
    const [client, server] = await net.pair({ allowHalfOpen: false });
    client.socket.end('all');
    await client.sees('finish');
    const written = new Promise((resolve) => {
      client.socket.once('end', () => {
        resolve(client.write('more'));
      });
    });
    server.reads().socket.end();
    client.reads();
    expect(await written).toBe('EPIPE');
    expect(await client.closed).toEqual(['finish', 'end', 'EPIPE', 'closed by error']);
    expect(server.received.toString()).toBe('all');
  });

  it('without allowHalfOpen takes a write in the moment of the peer’s end', async () => {
    const [client, server] = await net.pair({ allowHalfOpen: false });
    const written = new Promise((resolve) => {
      client.socket.once('end', () => {
        resolve(client.write('last words'));
      });
    });
    client.reads();
    server.reads().socket.end();
    expect(await written).toBe('written');
    expect(await server.closed).toEqual(['finish', 'end', 'closed']);
    expect(server.received.toString()).toBe('last words');
  });

  it('whose signal aborts is destroyed', async () => {
    const server = await net.listen();
    const first = new AbortController();
    const client = net.call(server, { signal: first.signal });
    first.abort();
    expect(await client.closed).toEqual(['ABORT_ERR', 'closed by error']);
    const second = new AbortController();
    const [connected, other] = await net.connect(server, { signal: second.signal });
    second.abort();
    expect(await connected.closed).toEqual(['connect', 'ABORT_ERR', 'closed by error']);
    await other.reads().sees('end');
  });

  it('that is reset while it connects takes no write', async () => {
    const client = net.call(await net.listen());
    client.socket.resetAndDestroy();
    expect(await client.write('never')).toBe('ERR_SOCKET_CLOSED');
    expect(await client.closed).toEqual(['connect', 'closed']);
  });
});
