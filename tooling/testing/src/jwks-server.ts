import type { webcrypto } from "node:crypto";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";

export type JwksMode =
  | "ok"
  | "down"
  | "error"
  | "hang"
  | "drip"
  | "huge"
  | "redirect"
  | "text"
  | "garbage";

export interface JwksServer {
  readonly url: string;
  mode: JwksMode;
  keys: readonly webcrypto.JsonWebKey[];
  /** Requests for the keys so far. */
  readonly hits: number;
  /** Requests for what a redirect points to, and for anything else. */
  readonly strayHits: number;
  /** Of bodies, as far as they could be written. */
  readonly bytesWritten: number;
  close(): void;
}

export interface JwksServerOptions {
  readonly keys: readonly webcrypto.JsonWebKey[];
  readonly tls?: { readonly key: string; readonly cert: string };
}

const hugeBytes = 50_000_000;

/** An issuer's key server on a free port of loopback. */
export async function startJwksServer({ keys, tls }: JwksServerOptions): Promise<JwksServer> {
  const state = {
    mode: "ok" as JwksMode,
    keys,
    hits: 0,
    strayHits: 0,
    bytesWritten: 0,
    url: "",
    close,
  };
  const answer: RequestListener = (request, response) => {
    if (request.url !== "/jwks") {
      state.strayHits += 1;
      sendKeys(response, state.keys);
      return;
    }
    state.hits += 1;
    answers[state.mode](response, state);
  };
  const server = tls === undefined ? createServer(answer) : createSecureServer(tls, answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const scheme = tls === undefined ? "http" : "https";
  state.url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  return state;

  function close(): void {
    server.close();
    server.closeAllConnections();
  }
}

interface State {
  readonly keys: readonly webcrypto.JsonWebKey[];
  readonly url: string;
  bytesWritten: number;
}

function sendKeys(
  response: ServerResponse,
  keys: readonly webcrypto.JsonWebKey[],
  type = "application/json",
): void {
  response.writeHead(200, { "content-type": type }).end(JSON.stringify({ keys }));
}

const answers: Readonly<Record<JwksMode, (response: ServerResponse, state: State) => void>> = {
  ok: (response, { keys }) => sendKeys(response, keys),
  down: (response) => response.destroy(),
  error: (response) => response.writeHead(503).end("no"),
  hang: () => {},
  drip(response) {
    response.writeHead(200, { "content-type": "application/json" });
    const drip = setInterval(() => response.write(" "), 20);
    response.on("close", () => clearInterval(drip));
  },
  huge(response, state) {
    response.writeHead(200, { "content-type": "application/json" });
    const chunk = Buffer.alloc(65_536, " ");
    const write = (): void => {
      while (state.bytesWritten < hugeBytes && !response.destroyed) {
        state.bytesWritten += chunk.length;
        if (!response.write(chunk)) {
          response.once("drain", write);
          return;
        }
      }
      response.end('{"keys":[]}');
    };
    write();
  },
  redirect: (response, { url }) => response.writeHead(302, { location: `${url}/other` }).end(),
  text: (response, { keys }) => sendKeys(response, keys, "text/html"),
  garbage: (response) =>
    response.writeHead(200, { "content-type": "application/json" }).end('{"keys":"SECRET"}'),
};
