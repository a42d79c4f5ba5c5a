/** A forward proxy on 127.0.0.1: absolute-form requests and CONNECT tunnels, with a record of what went through. */
import { once } from 'node:events';
import { createServer, request as forward } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

export type Proxy = {
  readonly url: string;
  /** `POST http://…` for a forwarded request, `CONNECT host:port` for a tunnel. */
  readonly seen: readonly string[];
  /** Values of `Proxy-Authorization`. */
  readonly credentials: readonly string[];
  readonly close: () => Promise<void>;
};

export async function startProxy(options: { readonly refuses?: boolean } = {}): Promise<Proxy> {
  const seen: string[] = [];
  const credentials: string[] = [];
  const sockets = new Set<Socket>();
  const note = (line: string, authorization: string | undefined): void => {
    seen.push(line);
    if (authorization !== undefined) credentials.push(authorization);
  };
  const server = createServer((incoming, outgoing) => {
    note(`${incoming.method} ${incoming.url}`, incoming.headers['proxy-authorization']);
    if (options.refuses === true) {
      outgoing.writeHead(407).end();
      return;
    }
    const { method, headers } = incoming;
    const onward = forward(new URL(incoming.url ?? ''), { method: method ?? 'GET', headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  server.on('connect', (incoming, socket, head) => {
    note(`CONNECT ${incoming.url}`, incoming.headers['proxy-authorization']);
    if (options.refuses === true) {
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    const [host, port] = (incoming.url ?? '').split(':');
    const onward = connect(Number(port), host ?? '', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.write(head);
      onward.pipe(socket);
      socket.pipe(onward);
    });
    onward.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    credentials,
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      if (server.listening) await once(server, 'close');
    },
  };
}
