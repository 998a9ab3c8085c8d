import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
} from "node:http2";
import { connect, type Socket } from "node:net";
import { HealthCheckResponse } from "@grpc-kit/generated-protos/grpc/health/v1";
import { onTestFinished } from "vitest";

export interface StalledWatch {
  readonly socket: Socket;
  readonly session: ClientHttp2Session;
  readonly stream: ClientHttp2Stream;
  /** The statuses that have come, by number. */
  statuses(): number[];
}

/** A watch of the whole server that lets it send nothing before the session allows more. */
export function openStalledWatch(address: string): StalledWatch {
  const [host, port] = address.split(":");
  const socket = connect(Number(port), host);
  const session = connectHttp2(`http://${address}`, {
    createConnection: () => socket,
    settings: { initialWindowSize: 0 },
  });
  const stream = session.request({
    ":method": "POST",
    ":path": "/grpc.health.v1.Health/Watch",
    "content-type": "application/grpc",
    te: "trailers",
  });
  session.on("error", () => {});
  stream.on("error", () => {});
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  // One message, without content: the name of the whole server.
  stream.end(Buffer.alloc(5));
  onTestFinished(() => session.destroy());
  return {
    socket,
    session,
    stream,
    statuses() {
      const bytes = Buffer.concat(chunks);
      const statuses: number[] = [];
      for (let at = 0; at < bytes.length; ) {
        const end = at + 5 + bytes.readUInt32BE(at + 1);
        statuses.push(HealthCheckResponse.decode(bytes.subarray(at + 5, end)).status);
        at = end;
      }
      return statuses;
    },
  };
}
