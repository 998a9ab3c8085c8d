import { type EventEmitter, once } from "node:events";
import type { Duplex } from "node:stream";
import { type Client, Connection } from "pg";

// What the types of `pg` leave out.
interface CancelConnection extends EventEmitter {
  readonly stream: Duplex;
  connect(portOrPath: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processId: number, secretKey: number): void;
}
interface ClientParts {
  readonly ssl: unknown;
  readonly sslNegotiation: string;
  readonly processID: number;
  readonly secretKey: number;
}

/**
 * Asks the server to cancel what `client` runs, and settles when the server has done so: it closes the
 * connection then, and no later statement of the client can be hit. Rejects if it does not within
 * `timeoutMs`. The client's own method does not use TLS.
 *
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 */
export async function cancelQuery(client: Client, timeoutMs: number): Promise<void> {
  const { ssl, sslNegotiation, processID, secretKey } = client as unknown as ClientParts;
  const connection = new Connection({
    ssl,
    sslNegotiation,
  } as object) as unknown as CancelConnection;
  const send = (): void => connection.cancel(processID, secretKey);
  // The first one is told by `once`, and without a listener a second one would end the process.
  connection.on("error", () => {});
  connection.on("connect", () => {
    if (!ssl) {
      send();
    } else if (sslNegotiation !== "direct") {
      connection.requestSsl();
    }
  });
  connection.on("sslconnect", send);
  const timer = setTimeout(
    () => connection.stream.destroy(new Error("no answer to a cancel request")),
    timeoutMs,
  );
  try {
    // It rejects for an "error".
    const ended = once(connection, "end");
    if (client.host.startsWith("/")) {
      connection.connect(`${client.host}/.s.PGSQL.${client.port}`);
    } else {
      connection.connect(client.port, client.host);
    }
    await ended;
  } finally {
    clearTimeout(timer);
    connection.stream.destroy();
  }
}
