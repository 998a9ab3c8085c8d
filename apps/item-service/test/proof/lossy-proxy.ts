import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

const [data, headers, headBytes] = [0, 1, 9];

/** A way to a server on which answers can get lost. */
export interface LossyProxy {
  readonly address: string;
  /** From now on, answers do not arrive. */
  loseAnswers(): void;
  /** Ends all connections. What is sent over new ones arrives, answers too. */
  cut(): void;
}

/** Stands in front of a server, until the test ends. */
export async function startLossyProxy(address: string): Promise<LossyProxy> {
  const [host, port] = address.split(":");
  const sockets = new Set<Socket>();
  let isLossy = false;
  const server = createServer((client) => {
    const upstream = connect(Number(port), host);
    for (const socket of [client, upstream]) {
      socket.setNoDelay().on("error", () => {});
      sockets.add(socket);
    }
    client.pipe(upstream);
    upstream.on("end", () => client.end());
    let rest: Buffer = Buffer.alloc(0);
    upstream.on("data", (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      // https://www.rfc-editor.org/rfc/rfc9113#section-4.1. Settings and pings still arrive.
      while (rest.length >= headBytes && rest.length >= headBytes + rest.readUIntBE(0, 3)) {
        const frame = rest.subarray(0, headBytes + rest.readUIntBE(0, 3));
        rest = rest.subarray(frame.length);
        const isAnswer = frame[3] === data || frame[3] === headers;
        if (!(isLossy && isAnswer)) {
          client.write(frame);
        }
      }
    });
  });
  const cut = (): void => {
    isLossy = false;
    for (const socket of sockets) {
      socket.destroy();
    }
    sockets.clear();
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    cut();
  });
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    loseAnswers() {
      isLossy = true;
    },
    cut,
  };
}
