import { once } from "node:events";
import { open } from "node:fs/promises";
import { get as getByHttp, type IncomingMessage } from "node:http";
import { get as getByHttps } from "node:https";

/** Reads the text of a JWKS. Rejects if it cannot be read, or is too long. */
export type KeySource = (closing: AbortSignal) => Promise<string>;

export interface JwksUrlOptions {
  readonly timeoutMs: number;
  readonly ca: string | undefined;
  readonly allowInsecureLoopback: boolean;
}

const maxBytes = 256 * 1024;

/**
 * Reads a JWKS by HTTPS: in one request that follows no redirect, within the timeout, and no further
 * than the limit. Throws a RangeError for a URL that keys should not come from.
 */
export function jwksFromUrl(
  jwksUrl: string | URL,
  { timeoutMs, ca, allowInsecureLoopback }: JwksUrlOptions,
): KeySource {
  const url = checkUrl(jwksUrl, allowInsecureLoopback);
  const get = url.protocol === "https:" ? getByHttps : getByHttp;
  const headers = { accept: "application/jwk-set+json, application/json" };
  return async (closing) => {
    const signal = AbortSignal.any([closing, AbortSignal.timeout(timeoutMs)]);
    const request = get(url, { signal, ca, headers, agent: false });
    // It may fail once more after the response has come.
    request.on("error", () => {});
    const [response] = (await once(request, "response", { signal })) as [IncomingMessage];
    try {
      checkResponse(response);
      return await textOf(response);
    } finally {
      request.destroy();
    }
  };
}

/** Reads a JWKS from a file. */
export function jwksFromFile(path: string): KeySource {
  let [modifiedAt, text] = [Number.NaN, ""];
  return async () => {
    const file = await open(path);
    try {
      const { mtimeMs, size } = await file.stat();
      if (mtimeMs !== modifiedAt) {
        if (size > maxBytes) {
          throw new RangeError(`a JWKS may have ${maxBytes} bytes, this file has ${size}`);
        }
        text = await file.readFile("utf8");
        modifiedAt = mtimeMs;
      }
    } finally {
      await file.close();
    }
    return text;
  };
}

function checkUrl(jwksUrl: string | URL, allowInsecureLoopback: boolean): URL {
  const url = URL.parse(String(jwksUrl));
  if (url === null) {
    throw new RangeError("jwksUrl must be a URL");
  }
  const { protocol, hostname, username, password } = url;
  if (username !== "" || password !== "") {
    throw new RangeError(`jwksUrl must have no credentials, got some for ${hostname}`);
  }
  const isLoopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
  if (protocol !== "https:" && !(protocol === "http:" && isLoopback && allowInsecureLoopback)) {
    throw new RangeError(
      `jwksUrl must be https:, or http: to loopback with allowInsecureLoopback, got ${url.origin}`,
    );
  }
  return url;
}

function checkResponse({ statusCode, headers }: IncomingMessage): void {
  if (statusCode !== 200) {
    throw new Error(`a JWKS must come with HTTP status 200, got ${statusCode}`);
  }
  const type = headers["content-type"] ?? "none";
  if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type)) {
    throw new Error(`a JWKS must come as JSON, got ${JSON.stringify(type.slice(0, 64))}`);
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new RangeError(`a JWKS may have ${maxBytes} bytes, this one has more`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
