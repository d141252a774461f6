/**
 * A server that sends back whatever comes: ServerCore with one call.
 *
 *     npx ts-node examples/echo.ts [port]      then, elsewhere: nc 127.0.0.1 1601
 *
 * In a project of your own, import from 'serverchart' instead of '../server/index'.
 */
import { createServerCore, echo, type ServerCore } from '../server/index';

export const echoServer = (port: number): ServerCore => createServerCore({ protocol: echo, port });

if (require.main === module)
  void echoServer(Number(process.argv[2] ?? 1601))
    .start()
    .then(console.log);
