import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { maxTimerMs } from "../check-option.ts";
import type { MetricsJson } from "../metrics-json.ts";
import { createPage } from "./page.ts";
import { shareRuns } from "./share-runs.ts";
import { createStatusReader } from "./status-snapshot.ts";

/** Where the answers come from. */
export interface AdminSource {
  /** The content type of `metrics`. */
  readonly contentType: string;
  /** All metrics as text. */
  metrics(): Promise<string>;
  metricsAsJson(): Promise<MetricsJson>;
  isReady(): Promise<boolean>;
}

export interface AdminListenerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly title: string;
  readonly refreshMs: number;
  /** Milliseconds that an answer may take. */
  readonly timeoutMs: number;
  readonly source: AdminSource;
  /** Told what goes wrong: an answer does not say it. */
  readonly onError: (error: unknown) => void;
}

export interface AdminListener {
  readonly address: string;
  readonly port: number;
  /** "http://127.0.0.1:9464" */
  readonly url: string;
  /** Cuts those that still ask. */
  close(): Promise<void>;
}

interface Answer {
  /** Default: 200. */
  readonly status?: number;
  readonly body: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

// Operators and a scraper or two: who holds more connections, or takes longer, is none of them.
const maxConnections = 64;
const maxRequestMs = 5_000;

/** Answers what operators ask. It takes no body, and tells nothing of an error. */
export async function listenForAdmin(options: AdminListenerOptions): Promise<AdminListener> {
  const { host, port, timeoutMs, onError } = options;
  const answers = createAnswers(options);
  let isLoopback = false;

  const server = createServer(
    {
      connectionsCheckingInterval: 1_000,
      headersTimeout: maxRequestMs,
      requestTimeout: maxRequestMs,
      keepAliveTimeout: maxRequestMs,
      maxHeaderSize: 8_192,
    },
    async ({ method = "", url = "", headers }, response) => {
      if ("content-length" in headers || "transfer-encoding" in headers) {
        response.setHeader("connection", "close");
      }
      if (isLoopback && !isOwnName(headers.host)) {
        send(response, refusedHost);
        return;
      }
      const answer = answers.get(url.split("?", 1)[0] ?? "");
      if (answer === undefined) {
        send(response, {
          status: 404,
          body: `there is only ${[...answers.keys()].join(" ")}\n`,
        });
        return;
      }
      if (method !== "GET" && method !== "HEAD") {
        const allow = "GET, HEAD";
        send(response, { status: 405, body: `use ${allow}\n`, headers: { allow } });
        return;
      }
      try {
        send(response, await answer());
      } catch (error) {
        onError(error);
        send(response, { status: 500, body: "failed\n" });
      }
    },
  );
  server.maxConnections = maxConnections;
  // Of silence: while an answer is made, and of one that does not read it.
  server.setTimeout(Math.min(timeoutMs + maxRequestMs, maxTimerMs));
  server.listen({ host, port });
  try {
    await once(server, "listening");
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new Error(`cannot serve metrics on ${host}:${port}: ${reason}`, { cause });
  }
  server.on("error", onError);
  const { address, family, port: bound } = server.address() as AddressInfo;
  isLoopback = address === "::1" || address.startsWith("127.");
  return {
    address,
    port: bound,
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${bound}`,
    async close() {
      const closed = server.listening ? once(server, "close") : undefined;
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function createAnswers({
  title,
  refreshMs,
  timeoutMs,
  source,
}: AdminListenerOptions): ReadonlyMap<string, () => Promise<Answer>> {
  const page = createPage();
  const headers = { "content-security-policy": page.contentSecurityPolicy };
  const html = { body: page.html, type: "text/html; charset=utf-8", headers };
  const askReady = shareRuns(timeoutMs, source.isReady);
  const isReady = (): Promise<boolean> => askReady().catch(() => false);
  const readMetrics = shareRuns(timeoutMs, source.metrics);
  const readStatus = shareRuns(
    timeoutMs,
    createStatusReader({ title, refreshMs, isReady, readMetrics: source.metricsAsJson }),
  );

  return new Map<string, () => Promise<Answer>>([
    ["/", async () => html],
    ["/healthz", async () => ({ body: "ok\n" })],
    [
      "/readyz",
      async () => ((await isReady()) ? { body: "ready\n" } : { status: 503, body: "not ready\n" }),
    ],
    ["/metrics", async () => ({ body: await readMetrics(), type: source.contentType })],
    [
      "/status.json",
      async () => ({ body: JSON.stringify(await readStatus()), type: "application/json" }),
    ],
  ]);
}

function send(response: ServerResponse, { status = 200, body, type, headers }: Answer): void {
  response.writeHead(status, {
    "cache-control": "no-store",
    "content-length": Buffer.byteLength(body),
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "content-type": type ?? "text/plain; charset=utf-8",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    ...headers,
  });
  response.end(body);
}

const refusedHost: Answer = {
  status: 421,
  body: "ask for localhost, 127.0.0.1 or [::1]\n",
};

/**
 * Whether a request names this machine. A page from elsewhere could give its own name the address
 * 127.0.0.1, and read what is meant for operators: https://en.wikipedia.org/wiki/DNS_rebinding
 */
function isOwnName(host = ""): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/i.test(host);
}
