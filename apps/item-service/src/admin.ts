import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";

export interface Admin {
  /** "http://127.0.0.1:9464" */
  readonly url: string;
  close(): Promise<void>;
}

export interface AdminOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly registry: Registry;
}

/** Serves what operators ask for, on a port of its own: `GET /metrics`. */
export async function startAdmin({ host, port, registry }: AdminOptions): Promise<Admin> {
  const answer: RequestListener = async ({ method, url }, response) => {
    if (method !== "GET" || url !== "/metrics") {
      response.writeHead(404, { "content-type": "text/plain" }).end("there is only GET /metrics\n");
      return;
    }
    try {
      const text = await registry.metrics();
      response.writeHead(200, { "content-type": registry.contentType }).end(text);
    } catch {
      response.writeHead(500).end();
    }
  };
  const server = createServer(answer);
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new Error(`cannot listen on ADMIN_PORT ${port} of ${host}`, { cause });
  }
  const { address, family, port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${bound}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
